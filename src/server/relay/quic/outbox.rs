//! Which connections over QUIC have packets that are to leave, whichever thread put them there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

use super::super::Link;
use crate::protocol::RoomId;

/// The connections, each as often as it was added.
#[derive(Debug, Default)]
pub(in crate::server::relay) struct Outbox {
    full: Mutex<Full>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Full {
    /// Whose packets are to leave at once.
    pressing: Vec<Arc<Link>>,
    /// Whose packets may wait for others of their room.
    waiting: Vec<Waiting>,
    /// Whoever empties it waits to be told.
    asleep: bool,
}

/// What waits in one room.
#[derive(Debug)]
struct Waiting {
    room: RoomId,
    until_us: u64,
    links: Vec<Arc<Link>>,
}

/// What is in an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing.
    Nothing,
    /// Only what may wait for more, until then, microseconds.
    Until(u64),
    /// Something that is to leave at once.
    Now,
}

impl Outbox {
    fn full(&self) -> MutexGuard<'_, Full> {
        // No code under the lock can panic half-way through a change.
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds connections whose packets are to leave at once.
    pub(in crate::server::relay) fn add(&self, links: Vec<Arc<Link>>) {
        if links.is_empty() {
            return;
        }
        let mut full = self.full();
        full.pressing.extend(links);
        self.tell(full);
    }

    /// Adds connections of a room whose packets may wait for others of that room, together with those that wait there
    /// already, until then at the latest.
    pub(in crate::server::relay) fn gather(&self, room: RoomId, links: Vec<Arc<Link>>, until_us: u64) {
        let mut full = self.full();
        match full.waiting.iter_mut().find(|waiting| waiting.room == room) {
            Some(waiting) => {
                waiting.until_us = waiting.until_us.min(until_us);
                waiting.links.extend(links);
            }
            None if links.is_empty() => return,
            None => full.waiting.push(Waiting { room, until_us, links }),
        }
        self.tell(full);
    }

    fn tell(&self, mut full: MutexGuard<'_, Full>) {
        if std::mem::take(&mut full.asleep) {
            self.filled.notify_one();
        }
    }

    /// Takes the connections whose packets are to leave by now.
    pub(super) fn take(&self, now_us: u64) -> Vec<Arc<Link>> {
        let mut full = self.full();
        full.asleep = false;
        let mut taken = std::mem::take(&mut full.pressing);
        for due in full.waiting.extract_if(.., |waiting| waiting.until_us <= now_us) {
            taken.extend(due.links);
        }
        taken
    }

    /// What is in it. If that is nothing, whoever empties it may wait for [`Self::filled`].
    pub(super) fn rest(&self) -> Pending {
        let mut full = self.full();
        if !full.pressing.is_empty() {
            return Pending::Now;
        }
        let until_us = full.waiting.iter().map(|waiting| waiting.until_us).min();
        full.asleep = until_us.is_none();
        until_us.map_or(Pending::Nothing, Pending::Until)
    }

    /// Resolves when there is something in it after [`Self::rest`] found nothing.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{Way, link::Link},
        *,
    };
    use crate::protocol::SourceId;

    fn link(source: u32) -> Arc<Link> {
        Link::new(SourceId(source), Way::WebSocket, 8, 0, None)
    }

    fn room(number: u32) -> RoomId {
        RoomId::new(number).expect("valid")
    }

    fn sources(links: &[Arc<Link>]) -> Vec<u32> {
        links.iter().map(|link| link.source.0).collect()
    }

    #[test]
    fn what_may_wait_leaves_in_time_and_holds_up_nobody() {
        let outbox = Outbox::default();
        assert_eq!((outbox.rest(), outbox.take(u64::MAX).len()), (Pending::Nothing, 0));
        outbox.gather(room(1), vec![link(1), link(2)], 500);
        outbox.gather(room(1), vec![link(3)], 600);
        outbox.gather(room(2), vec![link(5)], 550);
        assert_eq!((outbox.rest(), outbox.take(499).len()), (Pending::Until(500), 0));
        outbox.add(vec![link(2), link(4)]);
        assert_eq!((outbox.rest(), sources(&outbox.take(499))), (Pending::Now, vec![2, 4]));
        assert_eq!(sources(&outbox.take(500)), [1, 2, 3]);
        assert_eq!((outbox.rest(), sources(&outbox.take(600))), (Pending::Until(550), vec![5]));
        assert_eq!(outbox.rest(), Pending::Nothing);
        outbox.gather(room(1), vec![link(1)], 900);
        outbox.gather(room(2), Vec::new(), 600);
        outbox.gather(room(1), Vec::new(), 700);
        assert_eq!((outbox.rest(), sources(&outbox.take(700))), (Pending::Until(700), vec![1]));
        outbox.gather(room(1), Vec::new(), 700);
        assert_eq!(outbox.rest(), Pending::Nothing, "nobody waits");
    }

    #[tokio::test]
    async fn whoever_rests_is_told_of_news() {
        let outbox = Outbox::default();
        assert_eq!(outbox.rest(), Pending::Nothing);
        outbox.add(vec![link(1)]);
        // Would not return without a word.
        outbox.filled().await;
        outbox.take(0);
        assert_eq!(outbox.rest(), Pending::Nothing);
        outbox.gather(room(1), vec![link(1)], 500);
        outbox.filled().await;
    }
}
