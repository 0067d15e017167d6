//! The scenarios of shares, replayed through the API of a real cloud whose clock is set: what the
//! pure model answers is what people get.

mod explain;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sightline_base::clock::{Clock as _, SetClock};
use sightline_domain::access::{Permission, Permissions};
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::Synthetic;
use sightline_rpc::registry::v1::DeleteDeviceRequest;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::sharing::v1::{CheckRequest, CheckResponse, DeclineShareRequest};
use sightline_rpc::terms::{permission_from_proto, terms_to_proto};
use sightline_tests::scenario::{Change, Device, Given, Offer, Right, Scenario, Step, permissions};
use sightline_tests::{Connected, PASSWORD, Person, Sandbox};

/// A token is good for 15 minutes of the scenario's time.
const TOKEN_MS: i64 = 10 * 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_of_shares_hold_through_the_api() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/shares");
    let scenarios = Scenario::folder(&folder);
    assert!(scenarios.len() > 5, "only {} files", scenarios.len());
    for (name, scenario) in scenarios {
        let mut stage = Stage::set(&scenario).await;
        for (at, step) in scenario.steps.iter().enumerate() {
            let place = format!("{name}, step {}", at + 1);
            stage.play(step, &place).await;
        }
        stage.sandbox.stop().await;
    }
}

/// A cloud with the people and devices of a scenario.
struct Stage<'a> {
    scenario: &'a Scenario,
    clock: Arc<SetClock>,
    people: BTreeMap<&'a str, SignedIn>,
    devices: BTreeMap<&'a str, (Arc<Synthetic>, Connected)>,
    /// Shares by name: ID, and the names of owner and recipient.
    shares: BTreeMap<&'a str, (String, &'a str, &'a str)>,
    owners: BTreeMap<&'a str, &'a str>,
    sandbox: Sandbox,
}

struct SignedIn {
    person: Person,
    since_unix_ms: i64,
}

impl<'a> Stage<'a> {
    async fn set(scenario: &'a Scenario) -> Self {
        let first = scenario.steps.first().and_then(|step| step.at.as_ref());
        let start = scenario.moment(first.expect("the first step has a time"));
        let clock = SetClock::at_unix_ms(start.as_millisecond());
        let sandbox = Sandbox::with(Arc::clone(&clock) as _, |_| ())
            .await
            .unwrap();
        let mut people = BTreeMap::new();
        for name in &scenario.people {
            let person = sandbox.person(&name.to_lowercase()).await.unwrap();
            let since_unix_ms = clock.now_unix_ms();
            let signed_in = SignedIn {
                person,
                since_unix_ms,
            };
            people.insert(name.as_str(), signed_in);
        }
        let (mut devices, mut owners) = (BTreeMap::new(), BTreeMap::new());
        for device in &scenario.devices {
            let owner = &people[device.owner.as_str()].person;
            let connected = sandbox.device(synthetic(scenario, device), owner).await;
            devices.insert(device.name.as_str(), connected.unwrap());
            owners.insert(device.name.as_str(), device.owner.as_str());
        }
        Self {
            scenario,
            clock,
            people,
            devices,
            shares: BTreeMap::new(),
            owners,
            sandbox,
        }
    }

    async fn play(&mut self, step: &'a Step, place: &str) {
        if let Some(at) = &step.at {
            let until_ms = self.scenario.moment(at).as_millisecond() - self.clock.now_unix_ms();
            self.clock.advance_ms(until_ms);
        }
        if let Some(change) = &step.change {
            self.change(change)
                .await
                .unwrap_or_else(|error| panic!("{place}: {error:#}"));
        }
        if let Some(who) = &step.who {
            let device = match &step.on {
                Some(device) => device,
                None => &self.scenario.devices[0].name,
            };
            let answer = self.check(who, device, step.channel.unwrap_or(0)).await;
            self.compare(step, &answer, place);
            let of = (who.as_str(), device.as_str());
            self.compare_ways(step, of, &answer, place).await;
        }
    }

    fn compare(&self, step: &Step, answer: &CheckResponse, place: &str) {
        let named = |one| permission_from_proto(one).expect("a permission of the model");
        let allowed: Permissions = answer.permissions().map(named).collect();
        let holds = |right: &Right| allowed.contains(Permission::from(*right));
        assert!(
            step.can.iter().all(holds),
            "{place}: allowed is {allowed:?}"
        );
        assert!(
            !step.cannot.iter().any(holds),
            "{place}: allowed is {allowed:?}"
        );
        if let Some(only) = &step.only {
            assert_eq!(allowed, permissions(only), "{place}");
        }
        if let Some(until) = &step.until {
            let expected = match until.as_str() {
                "for good" => 0,
                moment => self.scenario.moment(moment).as_millisecond(),
            };
            let told = answer.holds_until_unix_ms;
            assert_eq!(
                told,
                expected,
                "{place}: {:?}",
                Timestamp::from_millisecond(told)
            );
        }
    }

    async fn change(&mut self, change: &'a Change) -> anyhow::Result<()> {
        match change {
            Change::Share(offer) => return self.offer(offer).await,
            Change::Accept(share) => {
                let (id, _, recipient) = self.shares[share.as_str()].clone();
                return self.signed_in(recipient).await.accept(&id).await;
            }
            Change::Decline(share) => {
                let (share_id, _, recipient) = self.shares[share.as_str()].clone();
                let person = self.signed_in(recipient).await;
                let request = authorized(DeclineShareRequest { share_id }, &person.token)?;
                person.sharing().decline_share(request).await?;
            }
            Change::Edit { share, gives } => {
                let (id, owner, _) = self.shares[share.as_str()].clone();
                let terms = self.terms(gives);
                return self.signed_in(owner).await.edit(&id, terms).await;
            }
            Change::Revoke(share) => {
                let (id, owner, _) = self.shares[share.as_str()].clone();
                return self.signed_in(owner).await.revoke(&id).await;
            }
            Change::Delete(device) => {
                let owner = self.owners[device.as_str()];
                let person = self.signed_in(owner).await;
                let device_id = self.devices[device.as_str()].0.cloud_id().to_string();
                let request = authorized(DeleteDeviceRequest { device_id }, &person.token)?;
                let mut registry = RegistryClient::new(person.api.channel());
                registry.delete_device(request).await?;
            }
            Change::Claim { device, by } => {
                let person = self.signed_in(by).await;
                let synthetic = &self.devices[device.as_str()].0;
                let (id, code) = (synthetic.cloud_id(), synthetic.verification_code());
                person
                    .api
                    .claim(&person.token, &id.to_string(), &code)
                    .await?;
                self.owners.insert(device.as_str(), by.as_str());
            }
            other => panic!("the API cannot do {other:?} yet"),
        }
        Ok(())
    }

    async fn offer(&mut self, offer: &'a Offer) -> anyhow::Result<()> {
        let owner = self.owners[offer.device.as_str()];
        let recipient = self.people[offer.with.as_str()].person.email.clone();
        let device = self.devices[offer.device.as_str()].0.cloud_id();
        let terms = self.terms(&offer.gives);
        let owner_person = self.signed_in(owner).await;
        let share = owner_person.offer(device, &recipient, terms).await?;
        let parties = (share.id, owner, offer.with.as_str());
        self.shares.insert(offer.name.as_str(), parties);
        Ok(())
    }

    async fn check(&mut self, who: &'a str, device: &str, channel: u32) -> CheckResponse {
        let person = self.signed_in(who).await;
        let request = CheckRequest {
            device_id: self.devices[device].0.cloud_id().to_string(),
            channel,
        };
        let request = authorized(request, &person.token).unwrap();
        person.sharing().check(request).await.unwrap().into_inner()
    }

    fn terms(&self, given: &Given) -> sightline_rpc::sharing::v1::Terms {
        terms_to_proto(&self.scenario.terms(given))
    }

    /// Somebody with a token that is valid now.
    async fn signed_in(&mut self, name: &'a str) -> Person {
        let now = self.clock.now_unix_ms();
        let signed_in = self.people.get_mut(name).expect("one of the people");
        if now - signed_in.since_unix_ms > TOKEN_MS {
            let person = &mut signed_in.person;
            let tokens = person.api.sign_in(&person.email, PASSWORD).await.unwrap();
            person.token = tokens.access_token;
            signed_in.since_unix_ms = now;
        }
        signed_in.person.clone()
    }
}

fn synthetic(scenario: &Scenario, device: &Device) -> Synthetic {
    let zone = device.zone.as_ref().unwrap_or(&scenario.zone);
    Synthetic::new()
        .unwrap()
        .time_zone(zone)
        .channels(device.channels.max(1))
}
