//! Access that ends: how soon the streams that live by it are over.
//!
//! An owner and a guest with a share of one device; the guest has many streams open, half over
//! WebSocket and half over gRPC, all delivering frames, and the owner has one. Then the owner
//! revokes the share, or the guest signs out, and the streams' last words are timed from the moment
//! before the call. Server and device are processes of their own; all clients are in this one.

mod crowd;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sightline_rpc::identity::v1::SignOutRequest;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::sharing::v1::sharing_client::SharingClient;
use sightline_rpc::sharing::v1::{
    AcceptShareRequest, CreateShareRequest, Permission, RevokeShareRequest, Terms,
};

use crate::account::{Api, authorized};
use crate::cloud::{Load, Running, Site};
use crate::process::{allow_viewers, with_lateness};
use crowd::{Crowd, Entry};
use report::Round;

/// Watched after the change, and what comes later than a second is counted within: several frames.
const OBSERVED: Duration = Duration::from_secs(3);
/// Streams besides those of the crowd: the owner's, and the one by which the guest waits for access.
const VIEWERS_BESIDES: usize = 2;
/// Streams that have not ended by then are counted as not ended.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// What ends the access of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
enum Change {
    /// The owner revokes the share.
    Revoke,
    /// The guest signs out.
    SignOut,
}

impl Change {
    /// The reason that streams are to end with.
    fn reason(self) -> &'static str {
        match self {
            Self::Revoke => "ACCESS_ENDED",
            Self::SignOut => "SESSION_ENDED",
        }
    }
}

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Streams of the guest.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(2..))]
    viewers: u16,
    /// Times that each change is made, every time with a new share and new streams.
    // The owner's token lives for 15 minutes, which is more than twice as many rounds take.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    rounds: u16,
    /// What ends the access.
    #[arg(long, value_delimiter = ',', default_value = "revoke,sign_out")]
    changes: Vec<Change>,
    /// Without TLS, with it, or both.
    #[arg(long, value_delimiter = ',', default_value = "false,true", action = clap::ArgAction::Set)]
    tls: Vec<bool>,
    /// The server to measure, built for release.
    #[arg(long, value_name = "FILE")]
    server_bin: PathBuf,
}

/// Measures everything that was asked for; a JSON line for each round and path, on standard
/// output.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let viewers = usize::from(options.viewers) + VIEWERS_BESIDES;
    allow_viewers(viewers)?;
    let offers = options.changes.len() * usize::from(options.rounds);
    let settings = format!(
        "[edge]\nviewers_per_device_max = {viewers}\nviewers_per_account_max = {viewers}\n\
         [sharing]\noffers_per_account_h = {offers}\n"
    );
    let directory = tempfile::tempdir().context("make a directory")?;
    let (server_bin, directory) = (&options.server_bin, directory.path());
    let site = Site::found(server_bin, directory, Load::Thin, &settings).await?;
    for &tls in &options.tls {
        let stage = Stage::set(&site, tls).await?;
        for &change in &options.changes {
            for _ in 0..options.rounds {
                let round = stage.round(change, usize::from(options.viewers)).await;
                report::print(&round.with_context(|| format!("{change:?}"))?)?;
            }
        }
        stage.running.cloud.stop().await?;
    }
    Ok(())
}

/// A running server with the two persons, each on a connection of their own.
struct Stage {
    tls: bool,
    running: Running,
    owner: Api,
    guest: Api,
    email: String,
    password: String,
}

impl Stage {
    /// Starts a server, and makes a guest there who never was on another.
    async fn set(site: &Site, tls: bool) -> anyhow::Result<Self> {
        let mut running = site.start(tls).await?;
        let email = format!("guest-{}@example.org", uuid::Uuid::new_v4());
        let password = format!("{}-Aa1", uuid::Uuid::new_v4());
        running.cloud.register(&email, &password).await?;
        Ok(Self {
            tls,
            owner: running.cloud.api().await?,
            guest: running.cloud.api().await?,
            running,
            email,
            password,
        })
    }

    /// Shares, opens all streams, ends the access, and looks what becomes of them.
    async fn round(&self, change: Change, viewers: usize) -> anyhow::Result<Round> {
        let guest = self.guest.sign_in(&self.email, &self.password).await?;
        let share = self.share(&guest.access_token).await?;
        let target = self.running.cloud.target()?;
        let entry = |token: &str| Entry::new(&target, &self.running.device, token);
        let owner = entry(&self.running.token);
        let crowd = Crowd::gather(owner, entry(&guest.access_token), viewers).await?;

        let lost_before = crowd.owner().lost();
        let changed_at = crowd.expect_end();
        let (answered, late) = with_lateness(async {
            match change {
                Change::Revoke => self.revoke(&share).await?,
                Change::SignOut => sign_out(&self.guest, &guest.refresh_token).await?,
            }
            let answer = changed_at.elapsed();
            tokio::time::sleep_until((changed_at + OBSERVED).into()).await;
            crowd.await_ends(changed_at + END_TIMEOUT).await;
            anyhow::Ok(answer)
        })
        .await;
        let answer = answered?;
        crowd.owner_still_watches().await?;
        if change == Change::SignOut {
            self.revoke(&share).await?;
        }
        Ok(Round {
            change,
            tls: self.tls,
            answer,
            others_lost: crowd.owner().lost() - lost_before,
            fates: crowd.fates(changed_at),
            late,
        })
    }

    /// The owner offers, and the guest accepts; returns the share.
    async fn share(&self, guest_token: &str) -> anyhow::Result<String> {
        let offer = CreateShareRequest {
            device_id: self.running.device.clone(),
            email: self.email.clone(),
            terms: Some(Terms {
                permissions: vec![Permission::ViewLive.into()],
                ..Terms::default()
            }),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        let offer = authorized(offer, &self.running.token)?;
        let mut owner = SharingClient::new(self.owner.channel());
        let share = owner.create_share(offer).await.context("offer")?;
        let share_id = share.into_inner().share.context("no share came")?.id;
        let accept = AcceptShareRequest {
            share_id: share_id.clone(),
        };
        let mut guest = SharingClient::new(self.guest.channel());
        let accepted = guest.accept_share(authorized(accept, guest_token)?).await;
        accepted.context("accept")?;
        Ok(share_id)
    }

    async fn revoke(&self, share: &str) -> anyhow::Result<()> {
        let share_id = share.to_owned();
        let request = authorized(RevokeShareRequest { share_id }, &self.running.token)?;
        let mut owner = SharingClient::new(self.owner.channel());
        owner.revoke_share(request).await.context("revoke")?;
        Ok(())
    }
}

async fn sign_out(guest: &Api, refresh_token: &str) -> anyhow::Result<()> {
    ensure!(!refresh_token.is_empty(), "no refresh token came");
    let refresh_token = refresh_token.to_owned();
    let mut identity = IdentityClient::new(guest.channel());
    let signed_out = identity.sign_out(SignOutRequest { refresh_token }).await;
    signed_out.context("sign out")?;
    Ok(())
}
