//! Invitations whose `data` is a lesson's: what is checked before the book is changed, and what the lesson hears of it.

use super::{
    super::{Fail, refuse},
    Logic,
};
use crate::{
    class::Input,
    protocol::{
        Code, Event, GroupId, InviteId, RoomId, UserId,
        api::InviteInGroup,
        class_data::{ClassCommand, NotClassData},
        lesson::Outcome,
    },
    signaling::{Actor, Change, Invitation, Part},
};

impl Logic {
    /// Whether a user is asked something that only a group can be asked.
    pub(in super::super) fn refuse_ask(data: &str) -> Result<(), Fail> {
        match ClassCommand::parse(data) {
            Err(NotClassData::OtherBusiness) => Ok(()),
            Ok(_) | Err(NotClassData::Shape) => {
                refuse(Code::InvalidOperation, "What belongs to a lesson goes to its group, with inviteInGroup.")
            }
        }
    }

    /// What an invitation asks for in the lesson that is on; `None` if it is about something else.
    pub(in super::super) fn check_ask(
        &self,
        actor: &Actor,
        request: &InviteInGroup,
    ) -> Result<Option<ClassCommand>, Fail> {
        let read = ClassCommand::parse(&request.data);
        if read == Err(NotClassData::OtherBusiness) {
            return Ok(None);
        }
        let Some(room) = self.rooms.lesson_of(&request.group_id) else {
            return refuse(Code::NotFound, "No lesson is on in this group (any more).");
        };
        let Ok(command) = read else {
            return refuse(Code::InvalidOperation, "The data is a lesson's, but no command that this server knows.");
        };
        if !request.online_user_only || request.room_id.is_some() {
            let message = "What belongs to a lesson is for \"onlineUserOnly\", and has no \"roomID\".";
            return refuse(Code::InvalidParameters, message);
        }
        // A request that is repeated after a lost answer is recognised by the book.
        if self.book.get(&request.invite_id).is_none()
            && let Some(there) = self.rooms.lesson(room)
        {
            self.check_attending(room, actor)?;
            there.lesson.check_invitation(&actor.user, &command, &request.invitee_list, request.timeout)?;
        }
        Ok(Some(command))
    }

    /// Whether somebody may accept; what is no lesson's, the book alone decides.
    pub(in super::super) fn check_acceptance(&self, actor: &Actor, id: &InviteId, data: &str) -> Result<(), Fail> {
        // Who is not invited, or has answered, the book refuses.
        let invitation = self.book.get(id).filter(|there| there.part(&actor.user) == Some(Part::Open));
        let Some((room, invitation)) = invitation.and_then(|there| Some((self.lesson_with(there)?, there))) else {
            return Ok(());
        };
        if invitation.deadline_ms().is_some_and(|deadline| deadline <= self.now_ms) {
            return refuse(Code::InvalidInviteId, "The time for this is up; nothing is left to do.");
        }
        self.check_attending(room, actor)?;
        let Some(there) = self.rooms.lesson(room) else { return Ok(()) };
        Ok(there.lesson.check_acceptance(id, &actor.user, data)?)
    }

    /// Hands and floors are of the device that is in the lesson.
    fn check_attending(&self, room: RoomId, actor: &Actor) -> Result<(), Fail> {
        if self.rooms.is_in(room, &actor.device) {
            return Ok(());
        }
        refuse(Code::PermissionDenied, "This device is not in the lesson; join it first.")
    }

    /// The room of the lesson that an open invitation belongs to.
    fn lesson_with(&self, invitation: &Invitation) -> Option<RoomId> {
        let room = self.rooms.lesson_of(invitation.group.as_ref()?)?;
        self.rooms.lesson(room).filter(|there| there.lesson.knows(&invitation.id)).map(|_| room)
    }

    /// An invitation has begun: its lesson is told when that has succeeded.
    pub(in super::super) fn note_ask(&mut self, actor: &Actor, invitation: &Invitation, command: ClassCommand) {
        let Some(group) = &invitation.group else { return };
        let input = Input::Invited {
            id: invitation.id.clone(),
            by: actor.user.clone(),
            device: actor.device.clone(),
            command,
            invitees: invitation.open_invitees(),
            timeout_s: invitation.timeout_s,
        };
        self.for_lessons.push((group.clone(), input));
    }

    /// Something has happened to an invitation: if it is a lesson's, that is told when it has succeeded.
    pub(in super::super) fn note_change(&mut self, change: &Change) {
        if self.lesson_with(&change.invitation).is_none() {
            return;
        }
        let Some(group) = change.invitation.group.clone() else { return };
        let ended = |id: &InviteId, users: &[UserId], outcome| {
            let (id, users) = (id.clone(), users.to_vec());
            Input::Ended { id, users, outcome }
        };
        let input = match &change.event {
            Event::InviteeAccepted(answer) => Input::Accepted {
                id: answer.invite_id.clone(),
                user: answer.invitee.clone(),
                device: answer.device_id.clone(),
                data: answer.data.clone(),
            },
            Event::InviteeRejected(answer) => {
                ended(&answer.invite_id, std::slice::from_ref(&answer.invitee), Outcome::Declined)
            }
            Event::InvitationCancelled(end) => ended(&end.invite_id, &end.invitee_list, Outcome::Cancelled),
            Event::InvitationTimeout(end) => ended(&end.invite_id, &end.invitee_list, Outcome::TimedOut),
            _ => return,
        };
        self.for_lessons.push((group, input));
    }

    /// An invitation has lapsed without a word.
    pub(in super::super) fn note_lapsed(&mut self, id: &InviteId) {
        let Some(invitation) = self.book.get(id).filter(|there| self.lesson_with(there).is_some()) else { return };
        let Some(group) = invitation.group.clone() else { return };
        let lapsed = invitation.invitees.iter().filter(|(_, part)| *part == Part::TimedOut);
        let users = lapsed.map(|(user, _)| user.clone()).collect();
        self.for_lessons.push((group, Input::Ended { id: id.clone(), users, outcome: Outcome::TimedOut }));
    }

    /// The batch was not stored, and the book has taken back what happened to invitations: whatever a lesson and the book
    /// do not agree on is over.
    pub(in super::super) fn agree_with_book(&mut self) {
        for room in self.rooms.lessons.clone() {
            let Some(group) = self.rooms.group_of(room).cloned() else { continue };
            for (id, users) in self.asks_not_in_book(room) {
                self.tell_lesson(room, Input::Ended { id, users, outcome: Outcome::Cancelled });
            }
            for (id, user) in self.parts_not_in_lesson(room, &group) {
                self.close_ask(&id, Some(user));
            }
        }
    }

    fn asks_not_in_book(&self, room: RoomId) -> Vec<(InviteId, Vec<UserId>)> {
        let Some(there) = self.rooms.lesson(room) else { return Vec::new() };
        let is_open = |id: &InviteId, user: &UserId| {
            self.book.get(id).is_some_and(|invitation| invitation.part(user) == Some(Part::Open))
        };
        let asks = there.lesson.open_asks();
        let ended = asks.map(|(id, open)| {
            let users: Vec<UserId> = open.iter().filter(|user| !is_open(id, user)).cloned().collect();
            (id.clone(), users)
        });
        ended.filter(|(_, users)| !users.is_empty()).collect()
    }

    fn parts_not_in_lesson(&self, room: RoomId, group: &GroupId) -> Vec<(InviteId, UserId)> {
        let Some(there) = self.rooms.lesson(room) else { return Vec::new() };
        let is_open = |id: &InviteId, user: &UserId| {
            there.lesson.open_asks().any(|(other, open)| other == id && open.contains(user))
        };
        let open = self.book.open_in(group).into_iter().filter_map(|id| self.book.get(&id));
        let asks = open.filter(|invitation| ClassCommand::parse(&invitation.data).is_ok());
        let parts = asks.flat_map(|there| there.open_invitees().into_iter().map(|user| (there.id.clone(), user)));
        parts.filter(|(id, user)| !is_open(id, user)).collect()
    }
}
