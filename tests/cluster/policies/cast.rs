//! Everybody who calls, and what they call about.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use prost_reflect::DynamicMessage;
use sightline_base::clock::SetClock;
use sightline_domain::CloudId;
use sightline_loadtest::account::{Api, authorized};
use sightline_loadtest::device::{Cloud, Synthetic, VIEWER};
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::{GetAccountRequest, SignInByDeviceRequest};
use sightline_rpc::registry::v1::UpdateDeviceRequest;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::sharing::v1::{Interval, Permission, Schedule, Terms, Weekday};
use sightline_tests::{Connected, PASSWORD, Person, Sandbox};

use super::call::{Line, Outcome, call};
use super::contracts::{Kind, Method};
use super::requests::{Prop, Request, Subject, Whose};
use super::secrets::Secrets;

/// Monday, 23 November 2026, 12:00 UTC.
const MONDAY_NOON_UNIX_MS: i64 = 1_795_435_200_000;
/// Methods with this in their names look at passwords, and everybody waits before they call one.
const SIGN_IN: &str = "SignIn";
/// Until another wrong password from the same place is looked at.
const NEXT_SIGN_IN_MS: i64 = 10_000;

/// Everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Owner,
    GuestInside,
    /// With a share whose hours are on another day.
    GuestOutside,
    /// Whose share was revoked.
    RevokedGuest,
    /// With a device and an offer of their own.
    Stranger,
    SignedOut,
    /// Signed out, and shows the key of a device that is not the one that the call is about.
    ForeignDevice,
    /// Signed in by the device that the call is about, as one who may watch.
    DeviceUser,
    /// Signed in by another device.
    ForeignDeviceUser,
}

impl Role {
    pub(super) const ALL: [Self; 9] = [
        // Whoever could end the subject comes after those who must not.
        Self::SignedOut,
        Self::ForeignDevice,
        Self::Stranger,
        Self::RevokedGuest,
        Self::ForeignDeviceUser,
        Self::DeviceUser,
        Self::GuestOutside,
        Self::GuestInside,
        Self::Owner,
    ];
}

/// A device, and a share of it.
struct Stage {
    device: CloudId,
    share: String,
    /// While it is online.
    _uplink: Option<Connected>,
}

/// A cloud with everybody in it.
pub(super) struct Cast {
    pub(super) sandbox: Sandbox,
    clock: Arc<SetClock>,
    pub(super) lines: BTreeMap<Role, Line>,
    /// Sign-ins of each: one that they may end, and one that they do not.
    spare_sessions: BTreeMap<Role, [String; 2]>,
    /// Of the owner; the share is that of the guest who is inside the hours.
    stages: BTreeMap<Prop, Stage>,
    /// Of the owner alone, and offline; its share is an offer to an address without account.
    hidden: Stage,
    /// Of the stranger, with an offer too.
    strangers: Stage,
    claimable: CloudId,
    pub(super) foreign: Arc<Synthetic>,
    /// IDs of the accounts.
    pub(super) accounts: BTreeMap<Role, String>,
    secrets: Secrets,
    _others: Vec<Connected>,
}

impl Cast {
    pub(super) async fn assemble() -> anyhow::Result<Self> {
        let clock = SetClock::at_unix_ms(MONDAY_NOON_UNIX_MS);
        let sandbox = Sandbox::with(Arc::clone(&clock) as _, |config| {
            // Everybody tries more than a person does in an hour.
            config.registry.lookups_per_account_h = 1_000_000;
            config.registry.claims_per_account_h = 1_000_000;
            config.registry.claims_per_device_h = 1_000_000;
            config.registry.claims_by_all_per_device_h = 1_000_000;
            config.sharing.lookups_per_account_h = 1_000_000;
        })
        .await?;
        let mut people = BTreeMap::new();
        for (role, name) in [
            (Role::Owner, "owner"),
            (Role::GuestInside, "inside"),
            (Role::GuestOutside, "outside"),
            (Role::RevokedGuest, "revoked"),
            (Role::Stranger, "stranger"),
        ] {
            people.insert(role, sandbox.person(name).await?);
        }
        let mut secrets = Secrets::default();
        let mut stages = BTreeMap::new();
        for prop in Prop::ALL {
            let stage = set_stage(&sandbox, &people, prop, &mut secrets).await?;
            stages.insert(prop, stage);
        }
        let (owner, stranger) = (&people[&Role::Owner], &people[&Role::Stranger]);
        let mut hidden = set_aside(&sandbox, owner, Role::Owner, &mut secrets).await?;
        hidden._uplink = None;
        let strangers = set_aside(&sandbox, stranger, Role::Stranger, &mut secrets).await?;
        let claimable = Arc::new(with_picture());
        let foreign = Arc::new(with_picture());
        let others = vec![
            sandbox.connect(&claimable).await?,
            sandbox.connect(&foreign).await?,
        ];
        secrets.add_device(foreign.cloud_id(), &[Role::ForeignDeviceUser]);
        let (mut spare_sessions, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        for (role, person) in &people {
            let spare = [spare_session(person).await?, spare_session(person).await?];
            spare_sessions.insert(*role, spare);
            accounts.insert(*role, keep_secrets_of(*role, person, &mut secrets).await?);
        }
        // The owner has offered to them; to nobody else are their addresses known.
        for guest in ["inside", "outside", "revoked"] {
            secrets.add(&format!("{guest}@example.org"), &[Role::Owner]);
        }
        secrets.add("somebody@example.org", &[Role::Owner]);
        let main = stages[&Prop::Main].device;
        let lines = connect(&sandbox, &people, main, &foreign).await?;
        Ok(Self {
            sandbox,
            clock,
            lines,
            spare_sessions,
            stages,
            hidden,
            strangers,
            claimable: claimable.cloud_id(),
            foreign,
            accounts,
            secrets,
            _others: others,
        })
    }

    /// A device of the owner.
    pub(super) fn device(&self, prop: Prop) -> CloudId {
        self.stages[&prop].device
    }

    /// Calls a method as somebody; of a stream, the first message counts.
    pub(super) async fn call(
        &self,
        method: &Method,
        request: &Request,
        role: Role,
        subject: &Subject,
    ) -> Outcome {
        if method.path.contains(SIGN_IN) {
            self.clock.advance_ms(NEXT_SIGN_IN_MS);
        }
        let message = self.message(method, request, role, subject);
        call(&self.lines[&role], method, message).await
    }

    /// What somebody read in the outcome of a call, and should not have.
    pub(super) fn leaks(
        &self,
        method: &Method,
        request: &Request,
        role: Role,
        subject: &Subject,
        outcome: &Outcome,
    ) -> Vec<String> {
        let answer = match outcome {
            Ok(answer) => answer.clone(),
            Err(refused) => {
                let details = String::from_utf8_lossy(refused.details());
                format!("{} {details}", refused.message())
            }
        };
        let said = self.json(request, role, subject).to_string();
        let leaked = self.secrets.in_answer(&answer, &said, role);
        let path = &method.path;
        let complaint = |text: &str| format!("{path}: {role:?} reads {text}: {answer}");
        leaked.into_iter().map(complaint).collect()
    }

    /// Whether there is a thing of this kind that the role has nothing to do with, and it makes
    /// sense to ask for it.
    pub(super) fn has_another(&self, kind: Kind, method: &Method, role: Role) -> bool {
        // Who asks does not matter there, and a device stands only so many wrong passwords.
        let once = !method.path.contains(SIGN_IN) || role == Role::Stranger;
        once && (kind != Kind::Session || self.spare_sessions.contains_key(&role))
    }

    pub(super) fn message(
        &self,
        method: &Method,
        request: &Request,
        role: Role,
        subject: &Subject,
    ) -> DynamicMessage {
        let text = self.json(request, role, subject).to_string();
        let mut json = serde_json::Deserializer::from_str(&text);
        DynamicMessage::deserialize(method.request.clone(), &mut json)
            .unwrap_or_else(|error| panic!("the request of {}: {error}", method.path))
    }

    fn json(&self, request: &Request, role: Role, subject: &Subject) -> serde_json::Value {
        let stage = &self.stages[&request.device];
        let spare = self
            .spare_sessions
            .get(&role)
            .map(|[spare, _]| spare.clone());
        let (device, share, session) = match subject {
            Subject::Missing => (nobodys(), uuid(), uuid()),
            _ => (
                stage.device,
                stage.share.clone(),
                spare.unwrap_or_else(uuid),
            ),
        };
        let places = [
            ("$device", device.to_string()),
            ("$share", share),
            ("$session", session),
            ("$claimable", self.claimable.to_string()),
            ("$email", format!("{role:?}@example.org").to_lowercase()),
            ("$password", PASSWORD.to_owned()),
            ("$uuid", uuid()),
        ];
        let mut text = request.json.to_string();
        for (place, value) in places {
            text = text.replace(place, &value);
        }
        let mut json: serde_json::Value = text.parse().expect("JSON");
        if let Subject::But(field, kind, whose) = subject {
            json[field] = self.id(*kind, *whose, role).into();
        }
        json
    }

    /// A thing that the role has nothing to do with.
    fn id(&self, kind: Kind, whose: Whose, role: Role) -> String {
        let strange = matches!(role, Role::Stranger | Role::SignedOut | Role::ForeignDevice);
        let another = match (strange, whose) {
            (_, Whose::AnotherOffline) if role != Role::Owner => &self.hidden,
            (true, _) => &self.stages[&Prop::Main],
            (false, _) => &self.strangers,
        };
        let holder = if strange { Role::Owner } else { Role::Stranger };
        match (kind, whose) {
            (Kind::Device, Whose::Nobody) => nobodys().to_string(),
            (Kind::Share | Kind::Session, Whose::Nobody) => uuid(),
            (Kind::Device, _) => another.device.to_string(),
            (Kind::Share, _) => another.share.clone(),
            (Kind::Session, _) => self.spare_sessions[&holder][1].clone(),
        }
    }
}

/// A device of the owner, shared with each of the guests.
async fn set_stage(
    sandbox: &Sandbox,
    people: &BTreeMap<Role, Person>,
    prop: Prop,
    secrets: &mut Secrets,
) -> anyhow::Result<Stage> {
    use Role::{DeviceUser, GuestInside, GuestOutside, Owner, RevokedGuest};
    let owner = &people[&Owner];
    let (device, uplink) = sandbox.device(with_picture(), owner).await?;
    let id = device.cloud_id();
    let name = format!("The owner's {prop:?}");
    rename(owner, id, &name).await?;
    let inside = sandbox.share(owner, id, &people[&GuestInside], always());
    let inside = inside.await?;
    let outside = sandbox.share(owner, id, &people[&GuestOutside], tuesdays());
    let outside = outside.await?;
    let ended = sandbox.share(owner, id, &people[&RevokedGuest], always());
    let ended = ended.await?;
    owner.revoke(&ended).await?;
    // A guest whose share has ended still finds it in a list, as it was when it ended.
    let mut readers = vec![Owner, GuestInside, GuestOutside, RevokedGuest];
    if prop == Prop::Main {
        readers.push(DeviceUser);
    }
    secrets.add_device(id, &readers);
    secrets.add(&name, &readers);
    secrets.add(
        "Renamed by its owner",
        &[Owner, GuestInside, GuestOutside, DeviceUser],
    );
    for (share, guest) in [
        (&inside, GuestInside),
        (&outside, GuestOutside),
        (&ended, RevokedGuest),
    ] {
        secrets.add(share, &[Owner, guest]);
    }
    Ok(Stage {
        device: id,
        share: inside,
        _uplink: Some(uplink),
    })
}

/// A device that its owner has offered to somebody without account.
async fn set_aside(
    sandbox: &Sandbox,
    owner: &Person,
    role: Role,
    secrets: &mut Secrets,
) -> anyhow::Result<Stage> {
    let (device, uplink) = sandbox.device(with_picture(), owner).await?;
    let id = device.cloud_id();
    let (name, email) = (
        format!("Aside of {role:?}"),
        format!("friend.of.{role:?}@example.org").to_lowercase(),
    );
    rename(owner, id, &name).await?;
    let share = owner.offer(id, &email, always()).await?.id;
    secrets.add_device(id, &[role]);
    for text in [&name, &email, &share] {
        secrets.add(text, &[role]);
    }
    Ok(Stage {
        device: id,
        share,
        _uplink: Some(uplink),
    })
}

/// Address, account and sign-ins; returns the account.
async fn keep_secrets_of(
    role: Role,
    person: &Person,
    secrets: &mut Secrets,
) -> anyhow::Result<String> {
    let request = authorized(GetAccountRequest {}, &person.token)?;
    let mut identity = IdentityClient::new(person.api.channel());
    let account = identity.get_account(request).await?.into_inner().account;
    let account = account.context("an account")?.id;
    secrets.add(&account, &[role]);
    secrets.add(&person.email, &[role]);
    for session in person.sessions().await? {
        secrets.add(&session, &[role]);
    }
    Ok(account)
}

/// The way of each to the cloud.
async fn connect(
    sandbox: &Sandbox,
    people: &BTreeMap<Role, Person>,
    device: CloudId,
    foreign: &Synthetic,
) -> anyhow::Result<BTreeMap<Role, Line>> {
    let owner = &people[&Role::Owner];
    let mut tokens = BTreeMap::from([(Role::SignedOut, None)]);
    for (role, person) in people {
        tokens.insert(*role, Some(person.token.clone()));
    }
    for (role, device) in [
        (Role::DeviceUser, device),
        (Role::ForeignDeviceUser, foreign.cloud_id()),
    ] {
        tokens.insert(role, Some(sign_in_by_device(owner, device).await?));
    }
    let line = |(role, token)| {
        let line = Line {
            channel: owner.api.channel(),
            target: sandbox.target()?,
            token,
            headers: Vec::new(),
        };
        anyhow::Ok((role, line))
    };
    let mut lines: BTreeMap<_, _> = tokens.into_iter().map(line).collect::<Result<_, _>>()?;
    let target = foreign.target(&Cloud::new(sandbox.people(), &sandbox.authority()))?;
    let shows_its_key = Line {
        channel: Api::connect(&target).await?.channel(),
        target,
        token: None,
        headers: Vec::new(),
    };
    lines.insert(Role::ForeignDevice, shows_its_key);
    Ok(lines)
}

fn with_picture() -> Synthetic {
    let jpeg: &[u8] = &[0xFF, 0xD8, 0xFF, 0xD9];
    Synthetic::new().expect("a key").snapshot(jpeg)
}

fn nobodys() -> CloudId {
    CloudId::of_public_key(b"nobody's")
}

fn always() -> Terms {
    Terms {
        permissions: vec![Permission::ViewLive.into()],
        ..Terms::default()
    }
}

fn tuesdays() -> Terms {
    let noon = Interval {
        from_minute: 600,
        to_minute: 800,
    };
    Terms {
        schedule: Some(Schedule {
            intervals: vec![noon],
            weekdays: vec![Weekday::Tuesday.into()],
        }),
        ..always()
    }
}

async fn rename(owner: &Person, device: CloudId, name: &str) -> anyhow::Result<()> {
    let request = UpdateDeviceRequest {
        device_id: device.to_string(),
        name: name.to_owned(),
    };
    let request = authorized(request, &owner.token)?;
    let mut registry = RegistryClient::new(owner.api.channel());
    registry.update_device(request).await?;
    Ok(())
}

/// Another sign-in of the same person, which may be ended.
async fn spare_session(person: &Person) -> anyhow::Result<String> {
    let before = person.sessions().await?;
    person.api.sign_in(&person.email, PASSWORD).await?;
    let after = person.sessions().await?;
    after
        .into_iter()
        .find(|session| !before.contains(session))
        .context("a sign-in makes a session")
}

async fn sign_in_by_device(person: &Person, device: CloudId) -> anyhow::Result<String> {
    let request = SignInByDeviceRequest {
        device_id: device.to_string(),
        user_name: VIEWER.0.to_owned(),
        password: VIEWER.1.to_owned(),
    };
    let mut identity = IdentityClient::new(person.api.channel());
    let tokens = identity.sign_in_by_device(request).await?.into_inner();
    Ok(tokens.tokens.context("tokens")?.access_token)
}

fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
