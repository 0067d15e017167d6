//! The Debian packages that the tests need: cameras, a reader of media, a browser.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::process::{answers, command, output, run};

/// Cameras of the tests (gst-rtsp-server with its codecs), and the independent reader of media.
const MEDIA: [&str; 11] = [
    "ffmpeg",
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-libav",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly",
    "gstreamer1.0-rtsp",
    "gstreamer1.0-x",
    "python3-aiosmtpd",
    "python3-gi",
];

/// The browser of the tests, with a font that has Latin and Cyrillic letters.
const BROWSER: [&str; 2] = ["chromium", "fonts-dejavu-core"];

pub(super) fn install(fast: bool) -> anyhow::Result<()> {
    let needed = MEDIA.iter().chain(BROWSER.iter().filter(|_| !fast));
    if !answers(command("dpkg-query").arg("--version"))? {
        println!("This is no Debian. The tests expect what these packages of it hold:");
        println!("{}", needed.copied().collect::<Vec<_>>().join(" "));
        return Ok(());
    }
    let installed = installed()?;
    let missing: Vec<&str> = needed
        .copied()
        .filter(|package| !installed.contains(*package))
        .collect();
    if missing.is_empty() {
        println!("all installed");
        return Ok(());
    }
    if output(command("id").arg("-u"))?.trim() != "0" {
        bail!(
            "packages are missing; install them with: sudo apt-get install --no-install-recommends {}",
            missing.join(" ")
        );
    }
    run(apt_get().arg("update"))?;
    run(apt_get()
        .args(["install", "--yes", "--no-install-recommends"])
        .args(missing))
}

fn apt_get() -> std::process::Command {
    let mut apt_get = command("apt-get");
    apt_get
        .arg("--quiet")
        .env("DEBIAN_FRONTEND", "noninteractive");
    apt_get
}

fn installed() -> anyhow::Result<BTreeSet<String>> {
    let listed = output(
        command("dpkg-query").args(["--show", "--showformat=${db:Status-Abbrev} ${Package}\n"]),
    )?;
    Ok(listed
        .lines()
        .filter_map(|line| line.strip_prefix("ii "))
        .map(|package| package.trim().to_owned())
        .collect())
}
