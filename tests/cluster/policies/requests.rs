//! A request for every method, with places for what it is about.

use serde_json::{Value, json};

/// Which thing a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// One that is there.
    Existing,
    /// One that never was.
    Missing,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// `$device`, `$share`, `$email`, `$password` and `$uuid` stand for what the cast has.
    pub(super) json: Value,
    /// Which of the owner's devices it is about.
    pub(super) device: Prop,
    /// Its success ends the thing that it is about.
    pub(super) ends_subject: bool,
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

pub(super) fn of(path: &str) -> Option<Request> {
    let (service, method) = path.split_once('/')?;
    let json = match service {
        "sightline.identity.v1.Identity" => identity(method)?,
        "sightline.registry.v1.Registry" => registry(method)?,
        "sightline.sharing.v1.Sharing" => sharing(method)?,
        "sightline.live.v1.Live" => live(method)?,
        _ => return None,
    };
    let device = match method {
        "DeclineShare" => Prop::ForDecline,
        "RevokeShare" => Prop::ForRevoke,
        "DeleteDevice" => Prop::ForDelete,
        _ => Prop::Main,
    };
    Some(Request {
        json,
        device,
        // A new password ends the other sign-ins of its account.
        ends_subject: device != Prop::Main || method == "ChangePassword",
    })
}

fn identity(method: &str) -> Option<Value> {
    Some(match method {
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
        "RevokeSession" => json!({ "sessionId": "$spare_session" }),
        _ => return None,
    })
}

fn registry(method: &str) -> Option<Value> {
    Some(match method {
        "LookupDevice" => json!({ "deviceId": "$claimable" }),
        "ClaimDevice" => json!({
            "deviceId": "$claimable", "name": "Mine", "verificationCode": "0000-0000",
            "requestId": "$uuid"
        }),
        "ListDevices" | "WatchDevices" => json!({}),
        "GetDevice" => json!({ "deviceId": "$device" }),
        "UpdateDevice" => json!({ "deviceId": "$device", "name": "Renamed" }),
        "DeleteDevice" => json!({ "deviceId": "$device" }),
        "ImportDevices" => json!({ "csv": "cloud_id,name,verification_code\n" }),
        _ => return None,
    })
}

fn sharing(method: &str) -> Option<Value> {
    let terms = json!({ "permissions": ["PERMISSION_VIEW_LIVE"] });
    Some(match method {
        "FindRecipient" => json!({ "deviceId": "$device", "email": "somebody@example.org" }),
        "CreateShare" => json!({
            "deviceId": "$device", "email": "somebody@example.org", "terms": terms,
            "requestId": "$uuid"
        }),
        "ListShares" => json!({ "direction": "DIRECTION_RECEIVED" }),
        "WatchShares" => json!({}),
        "AcceptShare" | "DeclineShare" | "RevokeShare" => json!({ "shareId": "$share" }),
        "UpdateShare" => json!({ "shareId": "$share", "terms": terms }),
        "Check" => json!({ "deviceId": "$device", "channel": 1 }),
        "Explain" => json!({
            "deviceId": "$device", "channel": 1, "permission": "PERMISSION_VIEW_LIVE"
        }),
        _ => return None,
    })
}

fn live(method: &str) -> Option<Value> {
    Some(match method {
        "Watch" | "GetSnapshot" => json!({ "deviceId": "$device", "channel": 1 }),
        _ => return None,
    })
}
