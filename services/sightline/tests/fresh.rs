//! What a node holds that nobody has used yet.

use sightline::config::Config;
use sightline::node::{Node, Surroundings};
use sightline_store::{SledStore, Store as _};

/// Far more than a fresh node writes.
const RECORDS_MAX: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_install_has_no_account_that_could_sign_in_and_no_session() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("cloud");
    let mut config = Config {
        data_dir: data_dir.clone(),
        ..Config::default()
    };
    let any = ([127, 0, 0, 1], 0).into();
    config.listen.https = any;
    config.listen.devices = any;
    config.listen.metrics = any;
    let node = Node::start(config, Surroundings::default()).await.unwrap();
    node.shutdown().await;
    let store = SledStore::open(&data_dir.join("store")).unwrap();
    let records = store.scan(b"", None, RECORDS_MAX).await.unwrap();
    let keys = records.iter().map(|(key, _)| String::from_utf8_lossy(key));
    assert_eq!(keys.collect::<Vec<_>>(), ["identity/signing-key"]);
}
