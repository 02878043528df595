//! The invitations of a lesson: what they begin, and what comes of their answers.

use super::{Ask, Lesson, Output};
use crate::protocol::{
    DeviceId, InviteId, UserId,
    class_data::{ClassAnswer, ClassCommand},
    lesson::{HandDown, LessonChange, Mine, Offer, Outcome, Prompt},
};

impl Lesson {
    pub(super) fn invited(&mut self, now_ms: u64, id: InviteId, ask: Ask, timeout_s: u32) {
        let remaining_ms = (timeout_s > 0).then(|| u64::from(timeout_s) * 1_000);
        match &ask.command {
            ClassCommand::RaiseHands | ClassCommand::RollCall | ClassCommand::Poll { .. } => {
                if ask.command == ClassCommand::RollCall {
                    ask.open.iter().for_each(|user| self.attendance.called(user));
                }
                let all = self.view.there(false).eq(&ask.open);
                let whom = if all { Vec::new() } else { ask.open.iter().cloned().collect() };
                let prompt = Prompt {
                    invite_id: id.clone(),
                    by: ask.by.clone(),
                    command: ask.command.clone(),
                    remaining_ms,
                    over: false,
                    answers: Vec::new(),
                    // Said by `whom`, more shortly.
                    waiting: Vec::new(),
                    mine: Mine::No,
                };
                self.tell(now_ms, LessonChange::Prompted { prompt, whom });
            }
            ClassCommand::Speak => {
                for user in &ask.open {
                    let offer =
                        Offer { invite_id: id.clone(), user_id: user.clone(), by: ask.by.clone(), remaining_ms };
                    self.tell(now_ms, LessonChange::Offered { offer });
                }
            }
            ClassCommand::AskToSpeak => {
                let change = LessonChange::HandRaised { user_id: ask.by.clone(), invite_id: Some(id.clone()) };
                self.tell(now_ms, change);
            }
            ClassCommand::React { reaction } => {
                self.tell(now_ms, LessonChange::Reacted { user_id: ask.by, reaction: *reaction });
                self.outputs.push_back(Output::Close { id, user: None });
                return;
            }
        }
        self.asks.insert(id, ask);
    }

    pub(super) fn accepted(&mut self, now_ms: u64, id: &InviteId, user: &UserId, device: DeviceId, data: &str) {
        let Some(ask) = self.asks.get_mut(id) else { return };
        if !ask.open.remove(user) {
            return;
        }
        let (command, by, asker) = (ask.command.clone(), ask.by.clone(), ask.device.clone());
        match command {
            ClassCommand::RaiseHands => {
                self.answered(now_ms, id, user, Some(0));
                if self.view.hand_of(user).is_none() && self.view.floor_of(user).is_none() {
                    self.tell(now_ms, LessonChange::HandRaised { user_id: user.clone(), invite_id: None });
                }
            }
            ClassCommand::RollCall => {
                self.attendance.answered(user);
                self.answered(now_ms, id, user, Some(0));
            }
            ClassCommand::Poll { .. } => {
                let choice = ClassAnswer::parse(data).map_or(0, |answer| answer.choice);
                self.answered(now_ms, id, user, Some(choice));
            }
            ClassCommand::Speak => {
                self.end_offer(now_ms, id, user, Outcome::Accepted);
                self.give_floor(now_ms, user, device, by);
            }
            ClassCommand::AskToSpeak => {
                // One teacher's word is enough.
                self.close(id);
                self.give_floor(now_ms, &by, asker, user.clone());
            }
            ClassCommand::React { .. } => {}
        }
        self.forget_if_over(now_ms, id);
    }

    pub(super) fn ended(&mut self, now_ms: u64, id: &InviteId, users: &[UserId], outcome: Outcome) {
        let Some(ask) = self.asks.get_mut(id) else { return };
        // What is over for somebody already does not end again.
        let users: Vec<&UserId> = users.iter().filter(|user| ask.open.remove(*user)).collect();
        let (command, by, none_left) = (ask.command.clone(), ask.by.clone(), ask.open.is_empty());
        match command {
            ClassCommand::RaiseHands | ClassCommand::RollCall | ClassCommand::Poll { .. } => {
                if outcome == Outcome::Declined {
                    users.iter().for_each(|user| self.answered(now_ms, id, user, None));
                }
            }
            ClassCommand::Speak => users.iter().for_each(|user| self.end_offer(now_ms, id, user, outcome)),
            ClassCommand::AskToSpeak => {
                let down = match outcome {
                    Outcome::Declined => Some((HandDown::Declined, users.first().map(|user| (*user).clone()))),
                    _ if !none_left => None,
                    Outcome::TimedOut => Some((HandDown::TimedOut, None)),
                    Outcome::Cancelled | Outcome::Accepted => Some((HandDown::Own, None)),
                };
                if let Some((why, teacher)) = down {
                    self.lower_hand(now_ms, &by, why, teacher);
                }
            }
            ClassCommand::React { .. } => {}
        }
        self.forget_if_over(now_ms, id);
    }

    pub(super) fn answered(&mut self, now_ms: u64, id: &InviteId, user: &UserId, choice: Option<u8>) {
        self.tell(now_ms, LessonChange::Answered { invite_id: id.clone(), user_id: user.clone(), choice });
    }

    pub(super) fn end_offer(&mut self, now_ms: u64, id: &InviteId, user: &UserId, outcome: Outcome) {
        self.tell(now_ms, LessonChange::OfferEnded { invite_id: id.clone(), user_id: user.clone(), outcome });
    }

    pub(super) fn forget_if_over(&mut self, now_ms: u64, id: &InviteId) {
        let Some(ask) = self.asks.get(id).filter(|ask| ask.open.is_empty()) else { return };
        let asks_all =
            matches!(ask.command, ClassCommand::RaiseHands | ClassCommand::RollCall | ClassCommand::Poll { .. });
        self.asks.remove(id);
        if asks_all {
            self.tell(now_ms, LessonChange::PromptEnded { invite_id: id.clone() });
        }
    }

    /// Ends an invitation, if it is open.
    pub(super) fn close(&mut self, id: &InviteId) {
        if self.asks.remove(id).is_some_and(|ask| !ask.open.is_empty()) {
            self.outputs.push_back(Output::Close { id: id.clone(), user: None });
        }
    }

    pub(super) fn close_part(&mut self, id: &InviteId, user: &UserId) {
        let Some(ask) = self.asks.get_mut(id) else { return };
        if ask.open.remove(user) {
            self.outputs.push_back(Output::Close { id: id.clone(), user: Some(user.clone()) });
        }
        if ask.open.is_empty() {
            self.asks.remove(id);
        }
    }
}
