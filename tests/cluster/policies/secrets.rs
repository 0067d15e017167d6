//! What nobody but some may read in any answer.

use std::collections::BTreeMap;

use sightline_domain::CloudId;

use super::cast::Role;

/// Texts, each with those who may read it.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeMap<String, Vec<Role>>);

impl Secrets {
    /// These may read it, and nobody else.
    pub(super) fn add(&mut self, text: &str, readers: &[Role]) {
        let readers_of = self.0.entry(text.to_lowercase()).or_default();
        readers_of.extend(readers);
    }

    /// A device by its ID in both spellings.
    pub(super) fn add_device(&mut self, device: CloudId, readers: &[Role]) {
        self.add(&device.to_string(), readers);
        self.add(&device.compact(), readers);
    }

    /// What somebody should not have read in an answer. What they said themselves they know.
    pub(super) fn in_answer(&self, answer: &str, said: &str, reader: Role) -> Vec<&str> {
        let (answer, said) = (answer.to_lowercase(), said.to_lowercase());
        let leaked = self.0.iter().filter(|(text, readers)| {
            answer.contains(*text) && !said.contains(*text) && !readers.contains(&reader)
        });
        leaked.map(|(text, _)| text.as_str()).collect()
    }
}
