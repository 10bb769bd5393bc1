//! The command's clock, its progress bars, and what it measures. The library reads no clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use propensity::progress::{Measured, Progress};

/// Draws a bar per stage on a terminal and keeps the seconds of every stage.
#[derive(Debug)]
pub(crate) struct Watch {
    bar: ProgressBar,
    stages: Mutex<Vec<(String, Instant)>>,
}

impl Watch {
    /// A watch that draws when `visible`.
    pub(crate) fn new(visible: bool) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template("{msg:<10} [{bar:30}] {human_pos}/{human_len} {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, stages: Mutex::new(Vec::new()) }
    }

    /// Clears the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads a clock")]
fn now() -> Instant {
    Instant::now()
}

/// The time of day, for what is recorded; nothing that is computed depends on it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads a clock")]
pub(crate) fn wall() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// [`wall`] in whole seconds of UTC, as audits write it.
pub(crate) fn utc() -> String {
    wall().round(jiff::Unit::Second).unwrap_or_default().to_string()
}

impl Progress for Watch {
    fn stage(&self, name: &str, total: u64) {
        tracing::debug!(stage = name, "begins");
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), now()));
        self.bar.set_message(name.to_owned());
        self.bar.set_length(total);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    fn measured(&self) -> Measured {
        let stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = stages.iter().skip(1).map(|(_, start)| *start).chain([now()]);
        let seconds = |(start, end): (&(String, Instant), Instant)| {
            (start.0.clone(), (end.duration_since(start.1).as_secs_f64() * 1000.0).round() / 1000.0)
        };
        Measured { stages: stages.iter().zip(ends).map(seconds).collect(), peak_memory_bytes: peak_memory() }
    }
}

/// The highest resident memory of this process so far, where Linux tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
