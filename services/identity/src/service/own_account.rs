//! What an account does with itself, signed in.

use sightline_domain::{AccountId, password};
use sightline_rpc::auth::Caller;
use sightline_rpc::identity::v1::{
    ChangePasswordRequest, ChangePasswordResponse, GetAccountResponse, ListSessionsResponse,
    RevokeSessionRequest, RevokeSessionResponse,
};
use sightline_store::{Error as StoreError, Revision, Transaction};
use zeroize::Zeroizing;

use super::origin::Origin;
use super::{Inner, ROUNDS_MAX};
use crate::Error;
use crate::accounts::{Account, Accounts};

impl Inner {
    pub(super) async fn get_account(&self, caller: Caller) -> Result<GetAccountResponse, Error> {
        let (_, account) = self.own(caller.account()?).await?;
        Ok(GetAccountResponse {
            account: Some(account.to_proto()),
        })
    }

    pub(super) async fn change_password(
        &self,
        caller: Caller,
        request: ChangePasswordRequest,
        origin: Origin,
    ) -> Result<ChangePasswordResponse, Error> {
        let now = self.clock.now_unix_ms();
        let id = caller.account()?;
        let current = Zeroizing::new(request.current_password);
        let new = Zeroizing::new(request.new_password);
        password::check(&new).map_err(Error::NewPassword)?;
        if current.len() > password::PASSWORD_CHARS_MAX {
            return Err(Error::WrongPassword);
        }
        self.limits.change(id, now)?;
        let (mut revision, mut account) = self.own(id).await?;
        let checked = account.password_hash;
        if !self
            .passwords
            .verify(current, Some(checked.clone()))
            .await?
        {
            return Err(Error::WrongPassword);
        }
        self.limits.change_succeeded(id);
        let hash = self.passwords.hash(new).await?;
        for _ in 0..ROUNDS_MAX {
            account.password_hash = hash.clone();
            let change = Accounts::update(Transaction::new(), revision, &account)?;
            let spared = Some(caller.session());
            let (change, endings) = self.sessions.end_others(change, id, spared, now).await?;
            match self.store.commit(change).await {
                Ok(_) => {
                    self.sessions.tell(endings, now);
                    self.tell_of_new_password(&account, &origin, now).await;
                    return Ok(ChangePasswordResponse {});
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // A sign-in, or another change of the password.
            (revision, account) = self.own(id).await?;
            if account.password_hash != checked {
                return Err(Error::WrongPassword);
            }
        }
        Err(Error::Busy)
    }

    pub(super) async fn list_sessions(
        &self,
        caller: Caller,
    ) -> Result<ListSessionsResponse, Error> {
        let now = self.clock.now_unix_ms();
        let sessions = self
            .sessions
            .list(caller.account()?, caller.session(), now)
            .await?;
        Ok(ListSessionsResponse { sessions })
    }

    pub(super) async fn revoke_session(
        &self,
        caller: Caller,
        request: RevokeSessionRequest,
    ) -> Result<RevokeSessionResponse, Error> {
        let now = self.clock.now_unix_ms();
        self.sessions
            .revoke(caller.account()?, &request.session_id, now)
            .await?;
        Ok(RevokeSessionResponse {})
    }

    async fn own(&self, id: &AccountId) -> Result<(Revision, Account), Error> {
        self.accounts.get(id).await?.ok_or(Error::SessionEnded)
    }
}
