//! Running other programs: shown before they start, with the reason when they fail.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

/// A command without standard input: nothing here waits for a person.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Runs to the end with the output on this terminal.
///
/// # Errors
/// The program is not there, or did not succeed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("run {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// Runs to the end and returns what it printed on standard output.
///
/// # Errors
/// The program is not there, did not succeed, or printed something other than UTF-8.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("run {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("read the output of {shown}"))
}

/// Runs to the end beside others, and says how long it took, or all that a program that failed has
/// said in one piece.
///
/// # Errors
/// The program is not there, or did not succeed.
pub(crate) fn run_aside(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    let started = Instant::now();
    let output = command.output().with_context(|| format!("run {shown}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        eprintln!("{}", String::from_utf8_lossy(&said));
        bail!("{shown}: {}", output.status);
    }
    eprintln!("$ {shown}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Becomes the program, so that Ctrl-C and the exit code are its own. Returns only on failure.
///
/// # Errors
/// The program is not there.
pub(crate) fn become_program(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    Err(command.exec()).with_context(|| format!("run {shown}"))
}

/// Whether a program answers to one argument, such as `--version`.
pub(crate) fn answers(command: &mut Command) -> anyhow::Result<bool> {
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("run {}", show(command))),
    }
}

fn show(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
