//! Opening a lesson, and coming into it.

use std::collections::BTreeMap;

use super::{super::Fail, Logic, OpenLesson};
use crate::{
    class::{Input, Lesson},
    protocol::{
        Code, DeviceId, GroupId, InviteId, RoomId, UserId,
        api::{EnterRoom, Role},
        lesson::{LessonSettings, LessonState, PEOPLE_MAX},
    },
    server::core::logic::refuse,
    signaling::Actor,
};

/// A lesson that nothing stands against any more.
pub(in super::super) struct Opening {
    id: InviteId,
    settings: LessonSettings,
    /// Who is in the room already, and whether as a teacher.
    teachers: BTreeMap<UserId, bool>,
}

/// Owner and administrators teach.
pub(super) fn teaches(role: Option<Role>) -> bool {
    role.is_some_and(|role| role >= Role::Admin)
}

impl Logic {
    /// Whether somebody may come into the lesson that is on in a room, and open the one that is asked for; if so, what it
    /// begins with. `role`: the one in the group that the room belongs to, or will.
    pub(in super::super) fn check_lesson(
        &self,
        actor: &Actor,
        request: &EnterRoom,
        room: RoomId,
        role: Option<Role>,
    ) -> Result<Option<Opening>, Fail> {
        let on = self.rooms.lesson(room);
        if let Some(there) = on.filter(|_| !self.rooms.is_in(room, &actor.device)) {
            there.lesson.check_entry(&actor.user)?;
        }
        let Some((settings, group)) = request.lesson.zip(request.group_id.as_ref()) else { return Ok(None) };
        if !teaches(role) {
            return refuse(Code::PermissionDenied, "Only the owner and the administrators of a group open a lesson.");
        }
        let mut teachers = BTreeMap::new();
        let mut call = request.call_id.clone();
        if let Some(there) = self.rooms.rooms.get(&room) {
            if there.group.as_ref() != Some(group) {
                let message = "You are in another room with this number; leave it, or take a new random number.";
                return refuse(Code::InvalidOperation, message);
            }
            if on.is_some() {
                return Ok(None);
            }
            for user in there.users() {
                let teacher = teaches(self.store.role(group, &user)?);
                teachers.insert(user, teacher);
            }
            if teachers.len() >= PEOPLE_MAX {
                let message = format!("A lesson has at most {PEOPLE_MAX} people, and more are in this call.");
                return refuse(Code::GroupFull, message);
            }
            call.clone_from(&there.call_id);
        }
        teachers.insert(actor.user.clone(), true);
        let id = self.lesson_id(group, call)?;
        Ok(Some(Opening { id, settings, teachers }))
    }

    /// The call, unless the group has had a lesson of that name.
    fn lesson_id(&self, group: &GroupId, call: Option<InviteId>) -> Result<InviteId, Fail> {
        match call {
            Some(call) if self.past_lesson(group, &call)?.is_none() => Ok(call),
            _ => Ok(InviteId::random()),
        }
    }

    /// Somebody is in a room, new with a role in its group or there already: begins the lesson, if one is to begin, and
    /// lets the newcomer in. What the lesson is like then.
    pub(in super::super) fn attend(
        &mut self,
        actor: &Actor,
        room: RoomId,
        opening: Option<Opening>,
        comes: Option<Option<Role>>,
    ) -> Option<LessonState> {
        if let Some(opening) = opening {
            self.begin_lesson(room, opening);
        } else if let Some(role) = comes {
            let (user, device) = (actor.user.clone(), actor.device.clone());
            self.tell_lesson(room, Input::Entered { user, device, teacher: teaches(role) });
        }
        // The way to the relay is a new one, which knows nothing of the lesson.
        self.set_voices(room);
        // The state has all this in it.
        self.tell_news_of(room);
        let now_ms = self.now_ms;
        self.rooms.lesson(room).map(|there| there.lesson.state_for(now_ms, &actor.user))
    }

    fn begin_lesson(&mut self, room: RoomId, opening: Opening) {
        let (now_ms, started) = (self.now_ms, self.wall_ms);
        let Some(there) = self.rooms.rooms.get_mut(&room) else { return };
        let Opening { id, settings, teachers } = opening;
        let lesson = Lesson::new(now_ms, settings);
        there.lesson = Some(OpenLesson { lesson, id, started, refused: BTreeMap::new(), news: Vec::new() });
        let mut here: Vec<(u64, UserId, DeviceId, bool)> = there
            .people
            .iter()
            .map(|(device, there)| {
                (there.came, there.participant.user_id.clone(), device.clone(), there.lost_ms.is_some())
            })
            .collect();
        here.sort_unstable();
        let mut enter = |input| there.lesson.as_mut().map(|open| open.lesson.handle(now_ms, input));
        for (_, user, device, lost) in here {
            let teacher = teachers.get(&user).is_some_and(|teacher| *teacher);
            enter(Input::Entered { user: user.clone(), device: device.clone(), teacher });
            if lost {
                enter(Input::Lost { user, device });
            }
        }
        self.rooms.lessons.insert(room);
        self.touch_group_call(room);
        // Once all are in: no teacher's voice is closed for a moment.
        self.follow_lesson(room);
    }
}
