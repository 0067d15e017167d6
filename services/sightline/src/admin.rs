//! `sightline admin`: the operator's commands, to the node that runs on this machine.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use sightline_rpc::internal::v1 as internal;

use crate::operator;

/// Hours between an announced unbind and the unbind, when the operator does not say.
const DELAY_H: u32 = 72;

/// What an operator may do. None of it shows a picture.
#[derive(Debug, clap::Args)]
pub(crate) struct Admin {
    /// The data directory of the node.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/sightline")]
    data_dir: PathBuf,
    /// Who does it, for the audit; without it the name of the user at this machine.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    operator: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take a device out of a lost account, after a delay of which the owner is told.
    Unbind {
        /// Cloud ID of the device.
        device: String,
        /// Why: 5 to 500 characters, which the owner reads.
        #[arg(long)]
        reason: String,
        /// Hours until it is carried out, 0 to 720.
        #[arg(long, value_name = "HOURS", default_value_t = DELAY_H)]
        #[arg(value_parser = clap::value_parser!(u32).range(0..=720))]
        delay: u32,
    },
    /// Call an announced unbind off.
    CancelUnbind {
        /// Cloud ID of the device.
        device: String,
    },
    /// List the announced unbinds.
    Unbinds,
    /// List what operators did, newest first.
    Audit {
        /// How many entries, at most 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

/// Runs one command.
pub(crate) async fn run(admin: Admin) -> anyhow::Result<()> {
    let mut client = operator::connect(&admin.data_dir).await?;
    let operator = admin.operator;
    match admin.command {
        Command::Unbind {
            device,
            reason,
            delay,
        } => {
            let request = internal::RequestUnbindRequest {
                device_id: device,
                reason,
                operator,
                delay_s: delay * 3600,
            };
            let answer = client.request_unbind(request).await.map_err(words)?;
            let unbind = answer.into_inner().unbind.context("an empty answer")?;
            let when = time(unbind.due_at_unix_ms);
            say(&format!(
                "{} leaves its account at {when}",
                unbind.device_id
            ))
        }
        Command::CancelUnbind { device } => {
            let request = internal::CancelUnbindRequest {
                device_id: device,
                operator,
            };
            client.cancel_unbind(request).await.map_err(words)?;
            say("called off; the device stays with its owner")
        }
        Command::Unbinds => {
            let request = internal::ListUnbindsRequest {};
            let answer = client.list_unbinds(request).await.map_err(words)?;
            let lines = answer.into_inner().unbinds.into_iter().map(|unbind| {
                let due = time(unbind.due_at_unix_ms);
                [due, unbind.device_id, unbind.operator, unbind.reason].join("  ")
            });
            table(lines, "nothing is announced")
        }
        Command::Audit { limit } => {
            let request = internal::ListAuditRequest { limit };
            let answer = client.list_audit(request).await.map_err(words)?;
            let lines = answer.into_inner().entries.into_iter().map(|entry| {
                let at = time(entry.at_unix_ms);
                [
                    at,
                    entry.operator,
                    entry.action,
                    entry.device_id,
                    entry.reason,
                ]
                .join("  ")
            });
            table(lines, "operators have done nothing so far")
        }
    }
}

fn table(lines: impl Iterator<Item = String>, empty: &str) -> anyhow::Result<()> {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return say(empty);
    }
    say(&lines.join("\n"))
}

fn time(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms).map_or_else(
        |_| unix_ms.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// The node's own words, without the frame of the protocol.
fn words(status: tonic::Status) -> anyhow::Error {
    anyhow::Error::msg(status.message().to_owned())
}

/// Writes to standard output, where a script may read it. Control characters of foreign text are
/// left out, so that nobody's reason writes to the operator's terminal.
fn say(text: &str) -> anyhow::Result<()> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect();
    writeln!(std::io::stdout().lock(), "{clean}")?;
    Ok(())
}
