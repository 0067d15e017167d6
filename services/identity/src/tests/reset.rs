//! A new password by a code.

use futures::future::{FutureExt as _, join, join_all};

use super::*;

const RESET: CodePurpose = CodePurpose::ResetPassword;

impl Cloud {
    pub(super) async fn reset_code(&self) -> String {
        self.request_code_for(RESET, ANN).await.unwrap();
        code_in(&self.last_mail().text).unwrap()
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_the_old_password() {
    let cloud = Cloud::with_ann().await;
    let (one, other) = (cloud.ann_signed_in().await, cloud.ann_signed_in().await);
    let code = cloud.reset_code().await;
    cloud.reset(ANN, &code).await.unwrap();
    cloud.assert_ended(&one).await;
    cloud.assert_ended(&other).await;
    assert_eq!(why(cloud.sign_in(ANN, PASSWORD).await), "WRONG_CREDENTIALS");
    assert!(cloud.sign_in(ANN, NEW_PASSWORD).await.is_ok());
    assert_eq!(why(cloud.reset(ANN, &code).await), "CODE_EXPIRED");
}

#[tokio::test]
async fn a_new_password_is_told_to_the_mailbox_in_the_language_of_the_account() {
    let cloud = Cloud::with_ann().await;
    let code = cloud.reset_code().await;
    cloud.reset(ANN, &code).await.unwrap();
    let notice = cloud.mail(1).await;
    assert_eq!(notice.to.as_str(), ANN);
    assert_eq!(notice.subject, "Your Sightline password was changed");
    assert!(notice.text.contains(HOME), "{}", notice.text);
}

#[tokio::test]
async fn strangers_who_guess_a_code_do_not_spoil_it_for_its_owner() {
    let cloud = Cloud::with_ann().await;
    let code = cloud.reset_code().await;
    for place in 0..20 {
        // All of one stranger's networks are one.
        let from = format!("2001:db8:7:{place:x}::1");
        let expected = if place < 5 {
            "WRONG_CODE"
        } else {
            "CODE_EXPIRED"
        };
        let guess = cloud.reset_from(&from, ANN, "wrong").await;
        assert_eq!(why(guess), expected);
    }
    assert!(cloud.reset(ANN, &code).await.is_ok());
}

#[tokio::test]
async fn a_code_is_dead_after_fifty_guesses_from_many_networks() {
    let cloud = Cloud::with_ann().await;
    let code = cloud.reset_code().await;
    for stranger in 0..10 {
        for _ in 0..5 {
            let from = format!("198.51.100.{stranger}");
            let guess = cloud.reset_from(&from, ANN, "wrong").await;
            assert_eq!(why(guess), "WRONG_CODE");
        }
    }
    assert_eq!(why(cloud.reset(ANN, &code).await), "CODE_EXPIRED");
}

#[tokio::test]
async fn one_place_cannot_try_codes_of_many_addresses() {
    let cloud = Cloud::with_ann().await;
    for n in 0..20 {
        let guess = cloud
            .reset(&format!("user{n}@example.org"), "12345678")
            .await;
        assert_eq!(why(guess), "CODE_EXPIRED");
    }
    assert_eq!(why(cloud.reset(ANN, "12345678").await), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn codes_to_register_take_nothing_from_those_to_reset() {
    let cloud = Cloud::with_ann().await;
    for _ in 0..5 {
        cloud.request_code(ANN).await.unwrap();
        cloud.clock.advance_ms(MINUTE_MS);
    }
    assert_eq!(why(cloud.request_code(ANN).await), "TOO_MANY_ATTEMPTS");
    cloud.reset_code().await;
}

#[tokio::test]
async fn sign_ins_during_a_reset_leave_no_session_of_the_old_password() {
    let cloud = Cloud::with_ann().await;
    let code = cloud.reset_code().await;
    let sign_ins = join_all((0..4).map(|_| cloud.sign_in(ANN, PASSWORD)));
    let (sign_ins, reset) = join(sign_ins, cloud.reset(ANN, &code)).await;
    reset.unwrap();
    for tokens in sign_ins.into_iter().filter_map(Result::ok) {
        cloud.assert_ended(&tokens.tokens.unwrap()).await;
    }
}

#[tokio::test]
async fn code_of_one_purpose_does_not_fit_the_other() {
    let cloud = Cloud::with_ann().await;
    let to_register = cloud.code(BOB).await;
    assert_eq!(why(cloud.reset(BOB, &to_register).await), "CODE_EXPIRED");
    let to_reset = cloud.reset_code().await;
    let register = cloud.register(ANN, PASSWORD, &to_reset).await;
    assert_eq!(why(register), "CODE_EXPIRED");
    assert!(cloud.register(BOB, PASSWORD, &to_register).await.is_ok());
    assert!(cloud.reset(ANN, &to_reset).await.is_ok());
}

#[tokio::test]
async fn an_address_without_an_account_is_answered_like_any_other() {
    let cloud = Cloud::with_ann().await;
    let mut answers = Vec::new();
    for email in [ANN, BOB] {
        let mut writes = cloud.store.changes(b"");
        let before = (cloud.service.passwords_computed(), cloud.mailbox.len());
        let asked = cloud.request_code_for(RESET, email).await.unwrap();
        let again = cloud.request_code_for(RESET, email).await;
        let mut refusals = vec![why(again)];
        for _ in 0..6 {
            refusals.push(why(cloud.reset(email, "12345678").await));
        }
        let mut written = 0;
        while let Some(Ok(_)) = writes.next().now_or_never() {
            written += 1;
        }
        answers.push((
            asked,
            refusals,
            written,
            cloud.service.passwords_computed() - before.0,
            cloud.mailbox.len() - before.1,
        ));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].1[6], "CODE_EXPIRED", "five looks");
    assert_eq!(answers[0].2, 6, "the code and five looks");
}

#[tokio::test]
async fn only_the_mailbox_is_told_that_there_is_no_account() {
    let cloud = Cloud::with_ann().await;
    cloud.request_code_for(RESET, BOB).await.unwrap();
    let mail = cloud.last_mail();
    assert_eq!((mail.to.as_str(), code_in(&mail.text)), (BOB, None));
    assert!(mail.text.contains("Учётной записи с этим адресом нет"));
}

#[tokio::test]
async fn a_reset_lets_the_owner_in_past_strangers_who_guess() {
    let cloud = Cloud::with_ann().await;
    for stranger in 0..10 {
        let from = format!("198.51.100.{stranger}");
        let guess = cloud.sign_in_from(&from, ANN, "a-wrong-gue55").await;
        assert_eq!(why(guess), "WRONG_CREDENTIALS");
    }
    assert_eq!(why(cloud.sign_in(ANN, PASSWORD).await), "TOO_MANY_ATTEMPTS");
    let code = cloud.reset_code().await;
    cloud.reset(ANN, &code).await.unwrap();
    assert!(cloud.sign_in(ANN, NEW_PASSWORD).await.is_ok());
}
