//! The thread around the logic: it waits, takes the time, and hands over batches.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use super::{CoreConfig, CoreError, Input, logic::Logic, wall::Wall};
use crate::signaling::UNTIMED_KEPT_MS;

/// How many inputs are committed together at most.
const BATCH: usize = 64;
/// What the monotonic clock shows at the start: enough that what began before a restart began at a positive time.
const CLOCK_START_MS: u64 = 2 * UNTIMED_KEPT_MS;

/// What the computer's clock shows, ms since the Unix epoch.
fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Opens the database and starts the thread.
pub(super) fn start(config: CoreConfig, inputs: mpsc::Receiver<Input>) -> Result<(), CoreError> {
    let system_ms = system_ms();
    let wall = Wall::new(CLOCK_START_MS, system_ms);
    let logic = Logic::open(config, CLOCK_START_MS, system_ms)?;
    // Only for its timer: a queue of tokio's has no blocking wait with a deadline.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("ahoy-core".into()).spawn(move || runtime.block_on(serve(logic, wall, inputs)))?;
    Ok(())
}

async fn serve(mut logic: Logic, mut wall: Wall, mut inputs: mpsc::Receiver<Input>) {
    let started = Instant::now();
    let now_ms = || CLOCK_START_MS + u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX >> 1);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let wait = Duration::from_millis(logic.next_deadline().saturating_sub(now_ms()));
        let received = tokio::time::timeout(wait, inputs.recv_many(&mut batch, BATCH)).await;
        let now_ms = now_ms();
        let done = logic.run(now_ms, wall.read(now_ms, system_ms(), logic.is_talking()), std::mem::take(&mut batch));
        if done.is_some() || received == Ok(0) {
            // The database is closed before anyone is told, so that it can be opened again at once.
            drop(logic);
            inputs.close();
            if let Some(done) = done {
                // Whoever asked may be gone.
                let _ = done.send(());
            }
            return;
        }
    }
}
