//! The device beside the server, in a process of its own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use crate::device::{Cloud, Synthetic};
use crate::helper::say;
use crate::stream::Shape;

/// What the device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Load {
    /// [`Shape::FOUR_MBIT`].
    FourMbit,
    /// [`Shape::THIN`].
    Thin,
}

impl Load {
    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FourMbit => "four-mbit",
            Self::Thin => "thin",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::FourMbit => Shape::FOUR_MBIT,
            Self::Thin => Shape::THIN,
        }
    }
}

/// What the device says when it is connected.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Introduction {
    pub(super) cloud_id: String,
    pub(super) verification_code: String,
}

/// Options of the helper `device`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The devices' port of a server on this machine.
    #[arg(long)]
    port: u16,
    /// PEM file with the server's authority.
    #[arg(long)]
    authority: PathBuf,
    /// PEM file with the device's key.
    #[arg(long)]
    key: PathBuf,
    /// What it sends.
    #[arg(long)]
    load: Load,
}

/// The helper `device`: connects, says who it is, and serves until the connection is over.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let key = std::fs::read_to_string(&options.key).context("read the device's key")?;
    let device = Synthetic::with_key(rcgen::KeyPair::from_pem(&key)?);
    let device = Arc::new(device.shape(options.load.shape()));
    let address = ([127, 0, 0, 1], options.port).into();
    let cloud = Cloud::new(address, &options.authority);
    let uplink = device.connect(&cloud).await?;
    say(&Introduction {
        cloud_id: device.cloud_id().to_string(),
        verification_code: device.verification_code(),
    })?;
    uplink.serve().await
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn each_load_is_understood_by_its_name() {
        for load in Load::value_variants() {
            assert_eq!(Load::from_str(load.name(), false), Ok(*load));
        }
    }
}
