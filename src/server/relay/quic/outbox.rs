//! Which connections over QUIC have packets that are to leave, whichever thread put them there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

use super::super::Link;

/// The connections, each as often as it was added.
#[derive(Debug, Default)]
pub(in crate::server::relay) struct Outbox {
    full: Mutex<Full>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Full {
    links: Vec<Arc<Link>>,
    pressing: bool,
    /// Whoever empties it waits to be told.
    asleep: bool,
}

/// What is in an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing.
    Nothing,
    /// Only what may wait a little for more.
    MayWait,
    /// Something that is to leave at once.
    Now,
}

impl Outbox {
    fn full(&self) -> MutexGuard<'_, Full> {
        // No code under the lock can panic half-way through a change.
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds connections; whether their packets may wait a little for others.
    pub(in crate::server::relay) fn add(&self, links: Vec<Arc<Link>>, may_wait: bool) {
        if links.is_empty() {
            return;
        }
        let mut full = self.full();
        let news = full.links.is_empty() || (!may_wait && !full.pressing);
        full.links.extend(links);
        full.pressing |= !may_wait;
        if news && std::mem::take(&mut full.asleep) {
            self.filled.notify_one();
        }
    }

    /// Takes the connections, unless they may wait and are not to be taken yet.
    pub(super) fn take(&self, gathered: bool) -> Vec<Arc<Link>> {
        let mut full = self.full();
        full.asleep = false;
        if !full.pressing && !gathered {
            return Vec::new();
        }
        full.pressing = false;
        std::mem::take(&mut full.links)
    }

    /// What is in it, before whoever empties it waits for [`Self::filled`].
    pub(super) fn rest(&self) -> Pending {
        let mut full = self.full();
        let pending = match (full.links.is_empty(), full.pressing) {
            (true, _) => Pending::Nothing,
            (false, false) => Pending::MayWait,
            (false, true) => Pending::Now,
        };
        full.asleep = pending != Pending::Now;
        pending
    }

    /// Resolves when there is more in it than [`Self::rest`] said.
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
        Link::new(SourceId(source), Way::WebSocket, 8, None)
    }

    fn sources(links: &[Arc<Link>]) -> Vec<u32> {
        links.iter().map(|link| link.source.0).collect()
    }

    #[test]
    fn what_may_wait_is_taken_when_it_has_waited_or_something_else_cannot() {
        let outbox = Outbox::default();
        assert_eq!((outbox.rest(), outbox.take(true).len()), (Pending::Nothing, 0));
        outbox.add(vec![link(1), link(2)], true);
        assert_eq!((outbox.rest(), outbox.take(false).len()), (Pending::MayWait, 0));
        assert_eq!(sources(&outbox.take(true)), [1, 2]);
        outbox.add(vec![link(1)], true);
        outbox.add(vec![link(3)], false);
        outbox.add(vec![link(2)], true);
        assert_eq!(outbox.rest(), Pending::Now);
        assert_eq!(sources(&outbox.take(false)), [1, 3, 2]);
        assert_eq!(outbox.rest(), Pending::Nothing);
    }

    #[tokio::test]
    async fn whoever_rests_is_told_of_news() {
        let outbox = Outbox::default();
        for (pending, may_wait) in [(Pending::Nothing, true), (Pending::MayWait, false)] {
            assert_eq!(outbox.rest(), pending);
            outbox.add(vec![link(1)], may_wait);
            // Would not return without a word.
            outbox.filled().await;
        }
    }
}
