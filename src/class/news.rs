//! What was done in a lesson last, so that teachers see each other's decisions at once.

use super::view::View;
use crate::protocol::{
    UserId,
    lesson::{LessonChange, Outcome},
};

/// Changes that are remembered at most.
const NEWS_MAX: usize = 16;

/// Something that somebody has just done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What.
    pub change: LessonChange,
    /// When, monotonic ms.
    pub at_ms: u64,
}

impl News {
    /// Who did it to others; `None` for what somebody did or failed to do on their own.
    pub fn by(&self) -> Option<&UserId> {
        match &self.change {
            LessonChange::Settings { by, .. }
            | LessonChange::FloorGiven { by, .. }
            | LessonChange::Barred { by, .. } => Some(by),
            LessonChange::Offered { offer } => Some(&offer.by),
            LessonChange::Prompted { prompt, .. } => Some(&prompt.by),
            LessonChange::HandLowered { by, .. }
            | LessonChange::FloorEnded { by, .. }
            | LessonChange::Microphone { by, .. } => by.as_ref(),
            _ => None,
        }
    }
}

impl View {
    /// Keeps a change that is news, before it is applied.
    pub(super) fn note(&mut self, now_ms: u64, change: &LessonChange) {
        let news = News { change: change.clone(), at_ms: now_ms };
        let told = match change {
            // With another device it is the same floor.
            LessonChange::FloorGiven { user_id, .. } => self.floor_of(user_id).is_none(),
            LessonChange::OfferEnded { outcome, .. } => *outcome != Outcome::Accepted,
            _ => news.by().is_some(),
        };
        if told {
            if self.news.len() >= NEWS_MAX {
                self.news.pop_front();
            }
            self.news.push_back(news);
        }
    }
}
