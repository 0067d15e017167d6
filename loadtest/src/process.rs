//! Processes: what others use, how many files this one may open, and how late it is woken.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{Instant, sleep_until};

/// Files that a process has open besides one for each viewer.
const FILES_BESIDES: u64 = 256;
/// Between two looks at how late the machine is.
const LATENESS_TICK: Duration = Duration::from_millis(5);

/// Processor time of each thread of a process since it began.
#[derive(Debug)]
pub(crate) struct Cpu(HashMap<String, Duration>);

impl Cpu {
    /// Reads it. The sum is `utime + stime` of `/proc/PID/stat`, in nanoseconds instead of
    /// hundredths of a second, which are a sixth of what is measured with few viewers.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let mut threads = HashMap::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task")).context("find the process")? {
            let thread = thread?;
            // A thread may end between the two looks.
            let Ok(stat) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let on_cpu = stat.split(' ').next().unwrap_or_default();
            let on_cpu = Duration::from_nanos(on_cpu.parse().context("read schedstat")?);
            threads.insert(thread.file_name().to_string_lossy().into_owned(), on_cpu);
        }
        Ok(Self(threads))
    }

    /// Time since an earlier reading; of threads that ended between the two it is lost.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let new = |(thread, now): (&String, &Duration)| {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            now.saturating_sub(before)
        };
        self.0.iter().map(new).sum()
    }
}

/// Memory of a process that is in RAM, KiB.
pub(crate) fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("find the process")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.context("read VmRSS")?.parse().context("read VmRSS")
}

/// Lets this process and its children open as many files as the system allows them; an error when
/// that is too little for this many viewers.
pub(crate) fn allow_viewers(viewers: usize) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("raise the limit of open files")?;
    let files_max = limit.maximum.unwrap_or(u64::MAX);
    ensure!(
        viewers as u64 + FILES_BESIDES <= files_max,
        "{viewers} viewers need more open files than the {files_max} that are allowed"
    );
    Ok(())
}

/// Does a work, and looks meanwhile how late this process is woken at worst.
pub(crate) async fn with_lateness<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut late_max = Duration::ZERO;
    let done = tokio::select! {
        done = work => done,
        never = lateness(&mut late_max) => match never {},
    };
    (done, late_max)
}

async fn lateness(max: &mut Duration) -> Infallible {
    loop {
        let due = Instant::now() + LATENESS_TICK;
        sleep_until(due).await;
        *max = (*max).max(due.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn processor_time_is_what_the_process_really_used() {
        let me = std::process::id();
        let before = Cpu::of(me).unwrap();
        let began = Instant::now();
        let mut n = 0_u64;
        while Cpu::of(me).unwrap().since(&before) < Duration::from_millis(50) {
            n = std::hint::black_box(n + 1);
        }
        assert!(
            began.elapsed() >= Duration::from_millis(20),
            "two cores at most"
        );
    }

    #[test]
    fn memory_that_is_touched_is_resident() {
        let me = std::process::id();
        let before = resident_kib(me).unwrap();
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(resident_kib(me).unwrap() >= before + (60 << 10));
        drop(touched);
    }
}
