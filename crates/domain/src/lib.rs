//! The words of the system as types: accounts, devices, what a person may do.
//!
//! Pure: no I/O, no clock, no randomness, no async. Nothing here depends on another crate of the
//! workspace. Start reading at [`cloud_id`] and [`access`].

pub mod access;
pub mod account;
pub mod attempts;
mod base32;
pub mod cloud_id;
pub mod device_name;
pub mod email;
pub mod password;
pub mod principal;
pub mod verification_code;

pub use account::AccountId;
pub use cloud_id::CloudId;
pub use device_name::DeviceName;
pub use email::Email;
pub use principal::{DeviceUser, Principal};
pub use verification_code::VerificationCode;
