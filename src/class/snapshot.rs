//! A lesson as a whole: as it is told to somebody who comes, and as that becomes a view again.

use std::collections::{BTreeMap, VecDeque};

use super::view::{Floor, Hand, Offer, Person, Prompt, View};
use crate::protocol::{
    UserId,
    lesson::{self, Attendee, LessonState, Mine},
};

impl View {
    /// A lesson that has been told as a whole.
    pub fn of(now_ms: u64, me: UserId, state: &LessonState) -> Self {
        let since = |passed_ms: u64| now_ms.saturating_sub(passed_ms);
        Self {
            me: Some(me),
            settings: state.settings,
            started_ms: now_ms.cast_signed().saturating_sub(state.elapsed_ms.try_into().unwrap_or(i64::MAX)),
            people: state.people.iter().map(|person| (person.user_id.clone(), known(person))).collect(),
            hands: state
                .hands
                .iter()
                .map(|hand| Hand {
                    user: hand.user_id.clone(),
                    invite: hand.invite_id.clone(),
                    since_ms: since(hand.waiting_ms),
                })
                .collect(),
            floors: state
                .floors
                .iter()
                .map(|floor| Floor {
                    user: floor.user_id.clone(),
                    device: floor.device_id.clone(),
                    by: floor.by.clone(),
                    since_ms: since(floor.held_ms),
                })
                .collect(),
            offers: state.offers.iter().map(|offer| offered(now_ms, offer)).collect(),
            open: state.open.iter().cloned().collect(),
            prompts: state.prompts.iter().map(|prompt| prompted(now_ms, prompt)).collect(),
            barred: state.barred.iter().cloned().collect(),
            signs: VecDeque::new(),
            news: VecDeque::new(),
            refused: BTreeMap::new(),
        }
    }

    /// The lesson as it is told as a whole. Questions have nothing to do with anybody yet.
    pub fn state(&self, now_ms: u64) -> LessonState {
        let passed = |since_ms: u64| now_ms.saturating_sub(since_ms);
        let left = |until_ms: Option<u64>| until_ms.map(|until| until.saturating_sub(now_ms));
        LessonState {
            settings: self.settings,
            elapsed_ms: now_ms.cast_signed().saturating_sub(self.started_ms).try_into().unwrap_or(0),
            people: self
                .people
                .iter()
                .map(|(user, person)| Attendee {
                    user_id: user.clone(),
                    teacher: person.teacher,
                    at: person.at,
                    hands: person.hands,
                    turns: person.turns,
                    talked_ms: person.talked_ms,
                })
                .collect(),
            hands: self
                .hands
                .iter()
                .map(|hand| lesson::Hand {
                    user_id: hand.user.clone(),
                    invite_id: hand.invite.clone(),
                    waiting_ms: passed(hand.since_ms),
                })
                .collect(),
            floors: self
                .floors
                .iter()
                .map(|floor| lesson::Floor {
                    user_id: floor.user.clone(),
                    device_id: floor.device.clone(),
                    by: floor.by.clone(),
                    held_ms: passed(floor.since_ms),
                })
                .collect(),
            offers: self
                .offers
                .iter()
                .map(|offer| lesson::Offer {
                    invite_id: offer.invite.clone(),
                    user_id: offer.user.clone(),
                    by: offer.by.clone(),
                    remaining_ms: left(offer.until_ms),
                })
                .collect(),
            open: self.open.iter().cloned().collect(),
            prompts: self
                .prompts
                .iter()
                .map(|prompt| lesson::Prompt {
                    invite_id: prompt.invite.clone(),
                    by: prompt.by.clone(),
                    command: prompt.command.clone(),
                    remaining_ms: left(prompt.until_ms),
                    over: prompt.over,
                    answers: prompt.answers.iter().map(|(user, choice)| (user.clone(), *choice)).collect(),
                    waiting: prompt.waiting.iter().cloned().collect(),
                    mine: Mine::No,
                })
                .collect(),
            barred: self.barred.iter().cloned().collect(),
        }
    }
}

fn known(person: &Attendee) -> Person {
    let Attendee { teacher, at, hands, turns, talked_ms, .. } = *person;
    Person { teacher, at, hands, turns, talked_ms }
}

pub(super) fn offered(now_ms: u64, offer: &lesson::Offer) -> Offer {
    Offer {
        invite: offer.invite_id.clone(),
        user: offer.user_id.clone(),
        by: offer.by.clone(),
        until_ms: offer.remaining_ms.map(|left| now_ms.saturating_add(left)),
    }
}

pub(super) fn prompted(now_ms: u64, prompt: &lesson::Prompt) -> Prompt {
    Prompt {
        invite: prompt.invite_id.clone(),
        by: prompt.by.clone(),
        command: prompt.command.clone(),
        until_ms: prompt.remaining_ms.map(|left| now_ms.saturating_add(left)),
        over: prompt.over,
        answers: prompt.answers.iter().cloned().collect(),
        waiting: prompt.waiting.iter().cloned().collect(),
        mine: prompt.mine,
    }
}
