//! Lessons: calls of a group whose room has rules about who speaks. What of them is in the answer to `enterRoom` and in
//! every change since is the [`View`]; the rules are the server's.
//!
//! A lesson differs from other calls of several in three ways: being alone ends nothing, so that it is on as soon as this
//! device is inside; the teachers can end it for all; and who comes back within a minute has lost nothing.

use std::sync::Arc;

use crate::{
    class::View,
    protocol::{
        ApiError, Code, GroupId, InviteId, UserId,
        api::{EndLesson, EnterRoomReply},
        event::{LessonChanged, LessonOver, MicrophoneRefused},
        lesson::LessonSettings,
    },
};

use super::{
    live::{Call, HangupDuty, Invitation, Limit, Place},
    machine::{CONNECT_MS, Machine, Output, RequestReply},
    outbox::Ask,
    party::Party,
    view::{Direction, EndReason, Phase},
};

/// Most news of a lesson that is kept while the answer to `enterRoom` is on its way. The oldest give way: the answer is
/// most likely to have them.
const MEANWHILE_MAX: usize = 1_024;

/// What a call has beside a call of several if it is a lesson, or may turn out to be one.
#[derive(Debug, Default)]
pub(super) struct LessonPart {
    /// It is opened with these settings.
    opening: Option<LessonSettings>,
    /// What the room told while the answer to `enterRoom` was on its way: it may be older.
    meanwhile: Vec<LessonChanged>,
    /// This device has asked to end it for all.
    ending: bool,
}

impl Call {
    /// The settings that the room is to be opened with.
    pub(super) fn lesson_to_open(&self) -> Option<LessonSettings> {
        self.lesson.opening
    }

    /// `enterRoom` goes out: what came before is older than its answer.
    pub(super) fn forget_lesson_news(&mut self) {
        self.lesson.meanwhile.clear();
    }

    /// The answer to `enterRoom`, and what has happened behind it.
    pub(super) fn take_lesson_in(&mut self, now_ms: u64, me: &UserId, reply: &EnterRoomReply) {
        let refused = self.view.lesson.as_ref().map(|view| view.refused.clone());
        let view = reply.lesson.as_ref().map(|state| View::of(now_ms, me.clone(), state));
        self.view.lesson = view.map(|view| Arc::new(View { refused: refused.unwrap_or_default(), ..view }));
        for news in std::mem::take(&mut self.lesson.meanwhile) {
            if news.room_id == reply.room_id && !self.knows(news.change) {
                self.apply(now_ms, &news);
            }
        }
    }

    fn apply(&mut self, now_ms: u64, news: &LessonChanged) {
        let Some(view) = self.view.lesson.as_mut().map(Arc::make_mut) else { return };
        for change in &news.changes {
            view.apply(now_ms, change);
        }
    }

    fn keep_for_later(&mut self, news: LessonChanged) {
        if self.lesson.meanwhile.len() >= MEANWHILE_MAX {
            self.lesson.meanwhile.remove(0);
        }
        self.lesson.meanwhile.push(news);
    }

    /// This device is, or was, a teacher of the lesson.
    pub(super) fn is_taught_by(&self, me: &UserId) -> bool {
        self.view.lesson.as_ref().is_some_and(|view| view.is_teacher(me))
    }
}

impl Machine {
    /// The person opens a lesson in a group, and goes in; nobody need be rung.
    pub(super) fn start_lesson(&mut self, group: GroupId, settings: LessonSettings, ring: Vec<UserId>) {
        let ring = self.others_once(ring);
        if let Err(error) = settings.check() {
            return self.put(Output::Refused { whom: ring, error });
        }
        if self.is_in_a_call(&ring, |call| call.view.group.as_ref() == Some(&group)) {
            return;
        }
        let (id, room) = (self.ids.invite(), self.ids.room());
        let peer = ring.first().unwrap_or(&self.me).clone();
        self.hide_ended();
        let mut call = Call::new(id, peer, Direction::Outgoing, room, self.now_ms + CONNECT_MS);
        call.view.group = Some(group);
        call.view.phase = Phase::Connecting;
        call.party = Some(Party::default());
        call.lesson.opening = Some(settings);
        call.limit = Some((self.now_ms + CONNECT_MS, Limit::Lost));
        let i = self.take_up(call);
        self.add_legs(i, ring, true);
        self.open_room(i);
    }

    /// The person ends the lesson for all.
    pub(super) fn end_lesson(&mut self, id: &InviteId) {
        let inside = |call: &Call| call.is_live() && call.view.lesson.is_some();
        let found = self.find(id).filter(|i| inside(&self.calls[*i]));
        let Some((i, group_id)) = found.and_then(|i| Some((i, self.calls[i].view.group.clone()?))) else {
            let error = ApiError::new(Code::InvalidOperation, "You are in no lesson that could be ended.");
            return self.put(Output::Refused { whom: Vec::new(), error });
        };
        if !std::mem::replace(&mut self.calls[i].lesson.ending, true) {
            let id = self.calls[i].view.call_id.clone();
            self.ask(&id, Ask::EndLesson(EndLesson { group_id }), self.now_ms + CONNECT_MS);
        }
    }

    /// The lesson is over for all because this device wanted it, or it is not.
    pub(super) fn end_lesson_answered(&mut self, i: usize, result: Result<RequestReply, ApiError>) {
        self.calls[i].lesson.ending = false;
        match result {
            Ok(reply) => {
                // Everybody is out of the room already.
                self.calls[i].place = Place::Outside;
                self.calls[i].settled = true;
                self.end(i, EndReason::HungUp, None);
                self.exited(i, Ok(reply));
            }
            // Another teacher may have been first: then it is over, and says why.
            Err(error) if self.calls[i].is_live() => self.put(Output::Refused { whom: Vec::new(), error }),
            Err(_) => {}
        }
    }

    /// This device is inside: the lesson is on, whoever else is there. Only its own trouble interrupts it.
    pub(super) fn lesson_progress(&mut self, i: usize, reply: EnterRoomReply, relay_lost: Option<u64>) {
        let now_ms = self.now_ms;
        let call = &mut self.calls[i];
        call.view.talking_since_ms.get_or_insert(now_ms);
        call.view.ring_deadline_ms = None;
        if let Some(since_ms) = relay_lost {
            call.is_cut_off(since_ms);
            call.view.phase = Phase::Reconnecting;
        } else {
            call.view.phase = Phase::InCall;
            (call.cut_off_ms, call.limit) = (None, None);
        }
        if !call.media && call.may_sound() {
            call.media = true;
            self.put(Output::StartMedia(reply));
        }
    }

    // ---- what the server tells --------------------------------------------------------------------------------------

    pub(super) fn lesson_changed(&mut self, news: LessonChanged) {
        let now_ms = self.now_ms;
        let Some(i) = self.live_in_room(news.room_id) else {
            // It may be the room of the group in which a lesson is being opened.
            let opens = |call: &&mut Call| call.is_live() && call.invitation == Invitation::Unsent;
            if let Some(call) = self.calls.iter_mut().find(opens).filter(|call| call.view.group.is_some()) {
                call.keep_for_later(news);
            }
            return;
        };
        let call = &mut self.calls[i];
        if call.knows(news.change) {
            return;
        }
        let entering = call.is_entering();
        call.apply(now_ms, &news);
        let unknown = call.view.lesson.is_none();
        if entering {
            call.keep_for_later(news);
        } else if unknown {
            // A call of the group has become a lesson: to enter again is to be told all of it.
            self.enter_again(i);
        }
    }

    pub(super) fn microphone_refused(&mut self, refused: &MicrophoneRefused) {
        let Some(i) = self.live_in_room(refused.room_id) else { return };
        if let Some(view) = self.calls[i].view.lesson.as_mut() {
            Arc::make_mut(view).note_refused(&refused.user_id, refused.packets);
        }
    }

    /// This device is out: the lesson was ended, or this user removed. Whoever ended it writes its end.
    pub(super) fn lesson_over(&mut self, over: LessonOver) {
        let room = Some(over.room_id);
        let last = || self.calls.iter().rposition(|call| call.view.room == room && call.view.lesson.is_some());
        let Some(i) = self.live_in_room(over.room_id).or_else(last) else { return };
        let call = &mut self.calls[i];
        let own = call.lesson.ending && !over.removed && over.op_user.as_ref() == Some(&self.me);
        if !own {
            call.hangup = HangupDuty::Done;
        }
        if !call.is_live() {
            return;
        }
        call.place = Place::Outside;
        call.settled = true;
        if own {
            return self.end(i, EndReason::HungUp, None);
        }
        call.view.lesson_over = Some(over);
        self.end(i, EndReason::EndedByServer, None);
    }
}
