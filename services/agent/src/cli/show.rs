//! The status as a person reads it in a terminal.

use std::fmt::Write as _;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use qrcode::types::QrError;

use crate::Uplink;
use crate::identity::Shown;
use crate::status::Report;
use crate::time_zone;
use crate::users::{Role, Users};

/// State, cloud ID, verification code, users, channels, QR code. Without a report no agent runs.
///
/// # Errors
/// When the portal's address is too long for a QR code.
pub(super) fn status(
    identity: &Shown,
    users: &Users,
    report: Option<&Report>,
) -> Result<String, QrError> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<18} {value}");
    };
    line(
        "State",
        &report.map_or_else(|| "Not running".to_owned(), |r| state(&r.uplink)),
    );
    if let Some(report) = report {
        line("Cloud", &report.cloud);
    }
    line("Cloud ID", &identity.cloud_id.to_string());
    line("Verification code", &identity.code.reveal());
    line("Users", &count(users));
    let Some(report) = report else {
        return Ok(text);
    };
    line(
        "Time zone",
        report.time_zone.as_deref().unwrap_or(time_zone::UNKNOWN),
    );
    for channel in &report.channels {
        let name = format!("Channel {}", channel.number);
        line(
            &name,
            format!("{}: {} {}", channel.name, channel.state, channel.detail).trim(),
        );
    }
    let url = claim_url(&report.portal, identity);
    let _ = write!(
        text,
        "\n{}\n\nScan to add the device, or open\n{url}\n",
        qr(&url)?
    );
    Ok(text)
}

fn count(users: &Users) -> String {
    let all = users.all();
    let administrators = all.iter().filter(|u| u.role == Role::Administrator);
    format!("{} (administrators: {})", all.len(), administrators.count())
}

fn state(uplink: &Uplink) -> String {
    match uplink {
        Uplink::Connecting => "Connecting".to_owned(),
        Uplink::Connected { edge } => format!("Connected (edge {edge})"),
        Uplink::Waiting { reason, retry_s } => {
            format!("Not connected: {reason}; tries again within {retry_s} s")
        }
    }
}

/// What the QR code holds. The parameters come after `#`, so that no browser sends the code to a
/// server before its owner says so.
fn claim_url(portal: &str, identity: &Shown) -> String {
    format!(
        "{portal}/#/claim?id={}&code={}",
        identity.cloud_id,
        identity.code.reveal()
    )
}

/// Two modules a character, dark on light whatever the terminal's colours are.
fn qr(text: &str) -> Result<String, QrError> {
    let code = QrCode::new(text)?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Dark)
        .light_color(Dense1x2::Light)
        .build();
    let lines = drawn
        .lines()
        .map(|line| format!("\x1b[97;40m{line}\x1b[0m"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use sightline_domain::{CloudId, VerificationCode};

    use super::*;
    use crate::status::ChannelLine;

    fn identity() -> Shown {
        Shown {
            cloud_id: CloudId::of_public_key(b"key"),
            code: VerificationCode::from_random([1, 2, 3, 4, 5, 6, 7, 8]),
        }
    }

    #[test]
    fn status_of_a_running_agent_has_everything_that_a_claim_needs() {
        let report = Report {
            cloud: "c:8444".into(),
            portal: "https://c:8443".into(),
            uplink: Uplink::Connected {
                edge: "edge-1".into(),
            },
            time_zone: None,
            channels: vec![ChannelLine {
                number: 1,
                name: "Door".into(),
                state: "offline".into(),
                detail: "The camera cannot be reached.".into(),
            }],
        };
        let text = status(&identity(), &Users::default(), Some(&report)).unwrap();
        let id = identity().cloud_id;
        assert!(text.contains("Connected (edge edge-1)"), "{text}");
        assert!(
            text.contains("Time zone          unknown: shares with hours stay closed"),
            "{text}"
        );
        assert!(
            text.contains("Door: offline The camera cannot be reached."),
            "{text}"
        );
        assert!(
            text.contains(&format!("https://c:8443/#/claim?id={id}&code=1234-5678")),
            "{text}"
        );
    }

    #[test]
    fn status_without_a_running_agent_still_shows_id_and_code() {
        let text = status(&identity(), &Users::default(), None).unwrap();
        assert!(
            text.starts_with("State              Not running\n"),
            "{text}"
        );
        assert!(text.contains("1234-5678"), "{text}");
    }
}
