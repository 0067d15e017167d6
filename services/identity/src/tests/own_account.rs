//! What an account does with itself, and what other nodes ask about it.

use std::time::Duration;

use futures::future::join_all;
use sightline_rpc::identity::v1::{
    ChangePasswordRequest, ListSessionsRequest, RevokeSessionRequest, Session,
};
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::accounts_server::AccountsServer;
use sightline_rpc::internal::v1::notify_request::Notice;
use sightline_rpc::internal::v1::{GetEmailRequest, NotifyRequest, UnbindNotice};
use tonic_types::StatusExt as _;

use super::*;

impl Cloud {
    pub(super) async fn change(
        &self,
        tokens: &Tokens,
        current: &str,
        new: &str,
    ) -> Result<(), Status> {
        let request = ChangePasswordRequest {
            current_password: current.into(),
            new_password: new.into(),
        };
        let request = signed_in(&tokens.access_token, request);
        self.client().change_password(request).await.map(drop)
    }

    async fn list(&self, tokens: &Tokens) -> Vec<Session> {
        let request = signed_in(&tokens.access_token, ListSessionsRequest {});
        let answer = self.client().list_sessions(request).await.unwrap();
        answer.into_inner().sessions
    }

    async fn revoke(&self, tokens: &Tokens, session_id: &str) -> Result<(), Status> {
        let request = RevokeSessionRequest {
            session_id: session_id.into(),
        };
        let request = signed_in(&tokens.access_token, request);
        self.client().revoke_session(request).await.map(drop)
    }

    fn accounts(&self) -> AccountsClient<Channel> {
        AccountsClient::new(local(AccountsServer::new(self.service.clone())))
    }
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    let cloud = Cloud::with_ann().await;
    let (mine, other) = (cloud.ann_signed_in().await, cloud.ann_signed_in().await);
    cloud.change(&mine, PASSWORD, NEW_PASSWORD).await.unwrap();
    cloud.assert_ended(&other).await;
    assert!(cloud.account(&mine.access_token).await.is_ok());
    assert!(cloud.refresh(&mine.refresh_token).await.is_ok());
    assert_eq!(why(cloud.sign_in(ANN, PASSWORD).await), "WRONG_CREDENTIALS");
    assert!(cloud.sign_in(ANN, NEW_PASSWORD).await.is_ok());
    assert_eq!(
        cloud.mail(0).await.subject,
        "Your Sightline password was changed"
    );
}

#[tokio::test]
async fn a_change_of_the_password_is_answered_before_its_mail_is_sent() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let closed = cloud.mailbox.gate.write().await;
    let change = cloud.change(&tokens, PASSWORD, NEW_PASSWORD);
    let changed = tokio::time::timeout(Duration::from_secs(10), change).await;
    changed.expect("an answer").unwrap();
    drop(closed);
    assert_eq!(cloud.mail(0).await.to.as_str(), ANN);
}

#[tokio::test]
async fn changing_the_password_needs_the_current_one_and_has_few_attempts() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    for _ in 0..5 {
        let guess = cloud.change(&tokens, "a-wrong-gue55", NEW_PASSWORD).await;
        assert_eq!(why(guess), "WRONG_PASSWORD");
    }
    let stopped = cloud.change(&tokens, PASSWORD, NEW_PASSWORD).await;
    let stopped = stopped.unwrap_err();
    assert_eq!(reason(&stopped), "TOO_MANY_ATTEMPTS");
    let wait = stopped.get_details_retry_info().unwrap().retry_delay;
    assert_eq!(wait, Some(Duration::from_secs(15 * 60)));
    assert!(cloud.sign_in(ANN, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_weak_new_password_is_refused_by_its_field() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let refused = cloud.change(&tokens, PASSWORD, "12345678").await;
    let refused = refused.unwrap_err();
    let fields = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "new_password");
}

#[tokio::test]
async fn of_two_changes_at_once_one_counts() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let passwords = ["first-Ch0ice", "second-Ch0ice"];
    let changes = join_all(passwords.map(|new| cloud.change(&tokens, PASSWORD, new))).await;
    assert_eq!(changes.iter().filter(|change| change.is_ok()).count(), 1);
    for (new, change) in passwords.iter().zip(changes) {
        assert_eq!(cloud.sign_in(ANN, new).await.is_ok(), change.is_ok());
    }
}

#[tokio::test]
async fn sessions_are_listed_with_program_and_address_the_one_used_last_first() {
    let cloud = Cloud::with_ann().await;
    let first = cloud.ann_signed_in().await;
    cloud.clock.advance_ms(1000);
    let request = SignInRequest {
        email: ANN.into(),
        password: PASSWORD.into(),
        remember_me: true,
    };
    let mut request = from("2001:db8::7", request);
    let metadata = request.metadata_mut();
    let program = format!("Mozilla/5.0\t{}", "x".repeat(300));
    metadata.insert("x-user-agent", program.parse().unwrap());
    let second = cloud.client().sign_in(request).await.unwrap().into_inner();
    let sessions = cloud.list(&first).await;
    assert_eq!(sessions.len(), 2);
    let (newest, mine) = (&sessions[0], &sessions[1]);
    assert!(mine.current && !newest.current);
    assert_eq!(
        (newest.address.as_str(), mine.address.as_str()),
        ("2001:db8::7", HOME)
    );
    assert!(newest.user_agent.starts_with("Mozilla/5.0xxx"));
    assert_eq!(newest.user_agent.len(), 200);
    assert_eq!(newest.created_at_unix_ms, START_MS + 1000);
    assert_eq!(newest.expires_at_unix_ms, START_MS + 1000 + 30 * DAY_MS);
    cloud.clock.advance_ms(1000);
    let first = cloud.refresh(&first.refresh_token).await.unwrap();
    let sessions = cloud.list(&first).await;
    assert!(sessions[0].current);
    assert_eq!(sessions[0].last_used_at_unix_ms, START_MS + 2000);
    assert_eq!(cloud.list(&second.tokens.unwrap()).await.len(), 2);
}

#[tokio::test]
async fn a_revoked_session_ends_at_once() {
    let cloud = Cloud::with_ann().await;
    let (mine, other) = (cloud.ann_signed_in().await, cloud.ann_signed_in().await);
    let sessions = cloud.list(&mine).await;
    let id = &sessions.iter().find(|session| !session.current).unwrap().id;
    cloud.revoke(&mine, id).await.unwrap();
    cloud.assert_ended(&other).await;
    assert_eq!(cloud.list(&mine).await.len(), 1);
    assert_eq!(why(cloud.revoke(&mine, id).await), "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn a_session_of_somebody_else_is_as_unknown_as_one_that_does_not_exist() {
    let cloud = Cloud::with_ann().await;
    cloud.service.create_account(BOB, PASSWORD).await.unwrap();
    let ann = cloud.ann_signed_in().await;
    let bob = cloud.sign_in(BOB, PASSWORD).await.unwrap().tokens.unwrap();
    let foreign = cloud.list(&bob).await[0].id.clone();
    let missing = "b0e7b8c2-3c54-4b56-9f4e-000000000000";
    let mut answers = Vec::new();
    for id in [&foreign, missing, "", "../x", &"x".repeat(5000)] {
        let refused = cloud.revoke(&ann, id).await.unwrap_err();
        answers.push((
            refused.code(),
            refused.message().to_owned(),
            refused.details().to_vec(),
        ));
    }
    assert_eq!(answers[0].0, tonic::Code::NotFound);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(cloud.account(&bob.access_token).await.is_ok());
}

#[tokio::test]
async fn another_node_learns_the_address_of_an_account() {
    let cloud = Cloud::with_ann().await;
    let ann = cloud.sign_in(ANN, PASSWORD).await.unwrap().account.unwrap();
    let ask = |id: &str| {
        let request = GetEmailRequest {
            account_id: id.into(),
        };
        let mut accounts = cloud.accounts();
        async move { accounts.get_email(request).await }
    };
    assert_eq!(ask(&ann.id).await.unwrap().into_inner().email, ANN);
    let nobody = "0190a000-0000-7000-8000-000000000001";
    assert_eq!(why(ask(nobody).await), "ACCOUNT_NOT_FOUND");
    assert_eq!(why(ask("").await), "ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn an_unbinding_is_mailed_in_the_language_of_the_account() {
    let cloud = Cloud::start().await;
    let code = cloud.code(BOB).await;
    let bob = cloud.register(BOB, PASSWORD, &code).await.unwrap();
    let notice = UnbindNotice {
        device_name: "Ворота".into(),
        device_id: "AAAA-BBBB".into(),
        reason: "продано".into(),
        due_at_unix_ms: START_MS,
        done: false,
    };
    let mut request = NotifyRequest {
        account_id: bob.account.unwrap().id,
        notice: Some(Notice::Unbind(notice)),
    };
    cloud.accounts().notify(request.clone()).await.unwrap();
    let mail = cloud.last_mail();
    assert_eq!(mail.to.as_str(), BOB);
    assert!(mail.subject.contains("будет удалено"));
    for words in ["Ворота", "AAAA-BBBB", "продано", "2027-01-15 08:00 UTC"] {
        assert!(mail.text.contains(words), "{}", mail.text);
    }
    request.notice = None;
    let about_nothing = cloud.accounts().notify(request).await;
    assert_eq!(why(about_nothing), "INVALID_NOTICE");
}
