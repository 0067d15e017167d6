//! Every method of every public service, called as everybody: nobody gets in who should not, nobody
//! learns whether a thing that is not theirs exists, and no answer holds what is somebody else's.
//!
//! Methods and their policies are read from the contracts. A method without a policy, or without a
//! request in [`requests`], fails the tests; so does an ID that they do not know, and a route.

mod call;
mod cast;
mod contracts;
mod doors;
mod forged;
mod requests;
mod secrets;

use std::collections::BTreeMap;

use sightline_rpc::policy::v1::Policy;
use tonic::{Code, Status};

use call::Outcome;
use cast::{Cast, Role};
use contracts::Method;
use requests::{Request, Subject, Whose};

/// Methods that tell whether a device has an owner, each time at the cost of an attempt: the next
/// owner has to know. They tell no more than that.
const TELL_OWNED: [&str; 2] = [
    "sightline.registry.v1.Registry/LookupDevice",
    "sightline.registry.v1.Registry/ClaimDevice",
];

#[test]
fn every_public_method_declares_who_may_call_it_and_is_called_here_with_each_of_its_ids() {
    for method in contracts::methods() {
        assert_ne!(method.policy, Policy::Unspecified, "{}", method.path);
        let requests = requests::of(&method);
        assert!(
            !requests.is_empty(),
            "{} is not called by the tests",
            method.path
        );
        for (field, _) in method.ids() {
            let has = |request: &Request| request.json.get(&field).is_some();
            assert!(requests.iter().any(has), "{}: {field}", method.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_who_should_not_and_nobody_learns_what_exists() {
    let cast = Cast::assemble().await.unwrap();
    let mut wrong = Vec::new();
    let mut requests: Vec<(Method, Request)> = contracts::methods()
        .into_iter()
        .flat_map(|method| {
            let requests = requests::of(&method);
            requests.into_iter().map(move |one| (method.clone(), one))
        })
        .collect();
    // What destroys its subject comes last.
    requests.sort_by_key(|(_, request)| request.ends_subject);
    let mut calls = BTreeMap::new();
    for (method, request) in &requests {
        for role in Role::ALL {
            wrong.extend(outcome_is_wrong(&cast, method, request, role).await);
            wrong.extend(somebodys_shows(&cast, method, request, role).await);
            *calls.entry(role).or_insert(0) += 1;
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(calls.values().all(|count| *count == requests.len()));
}

/// A call about what is there: let in or kept out as the policy says.
async fn outcome_is_wrong(
    cast: &Cast,
    method: &Method,
    request: &Request,
    role: Role,
) -> Vec<String> {
    let outcome = cast.call(method, request, role, &Subject::Existing).await;
    let missing = match is_let_in(request.policy, role) {
        true => None,
        false => Some(cast.call(method, request, role, &Subject::Missing).await),
    };
    let mut wrong = cast.leaks(method, request, role, &Subject::Existing, &outcome);
    let policy = request.policy;
    wrong.extend(complaint(method, policy, role, &outcome, missing.as_ref()));
    wrong
}

/// For each ID of a request: what is somebody else's answers as what is nobody's, to the byte.
async fn somebodys_shows(
    cast: &Cast,
    method: &Method,
    request: &Request,
    role: Role,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (field, kind) in method.ids() {
        if request.json.get(&field).is_none() || !cast.has_another(kind, method, role) {
            continue;
        }
        let other = match TELL_OWNED.contains(&method.path.as_str()) {
            true => Whose::AnotherOffline,
            false => Whose::Nobody,
        };
        let with = |whose| Subject::But(field.clone(), kind, whose);
        let another = with(Whose::Another);
        let one = cast.call(method, request, role, &another).await;
        let two = cast.call(method, request, role, &with(other)).await;
        wrong.extend(cast.leaks(method, request, role, &another, &one));
        if !same(&one, &two) {
            let path = &method.path;
            wrong.push(format!(
                "{path}, {field}: {role:?} can tell: {one:?} and {two:?}"
            ));
        }
    }
    wrong
}

/// Whether the policy lets the role in. Being let in is not yet to succeed.
fn is_let_in(policy: Policy, role: Role) -> bool {
    use Role::{
        DeviceUser, ForeignDevice, ForeignDeviceUser, GuestInside, GuestOutside, Owner, SignedOut,
    };
    match policy {
        Policy::Anybody => true,
        Policy::SignedIn => !matches!(role, SignedOut | ForeignDevice),
        Policy::Account => !matches!(
            role,
            SignedOut | ForeignDevice | DeviceUser | ForeignDeviceUser
        ),
        Policy::Owner => role == Owner,
        Policy::Recipient => role == GuestInside,
        Policy::Visitor => matches!(role, Owner | GuestInside | GuestOutside | DeviceUser),
        Policy::Viewer => matches!(role, Owner | GuestInside | DeviceUser),
        Policy::Unspecified => false,
    }
}

fn complaint(
    method: &Method,
    policy: Policy,
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
                    | Code::Unknown
            )
        })?;
        // Without a password nobody is who they say they are: that is an answer, not a refusal.
        let answered = policy == Policy::Anybody && refused.code() == Code::Unauthenticated;
        return (!answered).then(|| format!("{path}: {role:?} is kept out: {refused:?}"));
    };
    let Err(refused) = outcome else {
        return Some(format!("{path}: {role:?} is let in"));
    };
    let expected = match (policy, role) {
        (_, Role::SignedOut | Role::ForeignDevice) => vec![Code::Unauthenticated],
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
    if policy == Policy::Viewer && role == Role::GuestOutside {
        return None;
    }
    (!same(outcome, missing))
        .then(|| format!("{path}: {role:?} can tell: {refused:?} and {missing:?}"))
}

/// Code, message and details; of an answer, all of it.
fn same(one: &Outcome, two: &Outcome) -> bool {
    let parts = |refused: &Status| {
        let details = refused.details().to_vec();
        (refused.code(), refused.message().to_owned(), details)
    };
    match (one, two) {
        (Ok(one), Ok(two)) => one == two,
        (Err(one), Err(two)) => parts(one) == parts(two),
        _ => false,
    }
}
