//! A request for every method, with places for what it is about.

use serde_json::{Value, json};
use sightline_rpc::policy::v1::Policy;

use super::contracts::{Kind, Method};

/// Which things a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// What is on the stage.
    Existing,
    /// What never was.
    Missing,
    /// What is on the stage, but for one ID.
    But(String, Kind, Whose),
}

/// Of whom a thing is that the caller has nothing to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Another,
    /// Of another too, and offline when it is a device.
    AnotherOffline,
    Nobody,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// `$device`, `$share`, `$session`, `$email`, `$password` and `$uuid` stand for what the cast has.
    pub(super) json: Value,
    /// Which of the owner's devices it is about.
    pub(super) device: Prop,
    /// Its success ends the thing that it is about.
    pub(super) ends_subject: bool,
    /// Who may make this one; the method lets others in for other requests.
    pub(super) policy: Policy,
}

/// The devices of the owner, one for each method that ends it or its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prop {
    Main,
    ForDecline,
    ForRevoke,
    ForDelete,
}

impl Prop {
    pub(super) const ALL: [Self; 4] = [
        Self::Main,
        Self::ForDecline,
        Self::ForRevoke,
        Self::ForDelete,
    ];
}

/// All that a method is called with; none for a method that is not known here.
pub(super) fn of(method: &Method) -> Vec<Request> {
    let (service, name) = method.path.split_once('/').expect("a path has a slash");
    let bodies = match service {
        "sightline.identity.v1.Identity" => identity(name),
        "sightline.registry.v1.Registry" => registry(name),
        "sightline.sharing.v1.Sharing" => sharing(name),
        "sightline.live.v1.Live" => live(name),
        // A route.
        "" => live("Watch"),
        _ => Vec::new(),
    };
    let device = match name {
        "DeclineShare" => Prop::ForDecline,
        "RevokeShare" => Prop::ForRevoke,
        "DeleteDevice" => Prop::ForDelete,
        _ => Prop::Main,
    };
    let request = |json: Value| Request {
        device,
        // A new password ends the other sign-ins of its account.
        ends_subject: device != Prop::Main || name == "ChangePassword",
        policy: match name == "Explain" && json.get("shareId").is_some() {
            true => Policy::Owner,
            false => method.policy,
        },
        json,
    };
    bodies.into_iter().map(request).collect()
}

fn identity(method: &str) -> Vec<Value> {
    let body = match method {
        "RequestCode" => json!({ "email": "$email", "purpose": "CODE_PURPOSE_RESET_PASSWORD" }),
        "Register" => json!({ "email": "$email", "password": "$password", "code": "00000000" }),
        "ResetPassword" => {
            json!({ "email": "$email", "newPassword": "$password", "code": "00000000" })
        }
        "SignIn" => json!({ "email": "$email", "password": "not-the-password-1" }),
        "SignInByDevice" => {
            json!({ "deviceId": "$device", "userName": "nobody", "password": "wrong-1" })
        }
        "Refresh" | "SignOut" => json!({ "refreshToken": "invented" }),
        "ChangePassword" => {
            json!({ "currentPassword": "$password", "newPassword": "$password" })
        }
        "GetAccount" | "ListSessions" => json!({}),
        // The caller's own would end what the other calls are made with.
        "RevokeSession" => json!({ "sessionId": "$session" }),
        _ => return Vec::new(),
    };
    vec![body]
}

fn registry(method: &str) -> Vec<Value> {
    let body = match method {
        "LookupDevice" => {
            return ["$claimable", "$device"]
                .map(|id| json!({ "deviceId": id }))
                .into();
        }
        "ClaimDevice" => {
            let claim = |id| {
                json!({
                    "deviceId": id, "name": "Mine", "verificationCode": "0000-0000",
                    "requestId": "$uuid"
                })
            };
            return ["$claimable", "$device"].map(claim).into();
        }
        "ListDevices" | "WatchDevices" => json!({}),
        "GetDevice" => json!({ "deviceId": "$device" }),
        "UpdateDevice" => json!({ "deviceId": "$device", "name": "Renamed by its owner" }),
        "DeleteDevice" => json!({ "deviceId": "$device" }),
        "ImportDevices" => {
            json!({ "csv": "cloud_id,name,verification_code\n$device,Mine,0000-0000\n" })
        }
        _ => return Vec::new(),
    };
    vec![body]
}

fn sharing(method: &str) -> Vec<Value> {
    let terms = json!({ "permissions": ["PERMISSION_VIEW_LIVE"] });
    let body = match method {
        "FindRecipient" => json!({ "deviceId": "$device", "email": "somebody@example.org" }),
        "CreateShare" => json!({
            "deviceId": "$device", "email": "somebody@example.org", "terms": terms,
            "requestId": "$uuid"
        }),
        "ListShares" => {
            return vec![
                json!({ "direction": "DIRECTION_RECEIVED" }),
                json!({ "direction": "DIRECTION_GIVEN" }),
                json!({ "direction": "DIRECTION_GIVEN", "deviceId": "$device" }),
            ];
        }
        "WatchShares" => json!({}),
        "AcceptShare" | "DeclineShare" | "RevokeShare" => json!({ "shareId": "$share" }),
        "UpdateShare" => json!({ "shareId": "$share", "terms": terms }),
        "Check" => json!({ "deviceId": "$device", "channel": 1 }),
        "Explain" => {
            let permission = "PERMISSION_VIEW_LIVE";
            return vec![
                json!({ "deviceId": "$device", "channel": 1, "permission": permission }),
                json!({ "deviceId": "$device", "permission": permission, "shareId": "$share" }),
            ];
        }
        _ => return Vec::new(),
    };
    vec![body]
}

fn live(method: &str) -> Vec<Value> {
    let body = match method {
        "Watch" | "GetSnapshot" => json!({ "deviceId": "$device", "channel": 1 }),
        _ => return Vec::new(),
    };
    vec![body]
}
