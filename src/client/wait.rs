//! A pause of the caller's thread that a Ctrl-C ends.

use std::time::{Duration, Instant};

use crate::client::transport::Interrupt;
use crate::error::Result;

/// Waits on this thread.
pub(super) fn wait(delay: Duration, interrupt: Interrupt) -> Result<()> {
    const SLICE: Duration = Duration::from_millis(50);
    let until = Instant::now() + delay;
    loop {
        interrupt()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(SLICE));
    }
}
