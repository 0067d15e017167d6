//! Importing many devices from a file.

use sightline_rpc::registry::v1::import_devices_request::File;
use sightline_rpc::registry::v1::{ImportDevicesRequest, ImportDevicesResponse};

use super::*;

impl Person {
    async fn import(&self, file: File) -> Result<Streaming<ImportDevicesResponse>, Status> {
        let request = self.request(ImportDevicesRequest { file: Some(file) });
        let results = self.client.clone().import_devices(request).await?;
        Ok(results.into_inner())
    }

    /// Line and reason of all results.
    async fn imported(&self, file: File) -> Vec<(u32, String)> {
        let mut results = self.import(file).await.unwrap();
        let mut reasons = Vec::new();
        while let Some(result) = results.message().await.unwrap() {
            assert_eq!(result.reason.is_empty(), result.message.is_empty());
            reasons.push((result.line, result.reason));
        }
        reasons
    }
}

fn csv(lines: &[String]) -> File {
    let heading = "cloud_id;name;verification_code;user_name;password";
    File::Csv(format!("{heading}\n{}", lines.join("\n")))
}

fn with_code(n: u32, code: &str) -> String {
    format!("{};Camera {n};{code};;", cloud_id(n))
}

#[tokio::test]
async fn every_line_has_its_result_in_order_and_a_bad_one_stops_no_other() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    for n in 1..=5 {
        cloud.connect(cloud_id(n)).await;
    }
    bob.claim(cloud_id(3), "Bob's", CODE).await.unwrap();
    ann.claim(cloud_id(4), "Kept", CODE).await.unwrap();
    let file = csv(&[
        with_code(1, CODE),
        "nonsense;Camera;1;;".into(),
        with_code(2, WRONG),
        with_code(3, CODE),
        with_code(4, WRONG),
        "too;few".into(),
        format!("{};Camera 5;;{ADMINISTRATOR};{PASSWORD}", cloud_id(5)),
        with_code(6, CODE),
        format!("{};;{CODE};;", cloud_id(2)),
    ]);
    let expected = [
        "",
        "INVALID_DEVICE_ID",
        "WRONG_VERIFICATION_CODE",
        "DEVICE_OWNED",
        "",
        "INVALID_LINE",
        "",
        "DEVICE_OFFLINE",
        "INVALID_NAME",
    ];
    let expected: Vec<(u32, String)> = (2..).zip(expected.map(str::to_owned)).collect();
    assert_eq!(ann.imported(file).await, expected);
    assert_eq!(ann.names().await, ["Camera 1", "Camera 5", "Kept"]);
}

#[tokio::test]
async fn a_file_that_is_imported_again_succeeds_without_asking_the_devices() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let lines: Vec<String> = (0..30).map(|n| with_code(n, CODE)).collect();
    for n in 0..30 {
        cloud.connect(cloud_id(n)).await;
    }
    for _ in 0..2 {
        let results = ann.imported(csv(&lines)).await;
        assert_eq!(results.len(), 30);
        assert!(results.iter().all(|(_, reason)| reason.is_empty()));
    }
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 30);
}

#[tokio::test]
async fn a_list_in_json_is_imported_too() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    let json = format!(
        r#"[{{"cloud_id": "{}", "name": "Двор", "verification_code": "{CODE}"}}, 7]"#,
        cloud_id(1).compact().to_lowercase()
    );
    let mut results = ann.import(File::Json(json)).await.unwrap();
    let first = results.message().await.unwrap().unwrap();
    let expected = ImportDevicesResponse {
        line: 1,
        device_id: cloud_id(1).to_string(),
        name: "Двор".into(),
        total: 2,
        ..ImportDevicesResponse::default()
    };
    assert_eq!(first, expected);
    let second = results.message().await.unwrap().unwrap();
    assert_eq!((second.line, second.reason.as_str()), (2, "INVALID_LINE"));
}

#[tokio::test]
async fn a_file_that_cannot_be_one_is_refused_before_any_claim() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    let many = vec![with_code(1, CODE); 501];
    for file in [
        File::Csv(with_code(1, CODE)),
        File::Json("{}".into()),
        csv(&many),
        csv(&[]),
    ] {
        let refused = ann.import(file).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        assert_eq!(reason(&refused), "INVALID_FILE");
    }
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn many_devices_that_are_not_connected_do_not_stop_the_lines_after_them() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let lines: Vec<String> = (0..60).map(|n| with_code(n, CODE)).collect();
    for n in 40..60 {
        cloud.connect(cloud_id(n)).await;
    }
    for (line, reason) in ann.imported(csv(&lines)).await {
        // The first line is the heading.
        let expected = if line < 42 { "DEVICE_OFFLINE" } else { "" };
        assert_eq!(reason, expected, "line {line}");
    }
    assert_eq!(ann.names().await.len(), 20);
}

#[tokio::test]
async fn wrong_codes_of_a_file_are_limited_like_any_and_told_per_line() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let lines: Vec<String> = (0..25).map(|n| with_code(n, WRONG)).collect();
    for n in 0..25 {
        cloud.connect(cloud_id(n)).await;
    }
    let results = ann.imported(csv(&lines)).await;
    let count = |reason: &str| results.iter().filter(|(_, r)| r == reason).count();
    assert_eq!(count("WRONG_VERIFICATION_CODE"), 20);
    assert_eq!(count("TOO_MANY_ATTEMPTS"), 5);
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 20);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_does_not_answer_holds_up_no_more_than_its_line() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for n in 1..=4 {
        cloud.connect(cloud_id(n)).await;
    }
    *cloud.edge.mute.lock().unwrap() = Some(cloud_id(1));
    let lines: Vec<String> = (1..=4).map(|n| with_code(n, CODE)).collect();
    let reasons: Vec<String> = ann
        .imported(csv(&lines))
        .await
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    assert_eq!(reasons, ["DEVICE_OFFLINE", "", "", ""]);
}

#[tokio::test]
async fn an_import_ends_with_the_session() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let lines: Vec<String> = (0..400).map(|n| with_code(n, CODE)).collect();
    let mut results = ann.import(csv(&lines)).await.unwrap();
    results.message().await.unwrap().unwrap();
    cloud
        .signer
        .verifier()
        .ended_sessions()
        .end("session 1", START_MS + TOKEN_LIFE_MS, START_MS);
    let mut told = 1;
    let refused = loop {
        match results.message().await {
            Ok(Some(_)) => told += 1,
            Ok(None) => panic!("all {told} lines were claimed"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&refused), "SESSION_ENDED");
    assert!(told < 400);
}
