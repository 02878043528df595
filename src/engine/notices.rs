//! Short messages: which are shown, and for how long. Pure: it is told the time.

use std::sync::Arc;

use super::state::{Notice, NoticeKind};

/// Most notices shown at once; the oldest give way.
const NOTICES_MAX: usize = 8;
/// What only matters at the moment is shown so long, ms: time to read two sentences twice.
const MOMENT_MS: u64 = 15_000;

/// The notices that are shown.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// With the time at which they go by themselves.
    shown: Vec<(Notice, Option<u64>)>,
    last_id: u64,
}

impl Notices {
    pub(super) fn add(&mut self, now_ms: u64, kind: NoticeKind) {
        self.last_id += 1;
        let until_ms = match kind {
            NoticeKind::Failed(_)
            | NoticeKind::DeviceChanged { .. }
            | NoticeKind::MutedWhileSpeaking
            | NoticeKind::HandStillUp => Some(now_ms + MOMENT_MS),
            // Somebody may come back to it later.
            NoticeKind::DeviceLost { .. } | NoticeKind::MissedWhileBusy(_) | NoticeKind::Group(_) => None,
        };
        self.shown.push((Notice { id: self.last_id, kind }, until_ms));
        let surplus = self.shown.len().saturating_sub(NOTICES_MAX);
        self.shown.drain(..surplus);
    }

    pub(super) fn dismiss(&mut self, id: u64) {
        self.shown.retain(|(notice, _)| notice.id != id);
    }

    pub(super) fn expire(&mut self, now_ms: u64) {
        self.shown.retain(|(_, until_ms)| until_ms.is_none_or(|until_ms| now_ms < until_ms));
    }

    /// When the next one goes by itself, ms.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.shown.iter().filter_map(|(_, until_ms)| *until_ms).min()
    }

    /// The oldest first.
    pub(super) fn shown(&self) -> Arc<[Notice]> {
        self.shown.iter().map(|(notice, _)| notice.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::UserId;

    fn missed() -> NoticeKind {
        NoticeKind::MissedWhileBusy(UserId::new("bob").expect("valid"))
    }

    fn ids(notices: &Notices) -> Vec<u64> {
        notices.shown().iter().map(|notice| notice.id).collect()
    }

    #[test]
    fn what_matters_for_a_moment_goes_by_itself() {
        let mut notices = Notices::default();
        notices.add(1_000, missed());
        notices.add(2_000, NoticeKind::MutedWhileSpeaking);
        notices.add(3_000, NoticeKind::MutedWhileSpeaking);
        assert_eq!(notices.deadline(), Some(17_000));
        notices.expire(16_999);
        assert_eq!(ids(&notices), [1, 2, 3]);
        notices.expire(17_000);
        assert_eq!((ids(&notices), notices.deadline()), (vec![1, 3], Some(18_000)));
        notices.expire(1_000_000);
        assert_eq!((ids(&notices), notices.deadline()), (vec![1], None));
        notices.dismiss(1);
        assert!(ids(&notices).is_empty());
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut notices = Notices::default();
        (0..10).for_each(|now_ms| notices.add(now_ms, missed()));
        assert_eq!(ids(&notices), [3, 4, 5, 6, 7, 8, 9, 10]);
    }
}
