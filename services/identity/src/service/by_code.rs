//! What a code from an e-mail allows: a new account, a new password.

use std::time::Duration;

use sightline_domain::{Email, Principal, password};
use sightline_rpc::identity::v1::{
    CodePurpose, RegisterRequest, RegisterResponse, RequestCodeRequest, RequestCodeResponse,
    ResetPasswordRequest, ResetPasswordResponse,
};
use sightline_store::{Error as StoreError, Transaction};
use zeroize::Zeroizing;

use super::origin::Origin;
use super::{Inner, ROUNDS_MAX, send};
use crate::Error;
use crate::accounts::{Account, Accounts};
use crate::codes::{NEXT_CODE, Proof, Purpose};
use crate::limits::{Network, Place};
use crate::mail::{Content, Mail};
use crate::sessions::Life;

impl Inner {
    pub(super) async fn request_code(
        &self,
        request: RequestCodeRequest,
        origin: Origin,
    ) -> Result<RequestCodeResponse, Error> {
        let now = self.clock.now_unix_ms();
        let purpose = match request.purpose() {
            CodePurpose::Register => Purpose::Register,
            CodePurpose::ResetPassword => Purpose::ResetPassword,
            CodePurpose::Unspecified => return Err(Error::Purpose),
        };
        let email: Email = request.email.parse()?;
        self.limits.code(purpose, &email, origin.place, now)?;
        // A code is made for every address, so that all that follows is the same for all. One
        // that is not mailed cannot be entered.
        let code = self.codes.issue(purpose, &email, now).await;
        let code = code.inspect_err(|_| {
            self.limits.code_not_made(purpose, &email, origin.place);
        })?;
        let (code, valid) = (code.as_str(), self.codes.valid());
        let exists = self.accounts.find(&email).await?.is_some();
        let content = match (purpose, exists) {
            (Purpose::Register, false) => Content::RegistrationCode { code, valid },
            (Purpose::Register, true) => Content::AlreadyRegistered,
            (Purpose::ResetPassword, true) => Content::ResetCode { code, valid },
            (Purpose::ResetPassword, false) => Content::NoAccount,
        };
        let mail = Mail::new(email, request.language().into(), &content);
        send(&*self.mail, mail).await?;
        Ok(RequestCodeResponse {
            valid_for_s: seconds(valid),
            next_code_in_s: seconds(NEXT_CODE),
        })
    }

    pub(super) async fn register(
        &self,
        request: RegisterRequest,
        origin: Origin,
    ) -> Result<RegisterResponse, Error> {
        let now = self.clock.now_unix_ms();
        let language = request.language().into();
        let password = Zeroizing::new(request.password);
        let email: Email = request.email.parse()?;
        password::check(&password)?;
        let proof = self
            .check_code(Purpose::Register, &email, &request.code, origin.place, now)
            .await?;
        let hash = self.passwords.hash(password).await?;
        let account = Account::new(proof.email().clone(), hash, language, now)?;
        let create = Accounts::insert(Transaction::new(), &account)?;
        let principal = Principal::Account(account.id.clone());
        let (create, tokens, endings) = self
            .sessions
            .begin(create, &principal, Life::Day, origin.client, now)
            .await?;
        match self.codes.use_up(&proof, create).await {
            Ok(()) => {}
            // An operator made the account since the code was sent.
            Err(Error::Store(StoreError::Conflict { .. })) => return Err(Error::CodeExpired),
            Err(error) => return Err(error),
        }
        self.sessions.tell(endings, now);
        self.limits.proved(email, origin.place, now);
        Ok(RegisterResponse {
            account: Some(account.to_proto()),
            tokens: Some(tokens),
        })
    }

    pub(super) async fn reset_password(
        &self,
        request: ResetPasswordRequest,
        origin: Origin,
    ) -> Result<ResetPasswordResponse, Error> {
        let now = self.clock.now_unix_ms();
        let password = Zeroizing::new(request.new_password);
        let email: Email = request.email.parse()?;
        password::check(&password).map_err(Error::NewPassword)?;
        let proof = self
            .check_code(
                Purpose::ResetPassword,
                &email,
                &request.code,
                origin.place,
                now,
            )
            .await?;
        let hash = self.passwords.hash(password).await?;
        for _ in 0..ROUNDS_MAX {
            // Without an account nobody was told the code: it was guessed.
            let found = self.accounts.find(&email).await?;
            let (revision, mut account) = found.ok_or(Error::CodeExpired)?;
            account.password_hash.clone_from(&hash);
            let change = Accounts::update(Transaction::new(), revision, &account)?;
            let (change, endings) = self
                .sessions
                .end_others(change, &account.id, None, now)
                .await?;
            match self.codes.use_up(&proof, change).await {
                Ok(()) => {
                    self.sessions.tell(endings, now);
                    self.limits.proved(email, origin.place, now);
                    self.tell_of_new_password(&account, &origin, now).await;
                    return Ok(ResetPasswordResponse {});
                }
                // Somebody signed in meanwhile.
                Err(Error::Store(StoreError::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    async fn check_code(
        &self,
        purpose: Purpose,
        email: &Email,
        typed: &str,
        place: Option<Place>,
        now: i64,
    ) -> Result<Proof, Error> {
        self.limits.code_check(place, now)?;
        let network = place.map(Network::from);
        let proof = self
            .codes
            .check(purpose, email, typed, network, now)
            .await?;
        self.limits.code_check_succeeded(place);
        Ok(proof)
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
