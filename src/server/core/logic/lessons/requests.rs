//! What is asked of a lesson that is on.

use super::{
    super::{Answer, Fail, answer, done, refuse},
    Logic,
};
use crate::{
    class::{Input, Whose},
    protocol::{
        Code, GroupId, RoomId, UserId,
        api::{
            EndFloors, EndLesson, ExitRoomReply, LowerHands, ReadmitToLesson, RemoveFromLesson, SetLesson,
            SetMicrophones,
        },
        lesson::LessonSettings,
    },
    signaling::Actor,
};

fn whose(users: Option<Vec<UserId>>, all: bool) -> Whose {
    match users {
        Some(users) => Whose::Of(users),
        None if all => Whose::All,
        None => Whose::Own,
    }
}

impl Logic {
    /// The room of the lesson that is on in a member's group.
    fn lesson_room(&self, actor: &Actor, group: &GroupId) -> Result<RoomId, Fail> {
        self.group_and_role(group, &actor.user)?;
        self.rooms
            .lesson_of(group)
            .map_or_else(|| refuse(Code::NotFound, "No lesson is on in this group (any more)."), Ok)
    }

    /// Asks the lesson of a group; nothing else can refuse it.
    fn ask_lesson_of(&mut self, actor: &Actor, group: &GroupId, input: Input) -> Answer {
        let room = self.lesson_room(actor, group)?;
        let reply = done()?;
        self.ask_lesson(room, input)?;
        Ok(reply)
    }

    pub(in super::super) fn set_lesson(&mut self, actor: &Actor, request: &SetLesson) -> Answer {
        let room = self.lesson_room(actor, &request.group_id)?;
        let present = self.rooms.lesson(room).map(|there| there.lesson.view().settings).unwrap_or_default();
        let settings = LessonSettings {
            floors: request.floors.unwrap_or(present.floors),
            unasked_hands: request.unasked_hands.unwrap_or(present.unasked_hands),
            free_microphones: request.free_microphones.unwrap_or(present.free_microphones),
            silence_s: request.silence_s.unwrap_or(present.silence_s),
        };
        self.ask_lesson_of(actor, &request.group_id, Input::Set { by: actor.user.clone(), settings })
    }

    pub(in super::super) fn lower_hands(&mut self, actor: &Actor, request: LowerHands) -> Answer {
        let whose = whose(request.user_list, request.all);
        self.ask_lesson_of(actor, &request.group_id, Input::LowerHands { by: actor.user.clone(), whose })
    }

    pub(in super::super) fn end_floors(&mut self, actor: &Actor, request: EndFloors) -> Answer {
        let whose = whose(request.user_list, request.all);
        self.ask_lesson_of(actor, &request.group_id, Input::EndFloors { by: actor.user.clone(), whose })
    }

    pub(in super::super) fn set_microphones(&mut self, actor: &Actor, request: SetMicrophones) -> Answer {
        let (whose, open) = (whose(request.user_list, request.all), request.open);
        self.ask_lesson_of(actor, &request.group_id, Input::SetMicrophones { by: actor.user.clone(), open, whose })
    }

    pub(in super::super) fn remove_from_lesson(&mut self, actor: &Actor, request: RemoveFromLesson) -> Answer {
        let RemoveFromLesson { group_id, user_id, reason } = request;
        self.ask_lesson_of(actor, &group_id, Input::Remove { by: actor.user.clone(), user: user_id, reason })
    }

    pub(in super::super) fn readmit_to_lesson(&mut self, actor: &Actor, request: ReadmitToLesson) -> Answer {
        let input = Input::Readmit { by: actor.user.clone(), user: request.user_id };
        self.ask_lesson_of(actor, &request.group_id, input)
    }

    pub(in super::super) fn end_lesson(&mut self, actor: &Actor, request: &EndLesson) -> Answer {
        let room = self.lesson_room(actor, &request.group_id)?;
        let there = self.rooms.rooms.get(&room);
        // Whoever ends it is the last one, and writes the end of the call.
        let reply = answer(&ExitRoomReply {
            remaining: 0,
            talked_ms: there.map_or(0, |there| there.talking.read(self.now_ms)),
            call_id: there.and_then(|there| there.call_id.clone()),
        })?;
        self.ask_lesson(room, Input::End { by: actor.user.clone() })?;
        Ok(reply)
    }
}
