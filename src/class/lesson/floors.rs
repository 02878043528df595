//! Hands, floors and microphones.

use super::{Lesson, Whose};
use crate::protocol::{
    ApiError, DeviceId, UserId,
    lesson::{FloorEnd, HandDown, LessonChange, LessonSettings},
};

impl Lesson {
    pub(super) fn give_floor(&mut self, now_ms: u64, user: &UserId, device: DeviceId, by: UserId) {
        // What the hand asked for is granted; it is lowered after the turn.
        if let Some(id) = self.view.hand_of(user).and_then(|hand| hand.invite.clone()) {
            self.close(&id);
        }
        self.heard.insert(user.clone(), now_ms);
        self.tell(now_ms, LessonChange::FloorGiven { user_id: user.clone(), device_id: device, by });
    }

    pub(super) fn end_floor(&mut self, now_ms: u64, user: &UserId, why: FloorEnd, by: Option<UserId>) {
        if self.view.floor_of(user).is_none() {
            return;
        }
        self.heard.remove(user);
        let talked_ms = self.attendance.talked_ms(user);
        self.tell(now_ms, LessonChange::FloorEnded { user_id: user.clone(), why, by, talked_ms });
        self.lower_hand(now_ms, user, HandDown::Spoken, None);
    }

    pub(super) fn lower_hand(&mut self, now_ms: u64, user: &UserId, why: HandDown, by: Option<UserId>) {
        let Some(hand) = self.view.hand_of(user) else { return };
        if let Some(id) = hand.invite.clone() {
            self.close(&id);
        }
        self.tell(now_ms, LessonChange::HandLowered { user_id: user.clone(), why, by });
    }

    pub(super) fn close_microphone(&mut self, now_ms: u64, user: &UserId, by: Option<UserId>) {
        if self.view.open.contains(user) {
            self.microphone(now_ms, user, false, by);
        }
    }

    pub(super) fn microphone(&mut self, now_ms: u64, user: &UserId, open: bool, by: Option<UserId>) {
        let talked_ms = self.attendance.talked_ms(user);
        self.tell(now_ms, LessonChange::Microphone { user_id: user.clone(), open, by, talked_ms });
    }

    pub(super) fn set_microphones(
        &mut self,
        now_ms: u64,
        by: &UserId,
        open: bool,
        whose: &Whose,
    ) -> Result<(), ApiError> {
        self.check_microphones(by, open, whose)?;
        if open {
            if !self.view.open.contains(by) {
                self.microphone(now_ms, by, true, None);
            }
            return Ok(());
        }
        let users: Vec<UserId> = match whose {
            Whose::Own => vec![by.clone()],
            Whose::Of(users) => users.clone(),
            Whose::All => self.view.people.keys().cloned().collect(),
        };
        let why = if *whose == Whose::All { FloorEnd::MutedAll } else { FloorEnd::TakenBack };
        for user in users {
            let other = (user != *by).then(|| by.clone());
            self.end_floor(now_ms, &user, if other.is_some() { why } else { FloorEnd::Returned }, other.clone());
            self.close_microphone(now_ms, &user, other);
        }
        Ok(())
    }

    pub(super) fn set(&mut self, now_ms: u64, by: UserId, settings: LessonSettings) {
        if self.view.settings == settings {
            return;
        }
        if !settings.free_microphones {
            let open: Vec<UserId> = self.view.open.iter().cloned().collect();
            for user in open {
                self.close_microphone(now_ms, &user, Some(by.clone()));
            }
        }
        if settings.silence_s > 0 {
            // The silence counts from when it was chosen.
            self.heard.values_mut().for_each(|heard| *heard = now_ms);
        }
        self.tell(now_ms, LessonChange::Settings { settings, by });
    }
}
