//! Lessons: [`Lesson`] decides, this tells it what happens and does what comes of it. In memory only, like the room that
//! a lesson is in; the report of one that is over is stored.
//!
//! What lives here: what goes in, and what comes out to people, to the book of invitations and to the relay. Beside it:
//! who comes in (`entry`), invitations whose `data` is a lesson's (`asks`), requests (`requests`), reports (`reports`).
//!
//! Everything that can be refused is asked of the lesson before anything is changed. The lesson itself is changed last:
//! what an input means for it waits ([`Logic::for_lessons`]) until the input has succeeded, and what it tells is sent at
//! the end of the batch, many changes in one frame.

mod asks;
mod entry;
mod reports;
mod requests;

use std::collections::BTreeMap;

use super::{Effect, Logic};
use crate::{
    class::{Input, Lesson, Output},
    protocol::{
        ApiError, Event, GroupId, InviteId, RoomId, SourceId, UserId,
        class_data::ClassCommand,
        event::{LessonChanged, LessonOver, MicrophoneRefused},
        lesson::LessonChange,
    },
    signaling::Actor,
};

pub(super) use reports::OverLesson;

/// Changes that are told in one frame have at most so many bytes: the longest of them alone, which names a thousand
/// users, has less, and with all around it the frame fits.
const CHANGES_MAX_BYTES: usize = 96 * 1024;

/// The lesson that is on in a room.
#[derive(Debug)]
pub(super) struct OpenLesson {
    pub(super) lesson: Lesson,
    id: InviteId,
    /// When it began, ms since 1970.
    started: i64,
    /// Packets that the relay has refused, of each user.
    refused: BTreeMap<UserId, u64>,
    /// What is not told yet.
    news: Vec<LessonChange>,
}

impl Logic {
    /// Something has happened in a room; if there is a lesson, it takes it as it is.
    pub(super) fn tell_lesson(&mut self, room: RoomId, input: Input) {
        if let Err(error) = self.ask_lesson(room, input) {
            // Only requests are refused.
            tracing::error!(%error, "a lesson refused what has happened");
        }
    }

    /// Asks a lesson for something, and does what comes of it.
    fn ask_lesson(&mut self, room: RoomId, input: Input) -> Result<(), ApiError> {
        let now_ms = self.now_ms;
        let Some(there) = self.rooms.lesson_mut(room) else { return Ok(()) };
        there.lesson.handle(now_ms, input)?;
        self.follow_lesson(room);
        Ok(())
    }

    /// Tells lessons what has come of an input, now that it has succeeded.
    pub(super) fn feed_lessons(&mut self) {
        for (group, input) in std::mem::take(&mut self.for_lessons) {
            if let Some(room) = self.rooms.lesson_of(&group) {
                self.tell_lesson(room, input);
            }
        }
    }

    /// Does what is due in lessons.
    pub(super) fn do_what_is_due_in_lessons(&mut self) {
        let now_ms = self.now_ms;
        for room in self.rooms.lessons.clone() {
            let Some(there) = self.rooms.lesson_mut(room) else { continue };
            if there.lesson.next_deadline().is_some_and(|at| at <= now_ms) {
                there.lesson.due(now_ms);
                self.follow_lesson(room);
            }
        }
    }

    /// Does what a lesson says.
    fn follow_lesson(&mut self, room: RoomId) {
        let Some(there) = self.rooms.lesson_mut(room) else { return };
        let outputs: Vec<Output> = std::iter::from_fn(|| there.lesson.poll_output()).collect();
        for output in outputs {
            match output {
                Output::Tell(change) => {
                    if let Some(there) = self.rooms.lesson_mut(room) {
                        there.news.push(change);
                    }
                }
                Output::Close { id, user } => self.close_ask(&id, user),
                Output::Remove { user, by, reason } => self.remove_from(room, &user, by, reason),
                Output::Over { by } => self.end_lesson_in(room, by, true),
            }
        }
        self.set_voices(room);
    }

    /// Ends what is open of an invitation in its inviter's name.
    fn close_ask(&mut self, id: &InviteId, user: Option<UserId>) {
        let Some(invitation) = self.book.get(id) else { return };
        let (user_id, device) = (invitation.inviter.clone(), invitation.device.clone());
        let by = Actor { user: user_id, device, device_name: String::new() };
        let is_sign = matches!(ClassCommand::parse(&invitation.data), Ok(ClassCommand::React { .. }));
        let whose: Vec<UserId> = user.into_iter().collect();
        // What is over already has been told.
        let Ok(change) = self.book.cancel(&by, id, &whose, String::new()) else { return };
        let Some(group) = change.invitation.group.as_ref().filter(|_| !is_sign) else { return };
        let audience = self.store.members(group).unwrap_or_else(|error| {
            tracing::error!(%error, "the members of a group could not be read");
            self.rooms.of_group(group).map(|room| self.rooms.users(room).collect()).unwrap_or_default()
        });
        let to = audience.iter().flat_map(|user| self.conns_of(user)).collect();
        self.effects.push_back(Effect::Silent { to, event: change.event });
    }

    /// Takes somebody out of a lesson.
    fn remove_from(&mut self, room_id: RoomId, user: &UserId, by: UserId, reason: String) {
        self.tell_news_of(room_id);
        if let Some(group_id) = self.rooms.group_of(room_id).cloned() {
            let over = LessonOver { room_id, group_id, op_user: Some(by), removed: true, reason };
            self.tell_people(room_id, |_, there| there == user, Event::LessonOver(over));
        }
        self.put_out(room_id, Some(user));
    }

    /// Ends the lesson in a room, and with it the room. `keep`: its report is stored.
    pub(super) fn end_lesson_in(&mut self, room_id: RoomId, by: Option<UserId>, keep: bool) {
        self.tell_news_of(room_id);
        let now_ms = self.now_ms;
        let Some(there) = self.rooms.rooms.get_mut(&room_id) else { return };
        let Some((group_id, open)) = there.group.clone().zip(there.lesson.take()) else { return };
        self.rooms.lessons.remove(&room_id);
        if keep {
            self.rooms.over.push(OverLesson::of(group_id.clone(), &open, now_ms, false));
        }
        let over = LessonOver { room_id, group_id, op_user: by, removed: false, reason: String::new() };
        self.tell_people(room_id, |_, _| true, Event::LessonOver(over));
        self.put_out(room_id, None);
        // Nobody may have been there.
        self.close_room(room_id);
    }

    /// Tells the relay whose sound it is to let through, where that has changed.
    fn set_voices(&mut self, room: RoomId) {
        let Some(there) = self.rooms.rooms.get_mut(&room) else { return };
        let Some(open) = &there.lesson else { return };
        for (device, person) in &mut there.people {
            let participant = &person.participant;
            let may_speak = open.lesson.may_speak(&participant.user_id, device);
            // Who is on hold has no place at the relay.
            if !participant.on_hold && person.voice != Some(may_speak) {
                person.voice = Some(may_speak);
                self.relay.set_voice(participant.source_id, may_speak);
            }
        }
    }

    /// Tells whoever is in a lesson what is new in it.
    pub(super) fn tell_lesson_news(&mut self) {
        for room in self.rooms.lessons.clone() {
            self.tell_news_of(room);
        }
    }

    fn tell_news_of(&mut self, room: RoomId) {
        let Some(there) = self.rooms.lesson_mut(room) else { return };
        for changes in in_frames(std::mem::take(&mut there.news)) {
            let changed = LessonChanged { room_id: room, changes, change: self.rooms.change() };
            self.tell_people(room, |_, _| true, Event::LessonChanged(changed));
        }
    }

    /// The relay has refused packets of somebody who may not speak.
    pub(super) fn voice_refused(&mut self, source: SourceId, packets: u64) {
        let Some((user_id, room_id)) = self.rooms.user_of(source) else { return };
        let Some(there) = self.rooms.lesson_mut(room_id) else { return };
        let refused = there.refused.entry(user_id.clone()).or_default();
        *refused += packets;
        let refused = MicrophoneRefused { room_id, user_id, packets: *refused };
        let teachers: Vec<UserId> = self.teachers_in(room_id);
        self.tell_people(room_id, |_, user| teachers.contains(user), Event::MicrophoneRefused(refused));
    }

    fn teachers_in(&self, room: RoomId) -> Vec<UserId> {
        let Some(there) = self.rooms.lesson(room) else { return Vec::new() };
        let view = there.lesson.view();
        view.people.keys().filter(|user| view.is_teacher(user)).cloned().collect()
    }

    /// The relay has let somebody be heard for so long. It measures only what it lets through, so this is speech also if
    /// the floor has gone back meanwhile.
    pub(super) fn spoke(&mut self, source: SourceId, ms: u64) {
        if let Some((user, room)) = self.rooms.user_of(source) {
            self.tell_lesson(room, Input::Spoke { user, ms });
        }
    }

    /// A member's role has changed: a lesson is told of it when the change has succeeded.
    pub(super) fn note_role(&mut self, group: &GroupId, user: &UserId, teacher: bool) {
        self.for_lessons.push((group.clone(), Input::Role { user: user.clone(), teacher }));
    }
}

/// Divides changes so that each part fits a frame.
fn in_frames(changes: Vec<LessonChange>) -> Vec<Vec<LessonChange>> {
    let mut frames: Vec<Vec<LessonChange>> = Vec::new();
    let mut bytes = 0;
    for change in changes {
        // Strings and numbers only: serialising cannot fail.
        let more = serde_json::to_string(&change).map_or(0, |text| text.len() + 1);
        match frames.last_mut().filter(|_| bytes + more <= CHANGES_MAX_BYTES) {
            Some(frame) => frame.push(change),
            None => {
                frames.push(vec![change]);
                bytes = 0;
            }
        }
        bytes += more;
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        Delivery,
        lesson::{HandDown, Mine, Prompt},
        limits::{TEXT_FRAME_MAX_BYTES, USER_ID_MAX_BYTES},
    };

    #[test]
    fn changes_fit_their_frames_and_keep_their_order() {
        const MANY: usize = 1_000;
        // The longest names there are, which JSON makes twice as long.
        let backslashes = "\\".repeat(USER_ID_MAX_BYTES - 4);
        let user = |n: usize| UserId::new(format!("{n:04}{backslashes}")).expect("valid");
        let everybody: Vec<UserId> = (0..MANY).map(user).collect();
        let text = "\u{1}".repeat(crate::protocol::class_data::POLL_TEXT_MAX_BYTES);
        let prompt = Prompt {
            invite_id: InviteId::random(),
            by: user(0),
            command: ClassCommand::Poll { question: text.clone(), choices: vec![text; 6] },
            remaining_ms: Some(u64::MAX),
            over: false,
            answers: Vec::new(),
            waiting: Vec::new(),
            mine: Mine::No,
        };
        let mut changes: Vec<LessonChange> = everybody
            .iter()
            .map(|of| LessonChange::HandLowered { user_id: of.clone(), why: HandDown::Teacher, by: Some(user(0)) })
            .collect();
        changes.insert(500, LessonChange::Prompted { prompt, whom: everybody });
        let frames = in_frames(changes.clone());
        assert!((3..=6).contains(&frames.len()), "{}", frames.len());
        assert_eq!(frames.concat(), changes);
        for changes in frames {
            let event = Event::LessonChanged(LessonChanged { room_id: RoomId::MIN, changes, change: u64::MAX });
            let frame = Delivery { seq: 0, time_ms: i64::MAX, history: false, event }.to_wire();
            assert!(frame.len() <= TEXT_FRAME_MAX_BYTES, "{}", frame.len());
        }
        assert_eq!(in_frames(Vec::new()), Vec::<Vec<LessonChange>>::new());
    }
}
