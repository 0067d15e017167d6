//! Everybody who calls, and what they call about.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::{Buf, BufMut};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use sightline_base::clock::SetClock;
use sightline_domain::CloudId;
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::{Synthetic, VIEWER};
use sightline_rpc::identity::v1::SignInByDeviceRequest;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::sharing::v1::{Interval, Permission, Schedule, Terms, Weekday};
use sightline_tests::{Connected, PASSWORD, Person, Sandbox};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::contracts::Method;
use super::requests::{self, Prop, Subject};

/// Monday, 23 November 2026, 12:00 UTC.
const MONDAY_NOON_UNIX_MS: i64 = 1_795_435_200_000;

/// Everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Owner,
    GuestInside,
    /// With a share whose hours are on another day.
    GuestOutside,
    /// Whose share was revoked.
    RevokedGuest,
    Stranger,
    SignedOut,
    /// Signed in by the device that the call is about, as one who may watch.
    DeviceUser,
    /// Signed in by another device.
    ForeignDeviceUser,
}

impl Role {
    pub(super) const ALL: [Self; 8] = [
        // Whoever could end the subject comes after those who must not.
        Self::SignedOut,
        Self::Stranger,
        Self::RevokedGuest,
        Self::ForeignDeviceUser,
        Self::DeviceUser,
        Self::GuestOutside,
        Self::GuestInside,
        Self::Owner,
    ];
}

/// A device of the owner, and the share of the guest who is inside the hours.
struct Stage {
    device: CloudId,
    share: String,
    _device: (Arc<Synthetic>, Connected),
}

/// A cloud with everybody in it.
pub(super) struct Cast {
    sandbox: Sandbox,
    channel: Channel,
    tokens: BTreeMap<Role, String>,
    spare_sessions: BTreeMap<Role, String>,
    stages: BTreeMap<Prop, Stage>,
    claimable: Arc<Synthetic>,
    _others: Vec<Connected>,
}

impl Cast {
    pub(super) async fn assemble() -> anyhow::Result<Self> {
        let clock = SetClock::at_unix_ms(MONDAY_NOON_UNIX_MS);
        let sandbox = Sandbox::with(clock, |_| ()).await?;
        let owner = sandbox.person("owner").await?;
        let inside = sandbox.person("inside").await?;
        let outside = sandbox.person("outside").await?;
        let revoked = sandbox.person("revoked").await?;
        let stranger = sandbox.person("stranger").await?;
        let mut stages = BTreeMap::new();
        for prop in Prop::ALL {
            let device = sandbox.device(with_picture(), &owner).await?;
            let id = device.0.cloud_id();
            let share = sandbox.share(&owner, id, &inside, always()).await?;
            sandbox.share(&owner, id, &outside, tuesdays()).await?;
            let ended = sandbox.share(&owner, id, &revoked, always()).await?;
            owner.revoke(&ended).await?;
            let stage = Stage {
                device: id,
                share,
                _device: device,
            };
            stages.insert(prop, stage);
        }
        let claimable = Arc::new(with_picture());
        let foreign = Arc::new(with_picture());
        let others = vec![
            sandbox.connect(&claimable).await?,
            sandbox.connect(&foreign).await?,
        ];
        let people = [
            (Role::Owner, &owner),
            (Role::GuestInside, &inside),
            (Role::GuestOutside, &outside),
            (Role::RevokedGuest, &revoked),
            (Role::Stranger, &stranger),
        ];
        let (mut tokens, mut spare_sessions) = (BTreeMap::new(), BTreeMap::new());
        for (role, person) in people {
            tokens.insert(role, person.token.clone());
            spare_sessions.insert(role, spare_session(person).await?);
        }
        let main = stages[&Prop::Main].device;
        for (role, device) in [
            (Role::DeviceUser, main),
            (Role::ForeignDeviceUser, foreign.cloud_id()),
        ] {
            tokens.insert(role, sign_in_by_device(&owner, device).await?);
        }
        Ok(Self {
            channel: owner.api.channel(),
            sandbox,
            tokens,
            spare_sessions,
            stages,
            claimable,
            _others: others,
        })
    }

    /// Calls a method as somebody; of a stream, the first message counts.
    pub(super) async fn call(
        &self,
        method: &Method,
        role: Role,
        subject: Subject,
    ) -> super::Outcome {
        let request = Request::new(self.request(method, role, subject));
        self.send(self.channel.clone(), method, self.authorize(request, role))
            .await
    }

    /// Calls a method on the operator's socket, with the owner's token too.
    pub(super) async fn call_as_operator(&self, method: &Method) -> super::Outcome {
        let channel = self.sandbox.operator().await;
        let channel = channel.expect("a node has an operator's socket");
        let request = Request::new(self.request(method, Role::Owner, Subject::Existing));
        self.send(channel, method, self.authorize(request, Role::Owner))
            .await
    }

    async fn send(
        &self,
        channel: Channel,
        method: &Method,
        request: Request<DynamicMessage>,
    ) -> super::Outcome {
        let mut client = tonic::client::Grpc::new(channel);
        client
            .ready()
            .await
            .map_err(|e| Status::unknown(e.to_string()))?;
        let path = format!("/{}", method.path).parse().expect("a path");
        let answer = client.server_streaming(request, path, Untyped).await?;
        let first = answer.into_inner().message().await?;
        first
            .map(|_| ())
            .ok_or_else(|| Status::unknown("an empty stream"))
    }

    fn authorize(&self, request: Request<DynamicMessage>, role: Role) -> Request<DynamicMessage> {
        match self.tokens.get(&role) {
            Some(token) => authorized(request.into_inner(), token).expect("a token"),
            None => request,
        }
    }

    fn request(&self, method: &Method, role: Role, subject: Subject) -> DynamicMessage {
        let request = requests::of(&method.path).expect("every method has a request");
        let stage = &self.stages[&request.device];
        let (device, share) = match subject {
            Subject::Existing => (stage.device, stage.share.clone()),
            Subject::Missing => (CloudId::of_public_key(b"nobody's"), uuid()),
        };
        let spare = self.spare_sessions.get(&role).cloned();
        let email = format!("{role:?}@example.org").to_lowercase();
        let places = [
            ("$device", device.to_string()),
            ("$share", share),
            ("$claimable", self.claimable.cloud_id().to_string()),
            ("$spare_session", spare.unwrap_or_else(uuid)),
            ("$email", email),
            ("$password", PASSWORD.to_owned()),
            ("$uuid", uuid()),
        ];
        let mut text = request.json.to_string();
        for (place, value) in places {
            text = text.replace(place, &value);
        }
        let mut json = serde_json::Deserializer::from_str(&text);
        DynamicMessage::deserialize(method.request.clone(), &mut json)
            .unwrap_or_else(|error| panic!("the request of {}: {error}", method.path))
    }
}

fn with_picture() -> Synthetic {
    let jpeg: &[u8] = &[0xFF, 0xD8, 0xFF, 0xD9];
    Synthetic::new().expect("a key").snapshot(jpeg)
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

/// Sends any message, and does not look at answers.
#[derive(Debug, Default)]
struct Untyped;

impl Codec for Untyped {
    type Encode = DynamicMessage;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Untyped {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&message.encode_to_vec());
        Ok(())
    }
}

impl Decoder for Untyped {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        bytes.advance(bytes.remaining());
        Ok(Some(()))
    }
}
