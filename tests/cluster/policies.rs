//! Every method of every public service, called as everybody: nobody gets in who should not, and
//! nobody learns whether a thing that is not theirs exists.
//!
//! Methods and their policies are read from the contracts. A method without a policy, or without a
//! request in [`requests`], fails the test.

mod cast;
mod contracts;
mod requests;

use std::collections::BTreeMap;

use sightline_rpc::policy::v1::Policy;
use tonic::{Code, Status};

use cast::{Cast, Role};
use contracts::Method;
use requests::Subject;

/// What a call came to.
type Outcome = Result<(), Status>;

#[test]
fn every_public_method_declares_who_may_call_it_and_is_called_here() {
    for method in contracts::methods() {
        assert_ne!(method.policy, Policy::Unspecified, "{}", method.path);
        assert!(
            requests::of(&method.path).is_some(),
            "{} is not called by the tests",
            method.path
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_who_should_not_and_nobody_learns_what_exists() {
    let cast = Cast::assemble().await.unwrap();
    let mut wrong = Vec::new();
    // What destroys its subject comes last.
    let mut methods = contracts::methods();
    methods.sort_by_key(|method| requests::of(&method.path).map(|request| request.ends_subject));
    let mut calls = BTreeMap::new();
    for method in &methods {
        for role in Role::ALL {
            let outcome = cast.call(method, role, Subject::Existing).await;
            let missing = match is_let_in(method.policy, role) {
                true => None,
                false => Some(cast.call(method, role, Subject::Missing).await),
            };
            if let Some(complaint) = complaint(method, role, &outcome, missing.as_ref()) {
                wrong.push(complaint);
            }
            *calls.entry(role).or_insert(0) += 1;
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(calls.values().all(|count| *count == methods.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_socket_serves_no_public_method() {
    let cast = Cast::assemble().await.unwrap();
    for method in contracts::methods() {
        let refused = cast.call_as_operator(&method).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented, "{}", method.path);
    }
}

/// Whether the policy lets the role in. Being let in is not yet to succeed.
fn is_let_in(policy: Policy, role: Role) -> bool {
    use Role::{DeviceUser, ForeignDeviceUser, GuestInside, GuestOutside, Owner, SignedOut};
    match policy {
        Policy::Anybody => true,
        Policy::SignedIn => role != SignedOut,
        Policy::Account => !matches!(role, SignedOut | DeviceUser | ForeignDeviceUser),
        Policy::Owner => role == Owner,
        Policy::Recipient => role == GuestInside,
        Policy::Visitor => matches!(role, Owner | GuestInside | GuestOutside | DeviceUser),
        Policy::Viewer => matches!(role, Owner | GuestInside | DeviceUser),
        Policy::Unspecified => false,
    }
}

fn complaint(
    method: &Method,
    role: Role,
    outcome: &Outcome,
    missing: Option<&Outcome>,
) -> Option<String> {
    let path = &method.path;
    let Some(missing) = missing else {
        let refused = outcome.as_ref().err().filter(|status| {
            matches!(
                status.code(),
                Code::Unauthenticated
                    | Code::PermissionDenied
                    | Code::NotFound
                    | Code::Unimplemented
            )
        })?;
        // Without a password nobody is who they say they are: that is an answer, not a refusal.
        let answered = method.policy == Policy::Anybody && refused.code() == Code::Unauthenticated;
        return (!answered).then(|| format!("{path}: {role:?} is kept out: {refused:?}"));
    };
    let Err(refused) = outcome else {
        return Some(format!("{path}: {role:?} is let in"));
    };
    let expected = match (method.policy, role) {
        (_, Role::SignedOut) => vec![Code::Unauthenticated],
        (_, Role::DeviceUser | Role::ForeignDeviceUser) => {
            vec![Code::PermissionDenied, Code::NotFound]
        }
        // Knows of the device, and is told why not.
        (Policy::Viewer, Role::GuestOutside) => vec![Code::PermissionDenied],
        _ => vec![Code::NotFound],
    };
    if !expected.contains(&refused.code()) {
        return Some(format!("{path}: {role:?} is told {refused:?}"));
    }
    if method.policy == Policy::Viewer && role == Role::GuestOutside {
        return None;
    }
    let same = missing.as_ref().err().is_some_and(|missing| {
        (missing.code(), missing.message(), missing.details())
            == (refused.code(), refused.message(), refused.details())
    });
    (!same).then(|| format!("{path}: {role:?} can tell: {refused:?} and {missing:?}"))
}
