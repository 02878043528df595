//! Who is there, and what leaving brings with it.

use super::{Lesson, Output};
use crate::protocol::{
    DeviceId, InviteId, UserId,
    lesson::{FloorEnd, HandDown, LessonChange, Outcome, Whereabouts},
};

impl Lesson {
    pub(super) fn enter(&mut self, now_ms: u64, user: &UserId, device: DeviceId, teacher: bool) {
        self.devices.entry(user.clone()).or_default().insert(device.clone(), true);
        self.came(now_ms, user, teacher);
        // The floor is the user's: whoever comes back with another device speaks with that one.
        let elsewhere = self.view.floor_of(user).filter(|floor| !self.is_in(user, &floor.device)).cloned();
        if let Some(floor) = elsewhere {
            self.tell(now_ms, LessonChange::FloorGiven { user_id: user.clone(), device_id: device, by: floor.by });
        }
    }

    pub(super) fn is_in(&self, user: &UserId, device: &DeviceId) -> bool {
        self.devices.get(user).is_some_and(|devices| devices.contains_key(device))
    }

    pub(super) fn came(&mut self, now_ms: u64, user: &UserId, teacher: bool) {
        self.away.remove(user);
        self.empty_since_ms = None;
        if let Some(heard) = self.heard.get_mut(user) {
            *heard = now_ms;
        }
        self.attendance.came(self.length_ms(now_ms), user);
        let known = self.view.people.get(user);
        if known.is_none_or(|person| person.at != Whereabouts::Here || person.teacher != teacher) {
            self.tell(now_ms, LessonChange::Came { user_id: user.clone(), teacher });
        }
    }

    pub(super) fn link(&mut self, now_ms: u64, user: &UserId, device: &DeviceId, up: bool) {
        let Some(devices) = self.devices.get_mut(user) else { return };
        let Some(connected) = devices.get_mut(device) else { return };
        *connected = up;
        if up {
            let teacher = self.view.is_teacher(user);
            self.came(now_ms, user, teacher);
        } else if !devices.values().any(|connected| *connected) {
            self.away(now_ms, user);
        }
    }

    pub(super) fn leave(&mut self, now_ms: u64, user: &UserId, device: &DeviceId, lost: bool) {
        let Some(devices) = self.devices.get_mut(user) else { return };
        if devices.remove(device).is_none() {
            return;
        }
        let connected = devices.values().any(|connected| *connected);
        if devices.is_empty() {
            self.devices.remove(user);
        }
        if lost {
            if !connected {
                self.away(now_ms, user);
            }
            return;
        }
        if self.devices.contains_key(user) {
            // On another device the user is still there, but did not take the floor on that one.
            if self.view.floor_of(user).is_some_and(|floor| floor.device == *device) {
                self.end_floor(now_ms, user, FloorEnd::Returned, None);
            }
            if !connected {
                self.away(now_ms, user);
            }
        } else {
            self.go(now_ms, user);
        }
    }

    pub(super) fn away(&mut self, now_ms: u64, user: &UserId) {
        if self.view.people.get(user).is_none_or(|person| person.at != Whereabouts::Here) {
            return;
        }
        self.away.insert(user.clone(), now_ms);
        self.attendance.left(self.length_ms(now_ms), user);
        self.tell(now_ms, LessonChange::Away { user_id: user.clone() });
        self.note_empty(now_ms);
    }

    /// Somebody is not coming back, or not as the one who went.
    pub(super) fn go(&mut self, now_ms: u64, user: &UserId) {
        self.away.remove(user);
        self.attendance.left(self.length_ms(now_ms), user);
        self.give_all_back(now_ms, user, FloorEnd::Gone, HandDown::Gone);
        if !self.view.is_gone(user) {
            self.tell(now_ms, LessonChange::Gone { user_id: user.clone() });
        }
        self.note_empty(now_ms);
    }

    pub(super) fn give_all_back(&mut self, now_ms: u64, user: &UserId, floor: FloorEnd, hand: HandDown) {
        self.end_floor(now_ms, user, floor, None);
        self.lower_hand(now_ms, user, hand, None);
        self.close_microphone(now_ms, user, None);
        let offers: Vec<InviteId> =
            self.view.offers.iter().filter(|offer| offer.user == *user).map(|offer| offer.invite.clone()).collect();
        for id in offers {
            self.close_part(&id, user);
            let change = LessonChange::OfferEnded { invite_id: id, user_id: user.clone(), outcome: Outcome::Cancelled };
            self.tell(now_ms, change);
        }
    }

    pub(super) fn note_empty(&mut self, now_ms: u64) {
        if !self.view.people.values().any(|person| person.at == Whereabouts::Here) {
            self.empty_since_ms = self.empty_since_ms.or(Some(now_ms));
        }
    }

    pub(super) fn set_role(&mut self, now_ms: u64, user: UserId, teacher: bool) {
        if self.view.people.get(&user).is_none_or(|person| person.teacher == teacher) {
            return;
        }
        // A teacher has no need of hands and floors.
        self.give_all_back(now_ms, &user, FloorEnd::Returned, HandDown::Own);
        self.tell(now_ms, LessonChange::Role { user_id: user, teacher });
    }

    pub(super) fn end(&mut self, now_ms: u64, by: Option<UserId>) {
        let asks: Vec<InviteId> = self.asks.keys().cloned().collect();
        for id in asks {
            self.close(&id);
        }
        let here: Vec<UserId> = self.view.people.keys().cloned().collect();
        for user in here {
            self.attendance.left(self.length_ms(now_ms), &user);
        }
        self.over = true;
        self.outputs.push_back(Output::Over { by });
    }
}
