//! Mails that nobody asked for, and what other nodes ask about accounts.

use std::sync::Arc;

use sightline_domain::AccountId;
use sightline_rpc::internal::v1::notify_request::Notice;
use sightline_rpc::internal::v1::{
    GetEmailRequest, GetEmailResponse, NotifyRequest, NotifyResponse,
};

use super::origin::Origin;
use super::{Inner, send};
use crate::Error;
use crate::accounts::Account;
use crate::mail::{Content, Mail, Unbinding};

impl Inner {
    /// A change of the password stands, whether or not the mail can be sent, so its caller does
    /// not wait for that; only for a place among the notices that are being sent.
    pub(super) async fn tell_of_new_password(&self, account: &Account, origin: &Origin, now: i64) {
        let content = Content::PasswordChanged {
            at_unix_ms: now,
            from: origin.client.address,
        };
        let mail = Mail::new(account.email.clone(), account.language, &content);
        let sending = Arc::clone(&self.notices).acquire_owned().await;
        let sender = Arc::clone(&self.mail);
        tokio::spawn(async move {
            // A failure is logged where it happens.
            let _ = send(&*sender, mail).await;
            drop(sending);
        });
    }

    pub(super) async fn get_email(
        &self,
        request: GetEmailRequest,
    ) -> Result<GetEmailResponse, Error> {
        let account = self.account_of(&request.account_id).await?;
        Ok(GetEmailResponse {
            email: account.email.to_string(),
        })
    }

    pub(super) async fn notify(&self, request: NotifyRequest) -> Result<NotifyResponse, Error> {
        let Notice::Unbind(notice) = request.notice.ok_or(Error::Notice)?;
        let account = self.account_of(&request.account_id).await?;
        let content = Content::Unbinding(Unbinding {
            device_name: &notice.device_name,
            device_id: &notice.device_id,
            reason: &notice.reason,
            due_at_unix_ms: notice.due_at_unix_ms,
            done: notice.done,
        });
        let mail = Mail::new(account.email, account.language, &content);
        send(&*self.mail, mail).await?;
        Ok(NotifyResponse {})
    }

    async fn account_of(&self, id: &str) -> Result<Account, Error> {
        let id: AccountId = id.parse().map_err(|_| Error::NoAccount)?;
        let found = self.accounts.get(&id).await?;
        found.map(|(_, account)| account).ok_or(Error::NoAccount)
    }
}
