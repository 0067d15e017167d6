//! Registering with a code.

use std::time::Duration;

use futures::future::join_all;

use super::*;

#[tokio::test]
async fn registering_with_the_mailed_code_signs_in() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    let spaced = format!(" {} {}", &code[..4], &code[4..]);
    let answer = cloud
        .register(" Bob@Example.org ", PASSWORD, &spaced)
        .await
        .unwrap();
    let account = answer.account.unwrap();
    assert_eq!(
        (account.email.as_str(), account.language()),
        (BOB, Language::Russian)
    );
    let tokens = answer.tokens.unwrap();
    assert_eq!(cloud.account(&tokens.access_token).await.unwrap(), account);
    assert_eq!(
        cloud.sign_in(BOB, PASSWORD).await.unwrap().account,
        Some(account)
    );
}

#[tokio::test]
async fn code_is_good_for_one_account() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    let claims = (0..8).map(|_| cloud.register(BOB, PASSWORD, &code));
    let answers = join_all(claims).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(
        why(cloud.register(BOB, PASSWORD, &code).await),
        "CODE_EXPIRED"
    );
}

#[tokio::test]
async fn code_is_bound_to_its_address() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    cloud.code("eve@example.org").await;
    assert_eq!(
        why(cloud.register("eve@example.org", PASSWORD, &code).await),
        "WRONG_CODE"
    );
    assert_eq!(
        why(cloud.register("dan@example.org", PASSWORD, &code).await),
        "CODE_EXPIRED"
    );
    assert!(cloud.register(BOB, PASSWORD, &code).await.is_ok());
}

#[tokio::test]
async fn code_ends_after_thirty_minutes() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    cloud.clock.advance_ms(30 * MINUTE_MS);
    assert_eq!(
        why(cloud.register(BOB, PASSWORD, &code).await),
        "CODE_EXPIRED"
    );
    let code = cloud.code(BOB).await;
    cloud.clock.advance_ms(30 * MINUTE_MS - 1);
    assert!(cloud.register(BOB, PASSWORD, &code).await.is_ok());
}

#[tokio::test]
async fn next_code_has_to_wait_and_replaces_the_last() {
    let cloud = Cloud::start().await;
    let first = cloud.code(BOB).await;
    cloud.clock.advance_ms(MINUTE_MS - 1);
    assert_eq!(why(cloud.request_code(BOB).await), "TOO_MANY_ATTEMPTS");
    cloud.clock.advance_ms(1);
    let second = cloud.code(BOB).await;
    assert_ne!(first, second);
    assert_eq!(
        why(cloud.register(BOB, PASSWORD, &first).await),
        "WRONG_CODE"
    );
    assert!(cloud.register(BOB, PASSWORD, &second).await.is_ok());
}

#[tokio::test]
async fn a_code_is_sent_while_the_last_one_is_swept_away() {
    let cloud = Cloud::start().await;
    for _ in 0..20 {
        cloud.code(BOB).await;
        cloud.clock.advance_ms(30 * MINUTE_MS);
        let (swept, sent) = tokio::join!(cloud.service.sweep_now(), cloud.request_code(BOB));
        swept.unwrap();
        sent.unwrap();
        cloud.clock.advance_ms(MINUTE_MS);
    }
}

#[tokio::test]
async fn of_requests_at_the_same_time_one_gets_a_code() {
    let cloud = Cloud::start().await;
    let answers = join_all((0..8).map(|_| cloud.request_code(BOB))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(cloud.mailbox.len(), 1);
}

#[tokio::test]
async fn asking_too_soon_costs_nothing_but_the_wait() {
    let cloud = Cloud::start().await;
    cloud.code(BOB).await;
    for _ in 0..100 {
        assert_eq!(why(cloud.request_code(BOB).await), "TOO_MANY_ATTEMPTS");
    }
    cloud.clock.advance_ms(MINUTE_MS);
    assert!(cloud.request_code(BOB).await.is_ok());
}

#[tokio::test]
async fn a_mailbox_is_not_filled_by_strangers() {
    let cloud = Cloud::start().await;
    let mut sent = 0;
    for _ in 0..60 {
        sent += usize::from(cloud.request_code(BOB).await.is_ok());
        cloud.clock.advance_ms(MINUTE_MS);
    }
    assert_eq!(sent, cloud.mailbox.len());
    assert!(sent <= 11, "{sent} mails in an hour");
}

#[tokio::test]
async fn guesses_at_the_same_time_get_five_looks_together() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    let wrong = if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    let answers = join_all((0..40).map(|_| cloud.register(BOB, PASSWORD, wrong))).await;
    let looks = answers.into_iter().filter(|answer| {
        answer
            .as_ref()
            .is_err_and(|status| reason(status) == "WRONG_CODE")
    });
    assert_eq!(looks.count(), 5);
    assert_eq!(
        why(cloud.register(BOB, PASSWORD, &code).await),
        "CODE_EXPIRED"
    );
}

#[tokio::test]
async fn a_code_is_mailed_though_the_client_goes_away() {
    let cloud = Cloud::start().await;
    let closed = cloud.mailbox.gate.write().await;
    let mut issued = cloud.store.changes(b"");
    tokio::select! {
        _ = cloud.request_code(BOB) => panic!("answered before the mail was sent"),
        _ = issued.next() => {}
    }
    drop(closed);
    let mail = tokio::time::timeout(Duration::from_secs(10), cloud.mail(0)).await;
    let code = code_in(&mail.expect("a mail").text).unwrap();
    assert!(cloud.register(BOB, PASSWORD, &code).await.is_ok());
}

#[tokio::test]
async fn an_address_with_an_account_is_answered_like_any_other() {
    let cloud = Cloud::with_ann().await;
    assert_eq!(
        cloud.request_code(ANN).await.unwrap(),
        cloud.request_code(BOB).await.unwrap()
    );
    assert_eq!(
        why(cloud.request_code(ANN).await),
        why(cloud.request_code(BOB).await)
    );
    for _ in 0..5 {
        assert_eq!(
            why(cloud.register(ANN, PASSWORD, "12345678").await),
            "WRONG_CODE"
        );
        assert_eq!(
            why(cloud.register(BOB, PASSWORD, "12345678").await),
            "WRONG_CODE"
        );
    }
    assert_eq!(
        why(cloud.register(ANN, PASSWORD, "12345678").await),
        "CODE_EXPIRED"
    );
    assert_eq!(
        why(cloud.register(BOB, PASSWORD, "12345678").await),
        "CODE_EXPIRED"
    );
}

#[tokio::test]
async fn only_the_mailbox_is_told_that_an_account_exists() {
    let cloud = Cloud::with_ann().await;
    cloud.request_code(ANN).await.unwrap();
    let mail = cloud.last_mail();
    assert_eq!((mail.to.as_str(), code_in(&mail.text)), (ANN, None));
    assert!(mail.text.contains("уже есть учётная запись"));
}

#[tokio::test]
async fn a_weak_password_costs_no_attempt() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    for _ in 0..6 {
        let refused = cloud.register(BOB, "Password1!", &code).await;
        assert_eq!(why(refused), "WEAK_PASSWORD");
    }
    assert!(cloud.register(BOB, PASSWORD, &code).await.is_ok());
}

#[tokio::test]
async fn codes_that_nobody_used_are_deleted() {
    let cloud = Cloud::start().await;
    cloud.code(BOB).await;
    cloud.clock.advance_ms(29 * MINUTE_MS);
    cloud.service.sweep_now().await.unwrap();
    assert!(cloud.stored().await.contains(BOB));
    cloud.clock.advance_ms(MINUTE_MS);
    cloud.service.sweep_now().await.unwrap();
    assert!(!cloud.stored().await.contains(BOB));
}
