//! The operator's unbind.

use std::time::Duration;

use sightline_rpc::internal::v1::notify_request::Notice;
use sightline_rpc::registry::v1::watch_devices_response::Event;

use super::watching::{next, next_list, told};
use super::*;
use crate::{AuditAction, PendingUnbind, UnbindError};

const REASON: &str = "the owner has died; request 4711";
const THREE_DAYS: Duration = Duration::from_secs(72 * 60 * 60);
const THREE_DAYS_MS: i64 = 72 * 60 * MINUTE_MS;

impl Cloud {
    async fn request_unbind(&self, n: u32) -> Result<PendingUnbind, UnbindError> {
        let device = cloud_id(n);
        let service = &self.service;
        service
            .request_unbind(device, REASON, "olga", THREE_DAYS)
            .await
    }

    /// Of the audit, oldest first.
    async fn actions(&self) -> Vec<AuditAction> {
        let entries = self.service.audit(100).await.unwrap();
        entries
            .into_iter()
            .rev()
            .map(|entry| entry.action)
            .collect()
    }

    async fn actions_in_store(&self) -> usize {
        let audit = crate::keys::audit_prefix();
        self.store.scan(&audit, None, 100).await.unwrap().len()
    }

    /// Waits for so many mails, and tells to whom, and whether it has happened.
    async fn mails(&self, count: usize) -> Vec<(String, bool)> {
        let mut mails = self.mail.sent.subscribe();
        let mails = mails.wait_for(|mails| mails.len() >= count).await.unwrap();
        let mail = |mail: &sightline_rpc::internal::v1::NotifyRequest| {
            let Some(Notice::Unbind(notice)) = &mail.notice else {
                panic!("{mail:?}");
            };
            assert_eq!(
                (notice.device_name.as_str(), notice.reason.as_str()),
                ("Home", REASON)
            );
            (mail.account_id.clone(), notice.done)
        };
        mails.iter().map(mail).collect()
    }

    /// Waits until nothing is pending.
    async fn no_unbinds(&self) {
        let mut changes = self.store.changes(&crate::keys::unbind_prefix());
        while !self.service.pending_unbinds().await.unwrap().is_empty() {
            changes.next().await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_owner_is_told_by_mail_and_in_the_list_that_is_open() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.owned(cloud_id(1), &ann, "Home").await;
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    let pending = cloud.request_unbind(1).await.unwrap();
    assert_eq!(pending.due_at_unix_ms, START_MS + THREE_DAYS_MS);
    let device = told(&mut watch, |device| device.pending_unbind.is_some()).await;
    let shown = device.pending_unbind.unwrap();
    assert_eq!(
        (shown.reason.as_str(), shown.due_at_unix_ms),
        (REASON, pending.due_at_unix_ms)
    );
    assert_eq!(cloud.mails(1).await, [(ann.account.to_string(), false)]);
    let listed = cloud.service.pending_unbinds().await.unwrap();
    assert_eq!((listed.len(), listed[0].device), (1, pending.device));
}

#[tokio::test]
async fn a_guest_does_not_see_that_a_device_is_to_be_unbound() {
    let cloud = Cloud::start().await;
    let (ann, guest) = (cloud.person(1), cloud.person(2));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    cloud.sharing.share(cloud_id(1), &guest.account, live());
    cloud.request_unbind(1).await.unwrap();
    let seen = guest.device(cloud_id(1)).await.unwrap();
    assert_eq!(seen.pending_unbind, None);
}

#[tokio::test(start_paused = true)]
async fn a_device_is_unbound_when_it_is_due_and_not_before() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    cloud.request_unbind(1).await.unwrap();
    cloud.clock.advance_ms(THREE_DAYS_MS - 1000);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(ann.device(cloud_id(1)).await.unwrap().name, "Home");
    assert_eq!(cloud.actions().await, [AuditAction::UnbindRequested]);
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    cloud.clock.advance_ms(1000);
    loop {
        if let Event::RemovedId(id) = next(&mut watch).await {
            break assert_eq!(id, cloud_id(1).to_string());
        }
    }
    let mut ended = cloud.sharing.ended.subscribe();
    let ended = ended.wait_for(|ended| !ended.is_empty()).await.unwrap();
    assert_eq!(ended[0].epoch, 1);
    let to_ann = |done| (ann.account.to_string(), done);
    assert_eq!(cloud.mails(2).await, [to_ann(false), to_ann(true)]);
    let expected = [AuditAction::UnbindRequested, AuditAction::Unbound];
    assert_eq!(cloud.actions().await, expected);
    bob.claim(cloud_id(1), "Mine", CODE).await.unwrap();
    let key = sightline_store::key!("registry", "device", cloud_id(1).compact());
    let record = cloud.store.get(&key).await.unwrap().unwrap();
    assert_eq!(record.json::<crate::records::Ownership>().unwrap().epoch, 3);
}

#[tokio::test]
async fn without_delay_a_device_is_unbound_at_once() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.owned(cloud_id(1), &ann, "Home").await;
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    let service = &cloud.service;
    let unbind = service.request_unbind(cloud_id(1), REASON, "olga", Duration::ZERO);
    unbind.await.unwrap();
    while !matches!(next(&mut watch).await, Event::RemovedId(_)) {}
    assert!(ann.names().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_owner_who_cannot_be_told_keeps_the_device_for_a_day_more_and_the_audit_says_so() {
    let cloud = Cloud::start().await;
    cloud.owned(cloud_id(1), &cloud.person(1), "Home").await;
    cloud.mail.down.store(true, Ordering::SeqCst);
    cloud.request_unbind(1).await.unwrap();
    cloud
        .clock
        .advance_ms(THREE_DAYS_MS + 24 * 60 * MINUTE_MS - 1);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(cloud.actions().await, [AuditAction::UnbindRequested]);
    cloud.clock.advance_ms(1);
    cloud.no_unbinds().await;
    let expected = [AuditAction::UnbindRequested, AuditAction::UnboundUntold];
    assert_eq!(cloud.actions().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_was_not_sent_is_sent_after_a_restart_before_the_unbind() {
    let mut cloud = Cloud::start().await;
    let ann = cloud.person(1).account;
    cloud.owned(cloud_id(1), &cloud.person(1), "Home").await;
    cloud.mail.down.store(true, Ordering::SeqCst);
    cloud.request_unbind(1).await.unwrap();
    // From here on nothing runs on this store.
    cloud.service = Cloud::start().await.service;
    cloud.clock.advance_ms(THREE_DAYS_MS);
    cloud.mail.down.store(false, Ordering::SeqCst);
    cloud.service = Service::start(&Config::default(), cloud.parts.clone());
    let to_ann = |done| (ann.to_string(), done);
    assert_eq!(cloud.mails(2).await, [to_ann(false), to_ann(true)]);
    let expected = [AuditAction::UnbindRequested, AuditAction::Unbound];
    assert_eq!(cloud.actions().await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_became_due_while_the_service_was_down_is_done_when_it_starts() {
    let mut cloud = Cloud::start().await;
    cloud.owned(cloud_id(1), &cloud.person(1), "Home").await;
    cloud.request_unbind(1).await.unwrap();
    cloud.mails(1).await;
    // From here on nothing runs on this store.
    let elsewhere = Cloud::start().await;
    cloud.service = elsewhere.service.clone();
    cloud.clock.advance_ms(THREE_DAYS_MS);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(cloud.actions_in_store().await, 1);
    cloud.service = Service::start(&Config::default(), cloud.parts.clone());
    cloud.no_unbinds().await;
    let expected = [AuditAction::UnbindRequested, AuditAction::Unbound];
    assert_eq!(cloud.actions().await, expected);
}

#[tokio::test]
async fn a_cancelled_unbind_is_gone_for_the_owner_and_stays_in_the_audit() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.owned(cloud_id(1), &ann, "Home").await;
    cloud.request_unbind(1).await.unwrap();
    let mut watch = ann.watch().await.unwrap();
    assert!(next_list(&mut watch).await[0].pending_unbind.is_some());
    cloud
        .service
        .cancel_unbind(cloud_id(1), "oleg")
        .await
        .unwrap();
    told(&mut watch, |device| device.pending_unbind.is_none()).await;
    let again = cloud.service.cancel_unbind(cloud_id(1), "oleg").await;
    assert!(matches!(again, Err(UnbindError::NotPending)));
    let entries = cloud.service.audit(1).await.unwrap();
    assert_eq!(entries.len(), 1);
    let newest = &entries[0];
    assert_eq!(newest.action, AuditAction::UnbindCancelled);
    assert_eq!(
        (newest.by.as_str(), newest.reason.as_str()),
        ("oleg", REASON)
    );
    assert_eq!(
        (newest.device, &newest.account),
        (cloud_id(1), &ann.account)
    );
    assert_eq!(cloud.actions().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_owner_voids_an_unbind() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    cloud.request_unbind(1).await.unwrap();
    ann.delete(cloud_id(1)).await.unwrap();
    let device = bob.claim(cloud_id(1), "Mine", CODE).await.unwrap();
    assert_eq!(device.pending_unbind, None);
    cloud.clock.advance_ms(THREE_DAYS_MS);
    cloud.no_unbinds().await;
    assert_eq!(bob.names().await, ["Mine"]);
    let expected = [AuditAction::UnbindRequested, AuditAction::UnbindVoid];
    assert_eq!(cloud.actions().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_void_unbind_does_not_keep_the_next_owner_from_being_told_of_another() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    let of_ann = cloud.request_unbind(1).await.unwrap();
    ann.delete(cloud_id(1)).await.unwrap();
    bob.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let of_bob = cloud.request_unbind(1).await.unwrap();
    assert!(of_bob.ownership_epoch > of_ann.ownership_epoch);
    let pending = cloud.service.pending_unbinds().await.unwrap();
    let epochs: Vec<_> = pending.iter().map(|one| one.ownership_epoch).collect();
    assert_eq!(epochs, [of_bob.ownership_epoch]);
}

#[tokio::test]
async fn an_unbind_needs_an_owner_a_reason_a_name_and_a_bounded_delay() {
    let cloud = Cloud::start().await;
    let refused = cloud.request_unbind(1).await;
    assert!(matches!(refused, Err(UnbindError::NotOwned)));
    cloud.owned(cloud_id(1), &cloud.person(1), "Home").await;
    let ask = |reason: &'static str, by: &'static str, days: u64| {
        let delay = Duration::from_secs(days * 24 * 60 * 60);
        cloud.service.request_unbind(cloud_id(1), reason, by, delay)
    };
    let long: &'static str = "x".repeat(501).leak();
    for reason in ["", "lost", "  lost  ", "line\nbreak", long] {
        let refused = ask(reason, "olga", 3).await;
        assert!(matches!(refused, Err(UnbindError::Reason)), "{reason}");
    }
    assert!(matches!(ask(REASON, " ", 3).await, Err(UnbindError::By)));
    assert!(matches!(
        ask(REASON, "olga", 31).await,
        Err(UnbindError::Delay)
    ));
    assert!(ask(REASON, "olga", 30).await.is_ok());
    let again = ask(REASON, "olga", 3).await;
    assert!(matches!(again, Err(UnbindError::AlreadyPending)));
    assert_eq!(cloud.actions().await, [AuditAction::UnbindRequested]);
}
