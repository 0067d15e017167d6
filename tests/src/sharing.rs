//! What people do with shares and sessions, in a few words.

use anyhow::Context as _;
use sightline_domain::CloudId;
use sightline_loadtest::account::authorized;
use sightline_rpc::identity::v1::ListSessionsRequest;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::sharing::v1::sharing_client::SharingClient;
use sightline_rpc::sharing::v1::{
    AcceptShareRequest, CreateShareRequest, RevokeShareRequest, Share, Terms, UpdateShareRequest,
};
use tonic::transport::Channel;

use crate::{Person, Sandbox};

impl Sandbox {
    /// An owner shares a device with a guest, who accepts; returns the share.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn share(
        &self,
        owner: &Person,
        device: CloudId,
        guest: &Person,
        terms: Terms,
    ) -> anyhow::Result<String> {
        let share = owner.offer(device, &guest.email, terms).await?;
        guest.accept(&share.id).await?;
        Ok(share.id)
    }
}

impl Person {
    /// Their way to the sharing service.
    #[must_use]
    pub fn sharing(&self) -> SharingClient<Channel> {
        SharingClient::new(self.api.channel())
    }

    /// Offers a device.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn offer(&self, device: CloudId, email: &str, terms: Terms) -> anyhow::Result<Share> {
        let request = CreateShareRequest {
            device_id: device.to_string(),
            email: email.to_owned(),
            terms: Some(terms),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        let request = authorized(request, &self.token)?;
        let answer = self.sharing().create_share(request).await?;
        answer.into_inner().share.context("no share came")
    }

    /// Accepts an offer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn accept(&self, share: &str) -> anyhow::Result<()> {
        let share_id = share.to_owned();
        let request = authorized(AcceptShareRequest { share_id }, &self.token)?;
        self.sharing().accept_share(request).await?;
        Ok(())
    }

    /// Gives a share other terms.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn edit(&self, share: &str, terms: Terms) -> anyhow::Result<()> {
        let request = UpdateShareRequest {
            share_id: share.to_owned(),
            terms: Some(terms),
            version: 0,
        };
        let request = authorized(request, &self.token)?;
        self.sharing().update_share(request).await?;
        Ok(())
    }

    /// Ends a share.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn revoke(&self, share: &str) -> anyhow::Result<()> {
        let share_id = share.to_owned();
        let request = authorized(RevokeShareRequest { share_id }, &self.token)?;
        self.sharing().revoke_share(request).await?;
        Ok(())
    }

    /// IDs of the sessions of the account.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sessions(&self) -> anyhow::Result<Vec<String>> {
        let request = authorized(ListSessionsRequest {}, &self.token)?;
        let mut identity = IdentityClient::new(self.api.channel());
        let sessions = identity.list_sessions(request).await?.into_inner().sessions;
        Ok(sessions.into_iter().map(|session| session.id).collect())
    }
}
