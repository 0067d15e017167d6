use std::sync::Mutex;

use async_trait::async_trait;
use sightline_domain::AccountId;
use sightline_store::{Changes, Record, SledStore, Store, Transaction};

use super::*;
use crate::description::Description;
use crate::keys;
use crate::records::{self, Owner, Report};

fn device() -> CloudId {
    CloudId::of_public_key(b"a device")
}

fn account(n: u32) -> AccountId {
    format!("0190a000-0000-7000-8000-{n:012x}").parse().unwrap()
}

/// Gives the device to an account, and lets it tell of that zone.
fn owned_in(n: u32, zone: &str) -> Transaction {
    let ownership = records::Ownership {
        epoch: n.into(),
        owner: Some(Owner {
            account: account(n),
            name: "Home".parse().unwrap(),
            claimed_at_unix_ms: 0,
            request_id: String::new(),
        }),
    };
    let mut report = Report {
        epoch: 1,
        seen_at_unix_ms: 0,
        description: Description::default(),
        uplink_bits_per_s: 0,
    };
    report.description.time_zone = zone.into();
    Transaction::new()
        .put(keys::device(device()), &ownership)
        .and_then(|both| both.put(keys::description(device()), &report))
        .unwrap()
}

/// A store in which something happens before what the device told is read.
#[derive(Debug)]
struct Changing {
    store: SledStore,
    next: Mutex<Option<Transaction>>,
}

#[async_trait]
impl Store for Changing {
    async fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        if key == keys::description(device()) {
            let next = self.next.lock().unwrap().take();
            if let Some(next) = next {
                self.store.commit(next).await?;
            }
        }
        self.store.get(key).await
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Record)>, StoreError> {
        self.store.scan(prefix, after, limit).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        self.store.commit(transaction).await
    }

    fn changes(&self, prefix: &[u8]) -> Changes {
        self.store.changes(prefix)
    }
}

#[tokio::test]
async fn zone_of_a_new_owner_is_not_told_with_the_owner_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(&dir.path().join("store")).unwrap();
    store.commit(owned_in(1, "Europe/Berlin")).await.unwrap();
    let records = Records::new(Arc::new(Changing {
        store,
        next: Mutex::new(Some(owned_in(2, "Asia/Tokyo"))),
    }));
    let (_, ownership) = read(&records, device()).await.unwrap();
    assert_eq!(ownership.account_id, account(2).to_string());
    assert_eq!(ownership.time_zone, "Asia/Tokyo");
}
