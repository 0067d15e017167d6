//! Sessions and refresh tokens.

use futures::future::{FutureExt as _, join_all};

use super::*;

#[tokio::test]
async fn refresh_gives_new_tokens_of_the_same_session() {
    let cloud = Cloud::with_ann().await;
    let first = cloud.ann_signed_in().await;
    cloud.clock.advance_ms(15 * MINUTE_MS);
    let second = cloud.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(
        cloud.account(&second.access_token).await.unwrap().email,
        ANN
    );
    let session = |tokens: &Tokens, at| {
        let caller = cloud
            .service
            .verifier()
            .authenticate(&tokens.access_token, at)
            .unwrap();
        caller.session().to_owned()
    };
    assert_eq!(session(&first, START_MS), session(&second, START_MS));
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_its_session_and_no_other() {
    let cloud = Cloud::with_ann().await;
    let other = cloud.ann_signed_in().await;
    let first = cloud.ann_signed_in().await;
    let second = cloud.refresh(&first.refresh_token).await.unwrap();
    let third = cloud.refresh(&second.refresh_token).await.unwrap();
    assert_eq!(
        why(cloud.refresh(&first.refresh_token).await),
        "SESSION_ENDED"
    );
    cloud.assert_ended(&third).await;
    assert!(cloud.refresh(&other.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_may_be_repeated() {
    let cloud = Cloud::with_ann().await;
    let first = cloud.ann_signed_in().await;
    for _ in 0..3 {
        cloud.refresh(&first.refresh_token).await.unwrap();
    }
    let heard = cloud.refresh(&first.refresh_token).await.unwrap();
    let next = cloud.refresh(&heard.refresh_token).await.unwrap();
    // Now the client has shown that it heard the answer.
    assert_eq!(
        why(cloud.refresh(&first.refresh_token).await),
        "SESSION_ENDED"
    );
    cloud.assert_ended(&next).await;
}

#[tokio::test]
async fn the_successor_that_a_repeated_refresh_replaced_ends_the_session() {
    let cloud = Cloud::with_ann().await;
    let first = cloud.ann_signed_in().await;
    let [thief, owner] = [
        cloud.refresh(&first.refresh_token).await.unwrap(),
        cloud.refresh(&first.refresh_token).await.unwrap(),
    ];
    assert_eq!(
        why(cloud.refresh(&thief.refresh_token).await),
        "SESSION_ENDED"
    );
    cloud.assert_ended(&owner).await;
}

#[tokio::test]
async fn copies_of_a_refresh_token_used_at_once_end_the_session_when_two_go_on() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let answers = join_all((0..8).map(|_| cloud.refresh(&tokens.refresh_token))).await;
    let mut copies = answers.into_iter().filter_map(Result::ok);
    let [one, other] = [copies.next().unwrap(), copies.next().unwrap()];
    let gone_on = [
        cloud.refresh(&one.refresh_token).await,
        cloud.refresh(&other.refresh_token).await,
    ];
    assert!(gone_on.iter().any(Result::is_err));
    cloud.assert_ended(&tokens).await;
}

#[tokio::test]
async fn an_invented_token_does_not_end_a_session() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let parts: Vec<&str> = tokens.refresh_token.split('.').collect();
    // The account and the session are in every access token, and so are no secret.
    let invented = [parts[0], parts[1], "x", parts[3]].join(".");
    assert_eq!(why(cloud.refresh(&invented).await), "SESSION_ENDED");
    cloud.sign_out(&invented).await.unwrap();
    for garbage in ["", ".", "....", "a.b.c.d", &"x.".repeat(1000)] {
        assert_eq!(why(cloud.refresh(garbage).await), "SESSION_ENDED");
        cloud.sign_out(garbage).await.unwrap();
    }
    assert!(cloud.refresh(&tokens.refresh_token).await.is_ok());
}

async fn lives_after_its_last_use(remember_me: bool, life_ms: i64) {
    let cloud = Cloud::with_ann().await;
    let request = SignInRequest {
        email: ANN.into(),
        password: PASSWORD.into(),
        remember_me,
    };
    let answer = cloud.client().sign_in(request).await.unwrap().into_inner();
    let mut tokens = answer.tokens.unwrap();
    for _ in 0..3 {
        cloud.clock.advance_ms(life_ms - 1);
        tokens = cloud.refresh(&tokens.refresh_token).await.unwrap();
    }
    cloud.clock.advance_ms(life_ms);
    assert_eq!(
        why(cloud.refresh(&tokens.refresh_token).await),
        "SESSION_ENDED"
    );
    assert!(cloud.stored().await.contains("identity/session"));
    cloud.service.sweep_now().await.unwrap();
    assert!(!cloud.stored().await.contains("identity/session"));
}

#[tokio::test]
async fn a_remembered_session_lives_for_thirty_days_after_its_last_use() {
    lives_after_its_last_use(true, 30 * DAY_MS).await;
}

#[tokio::test]
async fn any_other_session_lives_for_twelve_hours_after_its_last_use() {
    lives_after_its_last_use(false, 12 * HOUR_MS).await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_may_be_repeated() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    cloud.sign_out(&tokens.refresh_token).await.unwrap();
    cloud.assert_ended(&tokens).await;
    cloud.sign_out(&tokens.refresh_token).await.unwrap();
}

#[tokio::test]
async fn signing_out_is_told_although_the_client_goes_away() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let mut ended = cloud.service.verifier().ended_sessions().listen();
    // Looks at the request once, and drops it in the middle of the commit.
    let cut = cloud.sign_out(&tokens.refresh_token).now_or_never();
    assert!(cut.is_none());
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), ended.recv());
    assert!(told.await.unwrap().is_ok());
    cloud.assert_ended(&tokens).await;
}

#[tokio::test]
async fn an_ended_session_stays_ended_after_a_restart_until_its_last_token_has_expired() {
    let mut cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    cloud.sign_out(&tokens.refresh_token).await.unwrap();
    cloud.restart().await;
    cloud.assert_ended(&tokens).await;
    cloud.clock.advance_ms(15 * MINUTE_MS);
    cloud.service.sweep_now().await.unwrap();
    assert_eq!(
        why(cloud.account(&tokens.access_token).await),
        "TOKEN_EXPIRED"
    );
    cloud.clock.advance_ms(MINUTE_MS);
    cloud.service.sweep_now().await.unwrap();
    assert!(!cloud.stored().await.contains("identity/ended"));
}

#[tokio::test]
async fn records_that_have_ended_are_deleted_together() {
    let cloud = Cloud::start().await;
    for n in 0..60 {
        cloud
            .request_code(&format!("user{n}@example.org"))
            .await
            .unwrap();
    }
    cloud.clock.advance_ms(30 * MINUTE_MS);
    let mut deletions = cloud.store.changes(b"");
    cloud.service.sweep_now().await.unwrap();
    let mut commits = Vec::new();
    while let Some(Ok(change)) = deletions.next().now_or_never() {
        commits.push(change.revision);
    }
    assert_eq!(commits.len(), 60);
    commits.dedup();
    assert_eq!(commits.len(), 1);
}

#[tokio::test]
async fn the_session_not_used_for_longest_makes_way_for_a_new_one() {
    let cloud = Cloud::with_ann().await;
    let first = cloud.ann_signed_in().await;
    cloud.clock.advance_ms(1);
    let second = cloud.ann_signed_in().await;
    cloud.clock.advance_ms(1);
    let first = cloud.refresh(&first.refresh_token).await.unwrap();
    for _ in 0..49 {
        cloud.clock.advance_ms(1);
        cloud.ann_signed_in().await;
    }
    cloud.assert_ended(&second).await;
    assert!(cloud.refresh(&first.refresh_token).await.is_ok());
}
