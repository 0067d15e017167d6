//! The contracts as code: generated messages and clients, errors, tokens.
//!
//! A service is reached through its generated client over a [`Channel`], which is either a network
//! connection or the service itself in this process; the caller cannot tell. Nothing here knows
//! what a service does. Start reading at [`error`] and [`channel`].

pub mod auth;
pub mod channel;
pub mod error;
pub mod media;
pub mod run;
pub mod session;
pub mod sessions;
pub mod stream;
pub mod terms;
pub mod token;

pub use channel::Channel;
pub use error::{Code, ServiceError};

/// The compiled contracts as an encoded `google.protobuf.FileDescriptorSet`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! contract {
    ($name:ident, $package:literal, $doc:literal) => {
        #[doc = $doc]
        pub mod $name {
            #[doc = $doc]
            #[allow(
                missing_docs,
                missing_debug_implementations,
                unreachable_pub,
                clippy::all,
                clippy::pedantic,
                clippy::or_fun_call,
                clippy::clone_on_ref_ptr,
                clippy::too_many_lines
            )]
            pub mod v1 {
                tonic::include_proto!($package);
            }
        }
    };
}

contract!(
    device,
    "sightline.device.v1",
    "What a device serves on its tunnel."
);
contract!(
    identity,
    "sightline.identity.v1",
    "Accounts and signing in."
);
contract!(
    internal,
    "sightline.internal.v1",
    "Between the nodes of one cloud."
);
contract!(live, "sightline.live.v1", "Live pictures and sound.");
contract!(
    registry,
    "sightline.registry.v1",
    "Devices and who owns them."
);
contract!(
    policy,
    "sightline.policy.v1",
    "Who may call a method, as every method declares it."
);
contract!(
    sharing,
    "sightline.sharing.v1",
    "Who may do what with a device."
);
