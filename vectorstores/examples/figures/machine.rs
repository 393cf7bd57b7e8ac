//! What the operating system says of this process.

use rustix::time::{ClockId, clock_gettime};

/// A line of /proc/self/status, in bytes.
pub(crate) fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    number.unwrap_or_default() * 1024.0
}

/// Forgets the peak of resident memory so far.
pub(crate) fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Bytes handed to the calls that write.
pub(crate) fn written() -> f64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
    number.unwrap_or_default()
}

/// Seconds on the processor of all threads.
pub(crate) fn cpu_seconds() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

/// Seconds on the processor of this thread, so that others on the machine do not count. By the
/// clock and not by /proc, which the kernel brings up to date a few hundred times a second only.
pub(crate) fn cpu_seconds_of_thread() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The fewest seconds that this thread needed in so many tries.
pub(crate) fn fewest(tries: usize, mut work: impl FnMut()) -> f64 {
    let mut timed = || {
        let started = cpu_seconds_of_thread();
        work();
        cpu_seconds_of_thread() - started
    };
    (0..tries).map(|_| timed()).fold(f64::INFINITY, f64::min)
}
