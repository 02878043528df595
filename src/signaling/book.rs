//! All invitations of a server, and what may be done to them.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::protocol::{
    ApiError, Code, Event, GroupId, InviteId, RoomId, UserId,
    event::{InvitationCancelled, InvitationModified, InvitationTimeout, InviteeAnswer},
    limits,
};

use super::{
    Actor, ENDED_KEPT, Invitation, Part, Proposal, TIMED_PER_INVITER, TIMEOUT_TOLERANCE_MS, UNTIMED_KEPT_MS,
    UNTIMED_PER_INVITER,
};

/// Something happened to an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What everyone concerned is told.
    pub event: Event,
    /// The invitation after it.
    pub invitation: Invitation,
}

impl Change {
    /// Whether the invitation is over now.
    pub fn is_over(&self) -> bool {
        self.invitation.is_over()
    }
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invited {
    /// It is an invitation now.
    New {
        /// The beginning.
        change: Box<Change>,
        /// An older invitation without timeout that lapsed to make room. Nobody is told.
        lapsed: Option<InviteId>,
    },
    /// It has been one already: the request was repeated. Nobody is told again.
    Again,
}

/// The open invitations, and the latest of those that are over.
#[derive(Debug, Default)]
pub struct Book {
    all: HashMap<InviteId, Invitation>,
    /// Those over, oldest first; the tail of `all` that is forgotten.
    ended: VecDeque<InviteId>,
    /// When the book itself ends an open invitation.
    due: BTreeSet<(u64, InviteId)>,
    /// Open invitations of an inviter or invitee.
    by_user: HashMap<UserId, BTreeSet<InviteId>>,
    /// Open invitations of a group.
    by_group: HashMap<GroupId, BTreeSet<InviteId>>,
    /// Open invitations to a room.
    by_room: HashMap<RoomId, BTreeSet<InviteId>>,
    /// What was there before each change since the last [`Book::commit`].
    journal: Vec<(InviteId, Option<Invitation>)>,
}

fn unknown() -> ApiError {
    ApiError::new(Code::InvalidInviteId, "There is no such invitation, or it is over; nothing is left to do.")
}

fn processed() -> ApiError {
    ApiError::new(Code::InvalidInviteId, "This invitation has been answered, cancelled or has timed out already.")
}

fn forbidden(message: &str) -> ApiError {
    ApiError::new(Code::SignalingNoPermission, message)
}

fn due_ms(invitation: &Invitation) -> u64 {
    invitation
        .deadline_ms()
        .map_or(invitation.created_ms + UNTIMED_KEPT_MS, |deadline| deadline + limits::SERVER_BACKSTOP_MS)
}

impl Book {
    /// An empty book.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an invitation from before a restart.
    pub fn restore(&mut self, invitation: Invitation) {
        self.insert(invitation);
    }

    // ---- what users do ------------------------------------------------------------------------------------------

    /// Begins an invitation.
    ///
    /// # Errors
    /// 6017 for oneself or nobody among the invitees, 8012 for an identifier in use, 7008 for too many open ones.
    pub fn invite(&mut self, now_ms: u64, actor: &Actor, proposal: Proposal) -> Result<Invited, ApiError> {
        if proposal.invitees.is_empty() || proposal.invitees.contains(&actor.user) {
            return Err(ApiError::new(Code::InvalidParameters, "Invite others: yourself cannot be invited."));
        }
        if let Some(there) = self.all.get(&proposal.id) {
            if there.is_asked_by(actor, &proposal) {
                return Ok(Invited::Again);
            }
            let message = "Another invitation has this inviteID; make a new random one.";
            return Err(ApiError::new(Code::SignalingAlreadyExists, message));
        }
        let untimed = proposal.timeout_s == 0;
        let mine: Vec<&Invitation> = self
            .open_for(&actor.user)
            .filter(|there| there.inviter == actor.user && (there.timeout_s == 0) == untimed)
            .collect();
        let mut lapsed = None;
        if untimed && mine.len() >= UNTIMED_PER_INVITER {
            lapsed = mine.iter().min_by_key(|there| there.created_ms).map(|there| there.id.clone());
        } else if mine.len() >= TIMED_PER_INVITER {
            let message = format!("{TIMED_PER_INVITER} invitations of yours are open; cancel some or wait.");
            return Err(ApiError::new(Code::FrequencyLimit, message));
        }
        if let Some(id) = &lapsed {
            self.end_open_parts(id, Part::TimedOut);
        }
        let invitation = Invitation {
            id: proposal.id,
            inviter: actor.user.clone(),
            device: actor.device.clone(),
            group: proposal.group,
            invitees: proposal.invitees.into_iter().map(|user| (user, Part::Open)).collect(),
            data: proposal.data,
            modified: false,
            timeout_s: proposal.timeout_s,
            online_only: proposal.online_only,
            created_ms: now_ms,
            room: proposal.room,
        };
        let event = Event::ReceiveNewInvitation(invitation.announce(now_ms));
        self.journal.push((invitation.id.clone(), None));
        self.insert(invitation.clone());
        Ok(Invited::New { change: Box::new(Change { event, invitation }), lapsed })
    }

    /// Takes back what is still open: of these invitees, or with `whose` empty of all.
    ///
    /// # Errors
    /// 8010 if there is no such invitation or nothing of that is open, 8011 for anyone but the inviter.
    pub fn cancel(&mut self, actor: &Actor, id: &InviteId, whose: &[UserId], data: String) -> Result<Change, ApiError> {
        let there = self.all.get(id).ok_or_else(unknown)?;
        if there.inviter != actor.user {
            return Err(forbidden("Only the inviter can cancel an invitation."));
        }
        let (invitation, invitee_list) = self
            .end_parts(id, Part::Cancelled, |user| whose.is_empty() || whose.contains(user))
            .ok_or_else(processed)?;
        let event = Event::InvitationCancelled(InvitationCancelled {
            invite_id: id.clone(),
            inviter: actor.user.clone(),
            device_id: actor.device.clone(),
            invitee_list,
            data,
        });
        Ok(Change { event, invitation })
    }

    /// Accepts one's own part.
    ///
    /// # Errors
    /// 8010 if there is no such invitation or the part was processed, 8011 for whoever was not invited.
    pub fn accept(&mut self, actor: &Actor, id: &InviteId, data: String) -> Result<Change, ApiError> {
        self.answer(actor, id, data, Part::Accepted)
    }

    /// Rejects one's own part.
    ///
    /// # Errors
    /// As [`Book::accept`].
    pub fn reject(&mut self, actor: &Actor, id: &InviteId, data: String) -> Result<Change, ApiError> {
        self.answer(actor, id, data, Part::Rejected)
    }

    fn answer(&mut self, actor: &Actor, id: &InviteId, data: String, part: Part) -> Result<Change, ApiError> {
        let there = self.all.get(id).ok_or_else(unknown)?;
        match there.part(&actor.user) {
            None => return Err(forbidden("Only whoever was invited can accept or reject an invitation.")),
            Some(Part::Open) => {}
            Some(_) => return Err(processed()),
        }
        let invitation = self.end_part(id, &actor.user, part).ok_or_else(processed)?;
        let answer = InviteeAnswer {
            invite_id: id.clone(),
            invitee: actor.user.clone(),
            device_id: actor.device.clone(),
            device_name: actor.device_name.clone(),
            data,
        };
        let event = match part {
            Part::Accepted => Event::InviteeAccepted(answer),
            _ => Event::InviteeRejected(answer),
        };
        Ok(Change { event, invitation })
    }

    /// A device reports that the deadline has passed.
    ///
    /// # Errors
    /// 8010 if there is no such invitation or nothing of it is open to this user, 8011 for whoever is not part of it,
    /// 7014 before the deadline.
    pub fn timeout(&mut self, now_ms: u64, actor: &Actor, id: &InviteId) -> Result<Change, ApiError> {
        let there = self.all.get(id).ok_or_else(unknown)?;
        let own_part = there.part(&actor.user);
        if own_part.is_none() && there.inviter != actor.user {
            return Err(forbidden("Only the inviter's and the invitees' devices report a timeout."));
        }
        if there.is_over_for(&actor.user) {
            return Err(processed());
        }
        let Some(deadline) = there.deadline_ms().filter(|deadline| now_ms + TIMEOUT_TOLERANCE_MS >= *deadline) else {
            let message = "This invitation has not timed out; report it when its time is up.";
            return Err(ApiError::new(Code::InvalidOperation, message));
        };
        // Whoever reports after the deadline speaks for everybody: nobody can answer any more, and in a group of a
        // thousand one message says what a thousand would.
        let everybody = own_part.is_none() || now_ms >= deadline;
        let (invitation, open) =
            self.end_parts(id, Part::TimedOut, |user| everybody || *user == actor.user).ok_or_else(processed)?;
        Ok(timed_out(invitation, open))
    }

    /// Changes the custom data of an open invitation.
    ///
    /// # Errors
    /// 8010 if there is no such invitation or it is over, 8011 for anyone but the inviter, 7014 for `onlineUserOnly`.
    pub fn modify(&mut self, actor: &Actor, id: &InviteId, data: String) -> Result<Change, ApiError> {
        let there = self.all.get_mut(id).ok_or_else(unknown)?;
        if there.inviter != actor.user {
            return Err(forbidden("Only the inviter can modify an invitation."));
        }
        if there.is_over() {
            return Err(processed());
        }
        if there.online_only {
            let message = "An invitation for online users only cannot be modified; cancel it and invite again.";
            return Err(ApiError::new(Code::InvalidOperation, message));
        }
        self.journal.push((id.clone(), Some(there.clone())));
        there.data.clone_from(&data);
        there.modified = true;
        let event = Event::InvitationModified(InvitationModified { invite_id: id.clone(), data });
        Ok(Change { event, invitation: there.clone() })
    }

    // ---- what happens around them -------------------------------------------------------------------------------

    /// A user is no longer a member: open parts in the group's invitations time out, own invitations are cancelled.
    pub fn leave_group(&mut self, group: &GroupId, user: &UserId) -> Vec<Change> {
        let mut changes = Vec::new();
        for id in self.open_in(group) {
            let Some(there) = self.all.get(&id) else { continue };
            if there.inviter == *user {
                changes.extend(self.withdraw(&id));
            } else if there.part(user) == Some(Part::Open)
                && let Some(invitation) = self.end_part(&id, user, Part::TimedOut)
            {
                changes.push(timed_out(invitation, vec![user.clone()]));
            }
        }
        changes
    }

    /// The group is gone: its open invitations are cancelled.
    pub fn dismiss_group(&mut self, group: &GroupId) -> Vec<Change> {
        self.open_in(group).iter().filter_map(|id| self.withdraw(id)).collect()
    }

    /// The room is no more: the open invitations to it are cancelled.
    pub fn end_room(&mut self, room: RoomId) -> Vec<Change> {
        let open: Vec<InviteId> = self.open_to(room).map(|there| there.id.clone()).collect();
        open.iter().filter_map(|id| self.withdraw(id)).collect()
    }

    /// Cancels in the inviter's name.
    fn withdraw(&mut self, id: &InviteId) -> Option<Change> {
        let (invitation, invitee_list) = self.end_open_parts(id, Part::Cancelled)?;
        let event = Event::InvitationCancelled(InvitationCancelled {
            invite_id: id.clone(),
            inviter: invitation.inviter.clone(),
            device_id: invitation.device.clone(),
            invitee_list,
            data: String::new(),
        });
        Some(Change { event, invitation })
    }

    /// Ends what no device reported in time: the changes to tell, and what lapsed without a word.
    pub fn expire(&mut self, now_ms: u64) -> (Vec<Change>, Vec<InviteId>) {
        let (mut changes, mut lapsed) = (Vec::new(), Vec::new());
        while let Some((at, id)) = self.due.first().cloned() {
            if at > now_ms {
                break;
            }
            match self.end_open_parts(&id, Part::TimedOut) {
                Some((invitation, _)) if invitation.timeout_s == 0 => lapsed.push(id),
                Some((invitation, open)) => changes.push(timed_out(invitation, open)),
                // Cannot be: only open invitations are due. Never turn in a circle, though.
                None => _ = self.due.pop_first(),
            }
        }
        (changes, lapsed)
    }

    /// When [`Book::expire`] has something to do next, monotonic ms.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }

    // ---- what there is ------------------------------------------------------------------------------------------

    /// An invitation, open or lately over.
    pub fn get(&self, id: &InviteId) -> Option<&Invitation> {
        self.all.get(id)
    }

    /// Invitations with an open part that this user began or was invited to, ordered by identifier.
    pub fn open_for<'a>(&'a self, user: &UserId) -> impl Iterator<Item = &'a Invitation> + use<'a> {
        self.by_user.get(user).into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    /// Open invitations to a room, ordered by identifier.
    pub fn open_to(&self, room: RoomId) -> impl Iterator<Item = &Invitation> {
        self.by_room.get(&room).into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    /// The open invitations of a group, ordered by identifier.
    pub fn open_in(&self, group: &GroupId) -> Vec<InviteId> {
        self.by_group.get(group).into_iter().flatten().cloned().collect()
    }

    // ---- all or nothing -----------------------------------------------------------------------------------------

    /// Everything so far is final.
    pub fn commit(&mut self) {
        self.journal.clear();
    }

    /// A place to come back to with [`Book::undo_to`], valid until [`Book::commit`].
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    /// Takes back every change since `mark`.
    pub fn undo_to(&mut self, mark: usize) {
        while self.journal.len() > mark {
            let Some((id, before)) = self.journal.pop() else { return };
            if let Some(there) = self.all.remove(&id) {
                self.unindex(&there);
            }
            if let Some(before) = before {
                self.insert(before);
            }
        }
    }

    // ---- bookkeeping --------------------------------------------------------------------------------------------

    /// Ends one open part.
    fn end_part(&mut self, id: &InviteId, user: &UserId, part: Part) -> Option<Invitation> {
        let before = self.all.get(id)?.clone();
        let mut after = before.clone();
        after.invitees.iter_mut().find(|(invitee, now)| invitee == user && *now == Part::Open)?.1 = part;
        self.replace(before, after.clone());
        Some(after)
    }

    /// Ends all open parts and says whose; `None` if there are none.
    fn end_open_parts(&mut self, id: &InviteId, part: Part) -> Option<(Invitation, Vec<UserId>)> {
        self.end_parts(id, part, |_| true)
    }

    /// Ends the open parts of those invitees and says whose; `None` if there are none.
    fn end_parts(
        &mut self,
        id: &InviteId,
        part: Part,
        whose: impl Fn(&UserId) -> bool,
    ) -> Option<(Invitation, Vec<UserId>)> {
        let before = self.all.get(id)?.clone();
        let mut after = before.clone();
        let mut ended = Vec::new();
        for (user, now) in after.invitees.iter_mut().filter(|(user, now)| *now == Part::Open && whose(user)) {
            *now = part;
            ended.push(user.clone());
        }
        if ended.is_empty() {
            return None;
        }
        self.replace(before, after.clone());
        Some((after, ended))
    }

    fn replace(&mut self, before: Invitation, after: Invitation) {
        self.unindex(&before);
        self.journal.push((before.id.clone(), Some(before)));
        self.insert(after);
    }

    fn insert(&mut self, invitation: Invitation) {
        let id = &invitation.id;
        if invitation.is_over() {
            self.ended.push_back(id.clone());
        } else {
            self.due.insert((due_ms(&invitation), id.clone()));
            for user in invitation.invitees.iter().map(|(user, _)| user).chain([&invitation.inviter]) {
                self.by_user.entry(user.clone()).or_default().insert(id.clone());
            }
            if let Some(group) = &invitation.group {
                self.by_group.entry(group.clone()).or_default().insert(id.clone());
            }
            if let Some(room) = invitation.room {
                self.by_room.entry(room).or_default().insert(id.clone());
            }
        }
        self.all.insert(id.clone(), invitation);
        while self.ended.len() > ENDED_KEPT {
            let Some(oldest) = self.ended.pop_front() else { return };
            if self.all.get(&oldest).is_some_and(Invitation::is_over) {
                self.all.remove(&oldest);
            }
        }
    }

    fn unindex(&mut self, invitation: &Invitation) {
        let id = &invitation.id;
        self.due.remove(&(due_ms(invitation), id.clone()));
        for user in invitation.invitees.iter().map(|(user, _)| user).chain([&invitation.inviter]) {
            remove_from(&mut self.by_user, user, id);
        }
        if let Some(group) = &invitation.group {
            remove_from(&mut self.by_group, group, id);
        }
        if let Some(room) = &invitation.room {
            remove_from(&mut self.by_room, room, id);
        }
    }
}

fn timed_out(invitation: Invitation, invitee_list: Vec<UserId>) -> Change {
    let event = Event::InvitationTimeout(InvitationTimeout {
        invite_id: invitation.id.clone(),
        invitee_list,
        data: invitation.data.clone(),
    });
    Change { event, invitation }
}

fn remove_from<K: std::hash::Hash + Eq>(index: &mut HashMap<K, BTreeSet<InviteId>>, key: &K, id: &InviteId) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}
