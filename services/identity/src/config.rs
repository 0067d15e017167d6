//! What an operator may set.

use serde::Deserialize;

use crate::mail::MailConfig;

/// Configuration of the identity service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a code from an e-mail is valid, minutes.
    pub code_valid_min: u32,
    /// The server that mails are sent by.
    pub mail: MailConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            code_valid_min: 30,
            mail: MailConfig::default(),
        }
    }
}
