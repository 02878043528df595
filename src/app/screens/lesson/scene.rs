//! What one drawing needs to know of a lesson: looked up once, however many rows there are.

use std::collections::HashMap;

use crate::{
    call::CallView,
    class::{Sign, View},
    engine::state::Group,
    protocol::{DeviceId, UserId, class_data::Reaction, lesson::Whereabouts},
};

use super::super::super::{Cx, format, widgets};
use super::super::party;

/// A sign is shown for so long, ms.
const SIGN_MS: u64 = 5_000;

/// A lesson, as it is drawn now.
pub(super) struct Scene<'a> {
    pub(super) call: &'a CallView,
    pub(super) lesson: &'a View,
    /// Who looks at it.
    pub(super) me: &'a UserId,
    /// That is a teacher.
    pub(super) teaches: bool,
    /// How many are here, and how many are away for the moment.
    pub(super) here: usize,
    pub(super) away: usize,
    /// The class, if it is known.
    pub(super) group: Option<&'a Group>,
    now_ms: u64,
    device: Option<&'a DeviceId>,
    names: HashMap<&'a UserId, &'a str>,
}

impl<'a> Scene<'a> {
    /// The lesson as it stands; `None` if nobody looks at it.
    pub(super) fn of(cx: &Cx<'a>, call: &'a CallView, lesson: &'a View) -> Option<Self> {
        let mut names: HashMap<&UserId, &str> =
            cx.state.people.iter().map(|person| (&person.user, person.display_name.as_str())).collect();
        names.extend(cx.state.me.iter().map(|me| (&me.user, me.display_name.as_str())));
        let me = lesson.me.as_ref().or(cx.state.me.as_ref().map(|me| &me.user))?;
        let at = |at| lesson.people.values().filter(|person| person.at == at).count();
        Some(Self {
            call,
            lesson,
            me,
            teaches: lesson.is_teacher(me),
            here: at(Whereabouts::Here),
            away: at(Whereabouts::Away),
            group: call.group.as_ref().and_then(|group| cx.state.group(group)),
            now_ms: cx.state.now_ms,
            device: cx.state.devices.iter().find(|device| device.own).map(|device| &device.id),
            names,
        })
    }

    /// Whether this user says who is a teacher.
    pub(super) fn names_teachers(&self) -> bool {
        self.group.is_some_and(Group::may_name_admins)
    }

    /// Somebody's name, or the identifier of whoever is not known.
    pub(super) fn name<'b>(&'b self, user: &'b UserId) -> &'b str {
        self.names.get(user).copied().unwrap_or(user.as_str())
    }

    /// For how long something has been so.
    pub(super) fn passed(&self, since_ms: u64) -> String {
        format::timer(self.now_ms.saturating_sub(since_ms) / 1000)
    }

    /// How long something may still take; the last second counts as one.
    pub(super) fn left(&self, until_ms: u64) -> String {
        format::timer(until_ms.saturating_sub(self.now_ms).div_ceil(1000))
    }

    /// How long the lesson has been on.
    pub(super) fn elapsed(&self) -> String {
        let passed_ms = self.now_ms.cast_signed().saturating_sub(self.lesson.started_ms);
        format::timer(passed_ms.max(0).unsigned_abs() / 1000)
    }

    /// Whether something of then is still worth showing.
    pub(super) fn is_fresh(&self, at_ms: u64, for_ms: u64) -> bool {
        self.now_ms.saturating_sub(at_ms) < for_ms
    }

    /// How far along the time is in which something is shown, 0 to 1.
    fn age(&self, at_ms: u64) -> f32 {
        (self.now_ms.saturating_sub(at_ms) as f32 / SIGN_MS as f32).clamp(0.0, 1.0)
    }

    /// The signs of the last seconds, the oldest first.
    pub(super) fn signs(&self) -> impl Iterator<Item = &'a Sign> {
        let now_ms = self.now_ms;
        self.lesson.signs.iter().filter(move |sign| now_ms.saturating_sub(sign.at_ms) < SIGN_MS)
    }

    /// The sign that somebody gave last, and how far its time is along.
    pub(super) fn sign_of(&self, user: &UserId) -> Option<(Reaction, f32)> {
        self.signs().filter(|sign| sign.user == *user).last().map(|sign| (sign.reaction, self.age(sign.at_ms)))
    }

    /// The place of somebody's hand in the list, from 1.
    pub(super) fn place(&self, user: &UserId) -> Option<usize> {
        self.lesson.hands.iter().position(|hand| hand.user == *user).map(|place| place + 1)
    }

    /// Whether the relay lets through what this device sends.
    pub(super) fn may_speak(&self) -> bool {
        match self.device {
            Some(device) => self.lesson.may_speak(self.me, device),
            None => self.lesson.floor_of(self.me).is_some(),
        }
    }

    /// How loud somebody is, as a ring shows it.
    pub(super) fn ring(&self, cx: &Cx<'_>, user: &UserId) -> f32 {
        if user == self.me {
            let open = self.may_speak() && !cx.state.audio.muted;
            let level = widgets::level_fraction(cx.state.audio.microphone_level_dbfs);
            return if open && level > 0.2 { level } else { 0.0 };
        }
        party::talk_ring(cx, self.call, user)
    }

    /// Whether a student can be invited to speak now.
    pub(super) fn may_be_invited(&self, user: &UserId) -> bool {
        let lesson = self.lesson;
        let here = lesson.people.get(user).is_some_and(|person| !person.teacher && person.at == Whereabouts::Here);
        here && lesson.floor_of(user).is_none() && lesson.offer_to(user).is_none()
    }

    /// Floors that can still be given.
    pub(super) fn floors_left(&self) -> usize {
        let taken = self.lesson.floors.len() + self.lesson.offers.len();
        usize::from(self.lesson.settings.floors).saturating_sub(taken)
    }
}
