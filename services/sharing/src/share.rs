//! What a share is, and which state it is in. Pure.

use serde::{Deserialize, Serialize};
use sightline_domain::access::Terms;
use sightline_domain::{AccountId, CloudId, Email};

/// What the record says of a share. What holds is [`Share::effective`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Waits for the recipient.
    Offered,
    Accepted,
    /// Turned down, or given back.
    Declined,
    /// Revoked, over, or of an earlier owner.
    Ended,
}

impl State {
    /// Whether it gives something, or will once it is accepted.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Offered | Self::Accepted)
    }
}

/// The record of one share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    /// UUID.
    pub(crate) id: String,
    pub(crate) device: CloudId,
    /// Of the device when the share was made.
    pub(crate) ownership_epoch: u64,
    pub(crate) owner: AccountId,
    /// What the recipient may see of the owner's address.
    pub(crate) owner_hint: String,
    pub(crate) recipient_email: Email,
    /// Who accepted it. Stays when the share ends, so that they can be told.
    pub(crate) recipient: Option<AccountId>,
    #[serde(with = "crate::stored_terms")]
    pub(crate) terms: Terms,
    pub(crate) state: State,
    /// The terms became wider since the recipient accepted or last looked.
    pub(crate) widened: bool,
    pub(crate) created_at_unix_ms: i64,
    pub(crate) changed_at_unix_ms: i64,
    /// Rises with each change, from 1.
    pub(crate) version: u64,
    /// Of the call that made it, by which a repeated call is known.
    pub(crate) request_id: String,
    /// Name and zone of the device while the share was last changed, for when the device has gone
    /// to somebody else.
    pub(crate) device_name: String,
    pub(crate) time_zone: String,
}

impl Share {
    /// The state that holds: a live share has ended as soon as its end has passed or the device has
    /// another ownership epoch, before anybody has written that down.
    pub(crate) fn effective(&self, ownership_epoch: u64, now_unix_ms: i64) -> State {
        let alive = self.ownership_epoch == ownership_epoch && !self.is_over(now_unix_ms);
        if self.state.is_live() && !alive {
            State::Ended
        } else {
            self.state
        }
    }

    /// Whether its own end has passed.
    pub(crate) fn is_over(&self, now_unix_ms: i64) -> bool {
        self.ends_at_unix_ms().is_some_and(|end| end <= now_unix_ms)
    }

    /// When it ends by itself, milliseconds since the Unix epoch.
    pub(crate) fn ends_at_unix_ms(&self) -> Option<i64> {
        self.terms.ends_at.map(|end| end.as_millisecond())
    }

    /// The share after a change at this moment.
    pub(crate) fn changed(&self, now_unix_ms: i64) -> Self {
        Self {
            changed_at_unix_ms: now_unix_ms,
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// The share after a change of its state.
    pub(crate) fn with_state(&self, state: State, now_unix_ms: i64) -> Self {
        Self {
            state,
            widened: false,
            ..self.changed(now_unix_ms)
        }
    }
}

/// An address with most of it replaced: first and last letter of what stands before the at sign.
/// Of one or two letters none is shown, or that would be all of them.
pub(crate) fn masked(email: &Email) -> String {
    let (local, domain) = email.as_str().split_once('@').unwrap_or_default();
    let mut letters = local.chars();
    match (letters.next(), letters.next_back()) {
        (Some(first), Some(last)) if local.len() > 2 => format!("{first}…{last}@{domain}"),
        _ => format!("…@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_address_never_shows_all_its_letters() {
        let mask = |text: &str| masked(&text.parse().unwrap());
        assert_eq!(mask("alice@example.org"), "a…e@example.org");
        assert_eq!(mask("bob@example.org"), "b…b@example.org");
        assert_eq!(mask("al@example.org"), "…@example.org");
        assert_eq!(mask("a@example.org"), "…@example.org");
    }
}
