//! What is written to the log.

use std::io;

use tracing_subscriber::filter::LevelFilter;

use super::by_device::{USER, device};
use super::*;

/// Keeps all lines of all levels.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn secrets_are_not_logged() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let cloud = Cloud::with_device().await;
    let to_register = cloud.code(ANN).await;
    let registered = cloud.register(ANN, PASSWORD, &to_register).await.unwrap();
    let first = registered.tokens.unwrap();
    cloud.sign_in(ANN, "a-wrong-gue55").await.unwrap_err();
    let id = device().to_string();
    cloud.by_device(&id, USER).await.unwrap();
    cloud
        .by_device(&id, ("guard", "wr0ng-here"))
        .await
        .unwrap_err();
    cloud.change(&first, PASSWORD, NEW_PASSWORD).await.unwrap();
    let second = cloud.refresh(&first.refresh_token).await.unwrap();
    let third = cloud.refresh(&second.refresh_token).await.unwrap();
    cloud.refresh(&first.refresh_token).await.unwrap_err();
    let to_reset = cloud.reset_code().await;
    cloud.reset(ANN, &to_reset).await.unwrap();

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for event in ["sign-in refused", "sign-in by device", "used twice"] {
        assert!(log.contains(event), "{event} is not in {log}");
    }
    let secrets_of = |tokens: &Tokens| {
        let parts = tokens.refresh_token.split('.').skip(2);
        let parts = parts.chain([tokens.access_token.as_str()]);
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    let words = [
        PASSWORD,
        NEW_PASSWORD,
        USER.1,
        "a-wrong-gue55",
        "wr0ng-here",
    ];
    let secrets = [to_register, to_reset]
        .into_iter()
        .chain(words.map(str::to_owned))
        .chain(secrets_of(&first))
        .chain(secrets_of(&second))
        .chain(secrets_of(&third));
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in {log}");
    }
}
