//! Signaling requests: the book decides, this asks it and tells everyone concerned.
//!
//! Concerned are, between two users, all devices of both; in a group, all devices of all its members; and of an invitation
//! to a room whoever is in it.
//!
//! `data` is not read, but in a group with a lesson on, where it is the lesson's: see [`super::lessons`].

use std::{borrow::Cow, collections::BTreeSet};

use super::{Answer, ConnId, Effect, Fail, Logic, answer, done, refuse};
use crate::{
    protocol::{
        Code, Event, GroupId, InviteId, UserId,
        api::{Accept, ActionType, Invite, InviteInGroup, InviteReply, SignalingInfo},
        class_data::ClassCommand,
    },
    signaling::{Actor, Change, Invitation, Invited, Proposal},
};

impl Logic {
    pub(super) fn invite(&mut self, actor: &Actor, request: Invite) -> Answer {
        if request.invitee != actor.user && !self.store.has_account(&request.invitee)? {
            return refuse(Code::PeerNotFound, format!("Nobody here is called \"{}\".", request.invitee));
        }
        self.check_inviting_to(actor, request.room_id)?;
        Self::refuse_ask(&request.data)?;
        let audience = vec![actor.user.clone(), request.invitee.clone()];
        let proposal = Proposal {
            id: request.invite_id,
            group: None,
            invitees: vec![request.invitee],
            data: request.data,
            timeout_s: request.timeout,
            online_only: request.online_user_only,
            room: request.room_id,
        };
        self.propose(actor, proposal, None, &audience)
    }

    pub(super) fn invite_in_group(&mut self, actor: &Actor, request: InviteInGroup) -> Answer {
        self.group_and_role(&request.group_id, &actor.user)?;
        if request.invitee_list.contains(&actor.user) {
            return refuse(Code::InvalidParameters, "\"inviteeList\" names yourself; invite others.");
        }
        self.check_inviting_to(actor, request.room_id)?;
        // Ordered by identifier.
        let members = self.store.members(&request.group_id)?;
        if let Some(stranger) = request.invitee_list.iter().find(|user| members.binary_search(user).is_err()) {
            return refuse(
                Code::InvalidParameters,
                format!("{stranger} is not a member of the group; nobody was invited."),
            );
        }
        let ask = self.check_ask(actor, &request)?;
        let proposal = Proposal {
            id: request.invite_id,
            group: Some(request.group_id),
            invitees: request.invitee_list,
            data: request.data,
            timeout_s: request.timeout,
            online_only: request.online_user_only,
            room: request.room_id,
        };
        self.propose(actor, proposal, ask, &members)
    }

    /// `ask`: what it asks for, if it is a lesson's.
    fn propose(&mut self, actor: &Actor, proposal: Proposal, ask: Option<ClassCommand>, audience: &[UserId]) -> Answer {
        let (id, invitees, room) = (proposal.id.clone(), proposal.invitees.clone(), proposal.room);
        // Older ones than the book remembers are still in the store.
        if self.book.get(&id).is_none() && self.store.has_invitation(&id)? {
            let message = "An earlier invitation has this inviteID; make a new random one.";
            return refuse(Code::SignalingAlreadyExists, message);
        }
        if let Invited::New { change, lapsed } = self.book.invite(self.now_ms, actor, proposal)? {
            self.store_lapsed(lapsed.as_slice())?;
            if let Some(ask) = ask {
                self.note_ask(actor, &change.invitation, ask);
            }
            self.publish_to(*change, audience)?;
            // Nothing is refused any more.
            if let Some(room) = room {
                self.rooms.let_in(room, &invitees);
            }
        }
        let online = invitees.into_iter().filter(|user| self.online.contains_key(user)).collect();
        answer(&InviteReply { invite_id: id, online })
    }

    pub(super) fn accept(&mut self, actor: &Actor, request: Accept) -> Answer {
        self.check_acceptance(actor, &request.invite_id, &request.data)?;
        let change = self.book.accept(actor, &request.invite_id, request.data)?;
        let room = change.invitation.room;
        let reply = self.publish(change)?;
        if let Some(room) = room {
            self.rooms.answered(room, &actor.device);
        }
        Ok(reply)
    }

    /// Ends what no device reported in time.
    pub(super) fn expire(&mut self) -> Result<(), Fail> {
        let (changes, lapsed) = self.book.expire(self.now_ms);
        for change in changes {
            self.publish(change)?;
        }
        self.store_lapsed(&lapsed)
    }

    fn store_lapsed(&mut self, lapsed: &[InviteId]) -> Result<(), Fail> {
        for invitation in lapsed.iter().filter_map(|id| self.book.get(id)) {
            self.store.put_invitation(invitation, self.now_ms, self.wall_ms)?;
        }
        lapsed.iter().for_each(|id| self.note_lapsed(id));
        Ok(())
    }

    /// Stores a change and tells everyone concerned.
    pub(super) fn publish(&mut self, change: Change) -> Answer {
        let audience = match &change.invitation.group {
            Some(group) => self.store.members(group)?,
            None => {
                let Invitation { inviter, invitees, .. } = &change.invitation;
                [inviter].into_iter().chain(invitees.iter().map(|(user, _)| user)).cloned().collect()
            }
        };
        self.publish_to(change, &audience)?;
        done()
    }

    /// The same where who is concerned is known; whoever is in the invitation's room is, too.
    pub(super) fn publish_to(&mut self, change: Change, audience: &[UserId]) -> Result<(), Fail> {
        self.note_change(&change);
        let mut audience = Cow::Borrowed(audience);
        if let Some(room) = change.invitation.room {
            let there: BTreeSet<UserId> = self.rooms.users(room).collect();
            let more: Vec<UserId> = there.into_iter().filter(|user| !audience.contains(user)).collect();
            audience.to_mut().extend(more);
            self.touch_group_call(room);
        }
        if change.invitation.online_only {
            let to = audience.iter().flat_map(|user| self.conns_of(user)).collect();
            self.effects.push_back(Effect::Silent { to, event: change.event });
            return Ok(());
        }
        self.store.put_invitation(&change.invitation, self.now_ms, self.wall_ms)?;
        self.record(change.event, &audience)
    }

    /// A device learnt of a group invitation another way and wants to be called back.
    pub(super) fn add_invited_signaling(&mut self, conn: ConnId, actor: &Actor, id: &InviteId) -> Answer {
        let Some(invitation) = self.book.get(id).filter(|invitation| !invitation.is_over()) else {
            return refuse(Code::InvalidInviteId, "There is no such invitation, or it is over.");
        };
        let concerned = match &invitation.group {
            _ if invitation.inviter == actor.user || invitation.part(&actor.user).is_some() => true,
            Some(group) => self.store.role(group, &actor.user)?.is_some(),
            None => false,
        };
        if !concerned {
            return refuse(Code::SignalingNoPermission, "This invitation is for others.");
        }
        let Some(there) = self.conns.get(&conn) else { return done() };
        let live = there.session.as_ref().is_some_and(|session| {
            session.told.contains(id) || invitation.online_only && session.since_ms <= invitation.created_ms
        });
        if live || self.knows(there, id)? {
            return refuse(Code::SignalingAlreadyExists, "This device knows the invitation already.");
        }
        let event = Event::ReceiveNewInvitation(invitation.announce(self.now_ms));
        if let Some(session) = self.conns.get_mut(&conn).and_then(|there| there.session.as_mut()) {
            // What is over need not be remembered: it cannot be added again.
            let book = &self.book;
            session.told.retain(|id| book.get(id).is_some_and(|there| !there.is_over()));
            session.told.insert(id.clone());
        }
        self.effects.push_back(Effect::Live { to: vec![conn], event });
        done()
    }

    /// What an event of the user's log says as signaling.
    pub(super) fn get_signaling_info(&self, actor: &Actor, seq: u64) -> Answer {
        let entry = self.store.log_entry(&actor.user, seq)?;
        let info = entry.map(|entry| self.signaling_info(entry.message.event)).transpose()?.flatten();
        answer(&info)
    }

    fn signaling_info(&self, event: Event) -> Result<Option<SignalingInfo>, Fail> {
        let (invite_id, action_type, invitee_list, data) = match event {
            Event::ReceiveNewInvitation(new) => {
                return Ok(Some(SignalingInfo {
                    data: self.book.get(&new.invite_id).map_or(new.data, |there| there.data.clone()),
                    invite_id: new.invite_id,
                    group_id: new.group_id,
                    inviter: new.inviter,
                    invitee_list: new.invitee_list,
                    timeout: new.timeout,
                    action_type: ActionType::Invite,
                }));
            }
            Event::InviteeAccepted(event) => (event.invite_id, ActionType::Accept, vec![event.invitee], event.data),
            Event::InviteeRejected(event) => (event.invite_id, ActionType::Reject, vec![event.invitee], event.data),
            Event::InvitationCancelled(event) => (event.invite_id, ActionType::Cancel, event.invitee_list, event.data),
            Event::InvitationTimeout(event) => (event.invite_id, ActionType::Timeout, event.invitee_list, event.data),
            _ => return Ok(None),
        };
        let invitation = match self.book.get(&invite_id) {
            Some(invitation) => Some(invitation.clone()),
            None => self.store.invitation(&invite_id)?,
        };
        Ok(invitation.map(|invitation| SignalingInfo {
            invite_id,
            group_id: invitation.group,
            inviter: invitation.inviter,
            invitee_list,
            data,
            timeout: invitation.timeout_s,
            action_type,
        }))
    }

    /// A user leaves a group: see the rules of [`crate::signaling`]. `audience`: the members before that.
    pub(super) fn leave_invitations(
        &mut self,
        group: &GroupId,
        user: &UserId,
        audience: &[UserId],
    ) -> Result<(), Fail> {
        for change in self.book.leave_group(group, user) {
            self.publish_to(change, audience)?;
        }
        Ok(())
    }
}
