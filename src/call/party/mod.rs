//! A call of several: in a group, of people picked by hand, or a call of two to which more were added.
//!
//! It is made of a room and of any number of invitations to it ("legs"), by whoever is in it. The room says who is in
//! the call, the legs who is being rung, and each person has one [`Standing`] made of both. The call goes on while
//! somebody else is in it or being rung; who is left alone leaves, and whom the server tells to be the last one out
//! writes the hang-up message.
//!
//! What lives here: `placing` (calling and adding), `incoming` (being called, joining, answering, how parts end),
//! `progress` (who is there, lost connections, time), `leaving`. A call of two is none of this file's business until it
//! becomes one of several ([`Machine::become_party`]).

mod incoming;
mod leaving;
mod placing;
mod progress;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::protocol::{DeviceId, InviteId, RoomId, UserId, event::LeaveReason};

use super::{
    live::{Call, HangupDuty, Invitation, Limit, Move},
    machine::{Machine, RING_GRACE_MS},
    view::{Other, Standing},
};

/// Most people that are named in the data of an invitation.
const NAMED_MAX: usize = 100;

/// One invitation to the call.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) id: InviteId,
    /// Made on this device, and so its to send and to cancel.
    pub(super) ours: bool,
    /// Goes by `inviteInGroup`.
    pub(super) in_group: bool,
    /// Has been asked for.
    pub(super) sent: bool,
    /// Until when it rings, monotonic ms.
    pub(super) deadline_ms: u64,
    /// Whose part is open.
    pub(super) open: BTreeSet<UserId>,
    /// This device has asked to accept it.
    pub(super) accepting: bool,
}

/// What a call of several has beside a call.
#[derive(Debug, Default)]
pub(super) struct Party {
    pub(super) legs: Vec<Leg>,
    /// Everybody else, in the order of appearance, and what became of them when they were last neither in nor rung.
    known: Vec<(UserId, Standing)>,
    /// Devices in the room whose connection is gone for the moment.
    unlinked: BTreeSet<DeviceId>,
    /// Who has accepted and is not in the room yet, and how long that is waited for.
    coming: BTreeMap<UserId, u64>,
    /// Who came (`true`) and left in a room that may turn out to be our group's: its answer is on the way.
    in_groups_room: Vec<(RoomId, Move)>,
    /// Parts that ended while the answer to `enterRoom` was on its way: it may be older.
    ended_meanwhile: Vec<(InviteId, UserId)>,
    /// The last one to leave was lost, not gone.
    last_was_lost: bool,
    /// Who is in the call without being a member of its group.
    outsiders: BTreeSet<UserId>,
}

impl Party {
    /// Somebody belongs to the call; `became` is what is known if nothing better is.
    fn know(&mut self, user: &UserId, became: Standing) {
        if !self.known.iter().any(|(known, _)| known == user) {
            self.known.push((user.clone(), became));
        }
    }

    fn became(&mut self, user: &UserId, standing: Standing) {
        self.know(user, standing);
        if let Some((_, became)) = self.known.iter_mut().find(|(known, _)| known == user) {
            *became = standing;
        }
    }

    pub(super) fn leg(&self, id: &InviteId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.id == *id)
    }

    fn leg_mut(&mut self, id: &InviteId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == *id)
    }

    /// Ends one part, if it is open.
    fn end_part(&mut self, id: &InviteId, user: &UserId) -> bool {
        self.leg_mut(id).is_some_and(|leg| leg.open.remove(user))
    }

    pub(super) fn is_rung(&self, user: &UserId) -> bool {
        self.legs.iter().any(|leg| leg.open.contains(user))
    }

    /// Somebody else is being rung, or has answered and is about to come.
    fn waits_for_somebody(&self, me: &UserId) -> bool {
        self.legs.iter().any(|leg| leg.open.iter().any(|user| user != me)) || !self.coming.is_empty()
    }

    /// Invitations with an open part of this user.
    pub(super) fn open_to(&self, user: &UserId) -> Vec<InviteId> {
        self.legs.iter().filter(|leg| leg.open.contains(user)).map(|leg| leg.id.clone()).collect()
    }

    /// When time alone changes something, monotonic ms.
    pub(super) fn deadline(&self) -> Option<u64> {
        let rings = self.legs.iter().filter(|leg| !leg.open.is_empty()).map(|leg| leg.deadline_ms + RING_GRACE_MS);
        rings.chain(self.coming.values().copied()).min()
    }
}

impl Call {
    /// Brings the picture of everybody else up to date.
    pub(super) fn show_others(&mut self) {
        let Some(party) = &self.party else { return };
        // Of several devices of one user the one that is best off counts. Looked up once: a lesson has hundreds.
        let mut here: HashMap<&UserId, Standing> = HashMap::new();
        for other in self.view.participants.iter() {
            let standing = match () {
                () if party.unlinked.contains(&other.device_id) => Standing::Reconnecting,
                () if other.on_hold => Standing::OnHold,
                () => Standing::In,
            };
            let best = here.entry(&other.user_id).or_insert(standing);
            if *best == Standing::Reconnecting || standing == Standing::In {
                *best = standing;
            }
        }
        let standing = |user: &UserId, became: Standing| {
            if let Some(standing) = here.get(user) {
                return *standing;
            }
            match () {
                () if party.is_rung(user) => Standing::Ringing,
                () if party.coming.contains_key(user) => Standing::Coming,
                () => became,
            }
        };
        let live = self.view.is_live();
        let other = |(user, became): &(UserId, Standing)| {
            let ours = party.legs.iter().any(|leg| leg.ours && leg.sent && leg.open.contains(user));
            let standing = standing(user, *became);
            Other { user: user.clone(), standing, may_stop: live && ours && standing == Standing::Ringing }
        };
        self.view.others = Arc::new(party.known.iter().map(other).collect());
    }

    /// The call is over: who was in it was in it until now.
    pub(super) fn close_party(&mut self) {
        let Some(party) = &mut self.party else { return };
        for other in self.view.participants.iter() {
            if let Some((_, became)) = party.known.iter_mut().find(|(user, _)| *user == other.user_id) {
                *became = Standing::Left;
            }
        }
        party.coming.clear();
        for leg in &mut party.legs {
            for user in leg.open.iter().filter(|_| !leg.ours) {
                if let Some((_, became)) = party.known.iter_mut().find(|(known, _)| known == user) {
                    *became = Standing::NoAnswer;
                }
            }
        }
        self.show_others();
    }

    /// How many others are in the room, and how many of them have a connection.
    fn company(&self, me: &UserId) -> (usize, usize) {
        let Some(party) = &self.party else { return (0, 0) };
        let others = || self.view.participants.iter().filter(|other| other.user_id != *me);
        (others().count(), others().filter(|other| !party.unlinked.contains(&other.device_id)).count())
    }
}

impl Machine {
    /// The live call of several, or the remembered one, that this invitation belongs to.
    pub(super) fn party_of(&self, id: &InviteId) -> Option<usize> {
        let has = |call: &Call| call.party.as_ref().is_some_and(|party| party.leg(id).is_some());
        let live = self.calls.iter().position(|call| call.is_live() && has(call));
        live.or_else(|| self.calls.iter().rposition(has))
    }

    /// A call of two becomes one of several. Nothing else changes: room, sound and clock go on.
    pub(super) fn become_party(&mut self, i: usize) {
        let me = self.me.clone();
        let call = &mut self.calls[i];
        if call.party.is_some() || !call.is_live() {
            return;
        }
        let mut party = Party::default();
        party.know(&call.view.peer, Standing::Left);
        if !call.accepted
            && let Some(deadline_ms) = call.view.ring_deadline_ms
        {
            let ours = call.invitation.is_ours();
            let callee = if ours { call.view.peer.clone() } else { me };
            let id = call.view.call_id.clone();
            let accepting = call.invitation == Invitation::AcceptSent;
            party.legs.push(Leg {
                id,
                ours,
                in_group: false,
                sent: true,
                deadline_ms,
                open: [callee].into(),
                accepting,
            });
        }
        if let (false, Some(device)) = (call.peer_linked, &call.peer_device) {
            party.unlinked.insert(device.clone());
        }
        if let Some((device, LeaveReason::Lost)) = &call.peer_left {
            party.last_was_lost = Some(device) == call.peer_device.as_ref();
        }
        for other in call.view.participants.iter().filter(|other| other.user_id != self.me) {
            party.know(&other.user_id, Standing::Left);
        }
        call.limit.take_if(|(_, limit)| *limit == Limit::PeerUnlinked);
        call.hangup = HangupDuty::None;
        call.party = Some(party);
        call.show_others();
    }
}
