//! What a worker process may use, held by the kernel.

use gori_core::{Error, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Limits;

/// Limits for the whole life of a worker.
///
/// No new descriptor can be opened once all numbers below the limit are taken: no file and
/// no socket. A file that is open cannot grow. A crash leaves no core file.
pub(super) fn for_life() -> Result<()> {
    set(Resource::Nofile, 3, 3)?;
    set(Resource::Fsize, 0, 0)?;
    set(Resource::Core, 0, 0)?;
    #[cfg(target_os = "linux")]
    rustix::thread::set_no_new_privs(true).map_err(refused)?;
    Ok(())
}

/// Limits for one job, above what the worker itself takes.
pub(super) fn for_job(limits: &Limits, own_memory: Option<u64>, input: u64) -> Result<()> {
    if let Some(own) = own_memory {
        let memory = own.saturating_add(limits.memory).saturating_add(input);
        raise(Resource::As, memory)?;
    }
    // The kernel counts the whole life of the process in whole seconds. The wall clock is
    // watched from outside; this is for a worker whose parent is gone.
    let spent = cpu_seconds();
    let more = limits.time.as_secs().saturating_add(2);
    raise(Resource::Cpu, spent.saturating_add(more))
}

/// The seconds of processor that this process has used.
fn cpu_seconds() -> u64 {
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    u64::try_from(clock.tv_sec).unwrap_or_default()
}

/// The address space that this process takes now. Known on Linux alone; elsewhere the kernel
/// does not hold a limit on it either.
pub(super) fn own_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// Sets the soft limit; the hard one stays, so that the next job can have another.
fn raise(resource: Resource, soft: u64) -> Result<()> {
    let hard = getrlimit(resource).maximum;
    let soft = hard.map_or(soft, |hard| soft.min(hard));
    let limit = Rlimit {
        current: Some(soft),
        maximum: hard,
    };
    setrlimit(resource, limit).map_err(refused)
}

fn set(resource: Resource, soft: u64, hard: u64) -> Result<()> {
    let limit = Rlimit {
        current: Some(soft),
        maximum: Some(hard),
    };
    setrlimit(resource, limit).map_err(refused)
}

fn refused(error: rustix::io::Errno) -> Error {
    Error::io("the limits of a worker process", error.into())
}
