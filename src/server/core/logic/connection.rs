//! One connection: its way out, and who is signed in on it.

use std::collections::{BTreeSet, HashSet, VecDeque};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::super::Out;
use crate::{
    protocol::{InviteId, UserId, api::Start, lesson::PEOPLE_MAX},
    signaling::Actor,
};

/// How many frames wait here when the connection's queue is full; with one more, it is too slow to be kept.
const BACKLOG_MAX: usize = 256;

/// The same for whoever is in a lesson: when a class answers at once, each answer is told to all, as an answer and as a
/// change of the lesson.
const LESSON_BACKLOG_MAX: usize = 3 * PEOPLE_MAX;

/// A connection.
#[derive(Debug)]
pub(super) struct Conn {
    out: mpsc::Sender<Out>,
    /// What did not fit the queue and may not be lost. Never events of the log: those wait in the log.
    backlog: VecDeque<Out>,
    /// Whose presence changed while the queue was full.
    pub(super) stale: BTreeSet<UserId>,
    pub(super) session: Option<Session>,
}

impl Conn {
    pub(super) fn new(out: mpsc::Sender<Out>) -> Self {
        Self { out, backlog: VecDeque::new(), stale: BTreeSet::new(), session: None }
    }

    /// Whether the next frame goes straight into the queue.
    pub(super) fn has_room(&self) -> bool {
        self.backlog.is_empty() && self.out.capacity() > 0
    }

    /// Sends a frame, or lets it wait here; `false` if too many wait already.
    #[must_use]
    pub(super) fn push(&mut self, out: Out) -> bool {
        if !self.backlog.is_empty() {
            self.backlog.push_back(out);
        } else if let Err(TrySendError::Full(out)) = self.out.try_send(out) {
            // A closed queue is no error: the news that the connection is gone is on its way.
            self.backlog.push_back(out);
        }
        self.backlog.len() <= BACKLOG_MAX
    }

    /// Whether no more waits here than may, where the device is in a lesson.
    pub(super) fn keeps_up_with_a_lesson(&self) -> bool {
        self.backlog.len() <= LESSON_BACKLOG_MAX
    }

    /// Sends what waits here, as far as there is room.
    pub(super) fn flush(&mut self) {
        while let Some(out) = self.backlog.pop_front() {
            if let Err(TrySendError::Full(out)) = self.out.try_send(out) {
                self.backlog.push_front(out);
                return;
            }
        }
    }
}

/// A signed-in device.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) actor: Actor,
    /// When it began, monotonic ms.
    pub(super) since_ms: u64,
    pub(super) start: Start,
    /// What the device had when the session began.
    pub(super) base: u64,
    /// The end of the log when the session began: up to here it is a replay.
    pub(super) until: u64,
    /// The last event of the log that was sent.
    pub(super) cursor: u64,
    /// The log's next events are to be read from the store, not taken as they come.
    pub(super) behind: bool,
    /// `onSyncFinished` has not been sent.
    pub(super) syncing: bool,
    /// Open invitations up to `base` that are called back again.
    pub(super) callbacks: VecDeque<u64>,
    /// Invitations called back out of the replay, or added by the device.
    pub(super) told: HashSet<InviteId>,
    /// What the device says it has stored.
    pub(super) acked: u64,
    /// The device says that it lets nothing ring.
    pub(super) do_not_disturb: bool,
}
