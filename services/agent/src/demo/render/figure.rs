//! Cars, people and animals, built of a few bodies each.

pub(crate) mod animal;
pub(crate) mod car;
pub(crate) mod forklift;
pub(crate) mod person;
