//! What the operating system says about this process.

use std::time::Duration;

use crate::report::model::Figure;

/// Bytes in memory; none where the system does not tell.
pub(super) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// Bytes of the whole machine.
pub(super) fn installed() -> Option<u64> {
    let memory = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// The time that all threads have spent computing.
pub(super) fn computed() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold blanks; after it the third field is the state.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // A tick is a hundredth of a second on every Linux of today.
    Some(Duration::from_millis((user + system) * 10))
}

/// How much `after` is above `before`, as a figure in MB.
pub(super) fn show_growth(before: Option<u64>, after: Option<u64>) -> Figure {
    match (before, after) {
        (Some(before), Some(after)) => {
            let growth = (after as f64 - before as f64) / 1e6;
            let mut figure = Figure::number(growth, "MB").and("RSS");
            if growth >= 0.0 {
                figure.text.insert(0, '+');
            }
            figure
        }
        _ => Figure::words("RSS not told by this system"),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_computes() {
        let (resident, installed) = (resident().unwrap(), installed().unwrap());
        assert!(resident > 500_000 && resident < installed, "{resident} of {installed}");
        let before = computed().unwrap();
        let mut sum = 0_u64;
        while computed().unwrap() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(computed().unwrap() > before);
    }
}
