//! A small server around the real rules: logs per user, replay, rooms. Synchronous; time comes as an argument.

use std::collections::{BTreeMap, BTreeSet};

use ahoy::{
    protocol::{
        ApiError, Code, Delivery, DeviceId, Event, GroupId, InviteId, Request, RoomId, UserId,
        api::{EnterRoomReply, ExitRoomReply, InviteReply, Ringing, Start},
        call_data::CallData,
        event::{LeaveReason, NewInvitation, Participant, SyncFinished},
        limits,
    },
    signaling::{Actor, Book, Change, Invited, Proposal},
};

use super::spec::{Outcome, Refusal, Spec, Wish};

/// The server's wall clock at virtual time 0.
pub(crate) const EPOCH_MS: i64 = 1_700_000_000_000;

/// What travels to a device.
#[derive(Debug)]
pub(crate) enum Frame {
    Reply(u64, Result<Reply, ApiError>),
    Event(Delivery),
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Done,
    Invited(InviteReply),
    Entered(EnterRoomReply),
    Exited(ExitRoomReply),
}

struct Session {
    actor: Actor,
    start: Start,
    base: usize,
    until: usize,
    told: BTreeSet<InviteId>,
}

pub(crate) struct Person {
    pub(crate) participant: Participant,
    pub(crate) lost_ms: Option<u64>,
    pub(crate) came_ms: u64,
    pub(crate) met: BTreeSet<UserId>,
    /// Came with an own invitation to the room open, and has not accepted one.
    pub(crate) answering: bool,
}

pub(crate) struct Room {
    pub(crate) group: Option<GroupId>,
    pub(crate) call_id: Option<InviteId>,
    pub(crate) opener: UserId,
    pub(crate) allowed: BTreeSet<UserId>,
    pub(crate) people: BTreeMap<DeviceId, Person>,
    /// How many were there from when on.
    pub(crate) counts: Vec<(u64, usize)>,
}

/// A stay in a room that is over.
pub(crate) struct Stay {
    pub(crate) device: DeviceId,
    pub(crate) call_id: Option<InviteId>,
    pub(crate) in_group: bool,
    pub(crate) at_ms: u64,
    pub(crate) reason: LeaveReason,
    pub(crate) was_last: bool,
    /// It is in the user's log.
    pub(crate) written: bool,
    /// How long two or more were in the room, ms.
    pub(crate) talked_ms: u64,
}

pub(crate) struct Server {
    book: Book,
    pub(crate) spec: Spec,
    users: Vec<UserId>,
    pub(crate) logs: BTreeMap<UserId, Vec<(i64, Event)>>,
    sessions: BTreeMap<usize, Session>,
    pub(crate) online: BTreeMap<DeviceId, usize>,
    pub(crate) rooms: BTreeMap<RoomId, Room>,
    pub(crate) last_source: u32,
    /// The number of the last change in a room.
    pub(crate) changes: u64,
    pub(crate) stays: Vec<Stay>,
    pub(crate) now_ms: u64,
    /// Frames to send, in order.
    pub(crate) out: Vec<(usize, Frame)>,
    /// The first broken rule.
    pub(crate) broken: Option<String>,
    /// Room numbers that are always taken, to see the caller try another one.
    pub(crate) taken_percent: u64,
}

pub(crate) fn refuse<T>(code: Code) -> Result<T, ApiError> {
    Err(ApiError::new(code, "refused"))
}

impl Server {
    pub(crate) fn new(users: Vec<UserId>) -> Self {
        Self {
            book: Book::new(),
            spec: Spec::default(),
            logs: users.iter().map(|user| (user.clone(), Vec::new())).collect(),
            users,
            sessions: BTreeMap::new(),
            online: BTreeMap::new(),
            rooms: BTreeMap::new(),
            last_source: 0,
            changes: 0,
            stays: Vec::new(),
            now_ms: 0,
            out: Vec::new(),
            broken: None,
            taken_percent: 0,
        }
    }

    pub(crate) fn fault(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    pub(crate) fn occupied(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let rooms = self.rooms.values().flat_map(|room| room.people.values());
        let lost = rooms.filter_map(|person| person.lost_ms.map(|at| at + limits::ROOM_GRACE_MS));
        lost.chain(self.book.next_deadline()).min()
    }

    pub(crate) fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        for change in self.book.expire(now_ms).0 {
            let noted = self.spec.all.get(&change.invitation.id);
            let due = noted.map(|noted| noted.began_ms + u64::from(noted.timeout_s) * 1000);
            if due.is_none_or(|due| now_ms < due + limits::SERVER_BACKSTOP_MS) {
                self.fault(format!("the backstop ended {} too early", change.invitation.id));
            }
            self.publish(change);
        }
        self.book.commit();
        let gone: Vec<DeviceId> = self
            .rooms
            .values()
            .flat_map(|room| &room.people)
            .filter(|(_, person)| person.lost_ms.is_some_and(|at| at + limits::ROOM_GRACE_MS <= now_ms))
            .map(|(device, _)| device.clone())
            .collect();
        gone.iter().for_each(|device| self.leave_rooms(device, LeaveReason::Lost));
    }

    // ---- sessions -------------------------------------------------------------------------------------------------

    pub(crate) fn login(&mut self, now_ms: u64, conn: usize, id: u64, actor: Actor, start: Start, last_seq: u64) {
        self.now_ms = now_ms;
        if let Some(before) = self.online.insert(actor.device.clone(), conn) {
            self.sessions.remove(&before);
        }
        if start == Start::Cold {
            // The program that was in a room is no more.
            self.leave_rooms(&actor.device, LeaveReason::Lost);
        }
        self.link_changed(&actor.device, true);
        let until = self.logs[&actor.user].len();
        let base = usize::try_from(last_seq).unwrap_or(usize::MAX).min(until);
        self.out.push((conn, Frame::Reply(id, Ok(Reply::Done))));
        let mut session = Session { actor, start, base, until, told: BTreeSet::new() };
        let log: Vec<(i64, Event)> = self.logs[&session.actor.user].clone();
        for (at, (time_ms, event)) in log.iter().enumerate() {
            let Event::ReceiveNewInvitation(new) = event else { continue };
            let again = start == Start::Cold && at < base && self.rings(&session, &new.invite_id);
            if again {
                session.told.insert(new.invite_id.clone());
                let event = Event::ReceiveNewInvitation(self.as_of_now(new));
                let delivery = Delivery { seq: at as u64 + 1, time_ms: *time_ms, history: false, event };
                self.out.push((conn, Frame::Event(delivery)));
            }
        }
        for (at, (time_ms, event)) in log.into_iter().enumerate().skip(base) {
            let (event, history) = match event {
                Event::ReceiveNewInvitation(new) => {
                    let rings = self.rings(&session, &new.invite_id);
                    if rings {
                        session.told.insert(new.invite_id.clone());
                    }
                    (Event::ReceiveNewInvitation(self.as_of_now(&new)), !rings)
                }
                event => {
                    let known = invite_of(&event).is_some_and(|id| self.knows(&session, id));
                    (event, !known)
                }
            };
            self.out.push((conn, Frame::Event(Delivery { seq: at as u64 + 1, time_ms, history, event })));
        }
        let finished = Event::SyncFinished(SyncFinished { up_to: until as u64 });
        self.out.push((conn, Frame::Event(Delivery { seq: 0, time_ms: 0, history: false, event: finished })));
        self.sessions.insert(conn, session);
    }

    fn as_of_now(&self, new: &NewInvitation) -> NewInvitation {
        self.book.get(&new.invite_id).map_or_else(|| new.clone(), |there| there.announce(self.now_ms))
    }

    fn rings(&self, session: &Session, id: &InviteId) -> bool {
        let Some(there) = self.book.get(id) else { return false };
        let age_ms = self.now_ms - there.created_ms;
        let late = session.start == Start::Cold && there.group.is_some() && age_ms > limits::GROUP_COLD_START_WINDOW_MS;
        !late && !there.is_over_for(&session.actor.user) && there.remaining_ms(self.now_ms) != Some(0)
    }

    fn knows(&self, session: &Session, id: &InviteId) -> bool {
        let mut log = self.logs[&session.actor.user].iter();
        let begun =
            log.position(|(_, event)| matches!(event, Event::ReceiveNewInvitation(new) if new.invite_id == *id));
        session.told.contains(id)
            || begun.is_some_and(|at| at >= session.until || (session.start == Start::Hot && at < session.base))
    }

    pub(crate) fn closed(&mut self, now_ms: u64, conn: usize) {
        self.now_ms = now_ms;
        let Some(session) = self.sessions.remove(&conn) else { return };
        if self.online.get(&session.actor.device) == Some(&conn) {
            self.online.remove(&session.actor.device);
            self.link_changed(&session.actor.device, false);
        }
    }

    fn conns_of(&self, user: &UserId) -> Vec<usize> {
        self.sessions.iter().filter(|(_, session)| session.actor.user == *user).map(|(conn, _)| *conn).collect()
    }

    // ---- requests -------------------------------------------------------------------------------------------------

    pub(crate) fn request(&mut self, now_ms: u64, conn: usize, id: u64, request: Request) {
        self.now_ms = now_ms;
        let Some(session) = self.sessions.get(&conn) else {
            return self.out.push((conn, Frame::Reply(id, refuse(Code::NotLoggedIn))));
        };
        let actor = session.actor.clone();
        let result = match request {
            Request::Invite(r) => {
                let (id, invitees, data) = (r.invite_id, vec![r.invitee], r.data);
                let (timeout_s, online_only, room) = (r.timeout, r.online_user_only, r.room_id);
                self.invite(&actor, Proposal { id, group: None, invitees, data, timeout_s, online_only, room })
            }
            Request::InviteInGroup(r) => {
                let (id, group, invitees, data) = (r.invite_id, Some(r.group_id), r.invitee_list, r.data);
                let (timeout_s, online_only, room) = (r.timeout, r.online_user_only, r.room_id);
                self.invite(&actor, Proposal { id, group, invitees, data, timeout_s, online_only, room })
            }
            Request::Accept(answer) => {
                let result = self.book.accept(&actor, &answer.invite_id, answer.data);
                if let Ok(change) = &result
                    && let Some(room) = change.invitation.room.and_then(|room| self.rooms.get_mut(&room))
                    && let Some(person) = room.people.get_mut(&actor.device)
                {
                    person.answering = false;
                }
                self.judged(Wish::Accept, &actor, &answer.invite_id, result)
            }
            Request::Reject(answer) => {
                let result = self.book.reject(&actor, &answer.invite_id, answer.data);
                self.judged(Wish::Reject, &actor, &answer.invite_id, result)
            }
            Request::Cancel(cancel) => {
                let whose = cancel.invitee_list;
                let result = self.book.cancel(&actor, &cancel.invite_id, &whose, cancel.data);
                self.judged_for(Wish::Cancel, &actor, &cancel.invite_id, &whose, result)
            }
            Request::Timeout(timeout) => {
                let result = self.book.timeout(now_ms, &actor, &timeout.invite_id);
                self.judged(Wish::Timeout, &actor, &timeout.invite_id, result)
            }
            Request::ModifyInvitation(modify) => {
                let result = self.book.modify(&actor, &modify.invite_id, modify.data);
                self.judged(Wish::Modify, &actor, &modify.invite_id, result)
            }
            Request::EnterRoom(enter) => self.enter(&actor, &enter),
            Request::ExitRoom(exit) => self.exit(&actor, &exit),
            other => panic!("the model does not know {}", other.method()),
        };
        self.book.commit();
        self.out.push((conn, Frame::Reply(id, result)));
    }

    fn invite(&mut self, actor: &Actor, asked: Proposal) -> Result<Reply, ApiError> {
        let id = asked.id.clone();
        if let Some(room) = asked.room {
            match self.rooms.get(&room) {
                None => return refuse(Code::NotFound),
                Some(room) if !room.people.contains_key(&actor.device) => return refuse(Code::PermissionDenied),
                Some(_) => {}
            }
        }
        let (room, invitees) = (asked.room, asked.invitees.clone());
        let noted = Spec::note(actor, &asked, self.now_ms);
        let expected = self.spec.judge_invite(&id, &noted);
        let online = asked.invitees.iter().filter(|user| !self.conns_of(user).is_empty()).cloned().collect();
        let result = self.book.invite(self.now_ms, actor, asked);
        if result.as_ref().err().map(|error| error.code) != expected.map(|code| code as i32) {
            self.fault(format!("invite {id} by {}: {result:?} instead of {expected:?}", actor.user));
        }
        if let Invited::New { change, .. } = result? {
            self.spec.begun(id.clone(), noted);
            self.publish(*change);
            if let Some(room) = room.and_then(|room| self.rooms.get_mut(&room)) {
                room.allowed.extend(invitees);
            }
        }
        Ok(Reply::Invited(InviteReply { invite_id: id, online }))
    }

    fn judged(
        &mut self,
        wish: Wish,
        actor: &Actor,
        id: &InviteId,
        result: Result<Change, ApiError>,
    ) -> Result<Reply, ApiError> {
        self.judged_for(wish, actor, id, &[], result)
    }

    fn judged_for(
        &mut self,
        wish: Wish,
        actor: &Actor,
        id: &InviteId,
        whose: &[UserId],
        result: Result<Change, ApiError>,
    ) -> Result<Reply, ApiError> {
        let expected = self.spec.judge(self.now_ms, wish, &actor.user, id, whose);
        if result.as_ref().err().map(|error| error.code) != expected.map(|code| code as i32) {
            self.fault(format!("{wish:?} of {id} by {}: {result:?} instead of {expected:?}", actor.user));
        }
        self.publish(result?);
        Ok(Reply::Done)
    }

    /// Whose part of an invitation to this room is open.
    pub(crate) fn rung(&self, room: RoomId) -> Vec<Ringing> {
        let open = self.book.open_to(room).filter(|there| there.timeout_s > 0);
        open.map(|there| Ringing {
            invite_id: there.id.clone(),
            user_list: there.open_invitees(),
            remaining_ms: there.remaining_ms(self.now_ms),
        })
        .collect()
    }

    pub(crate) fn end_invitations_to(&mut self, room: RoomId) {
        for change in self.book.end_room(room) {
            self.publish(change);
        }
    }

    /// Writes something down for one user alone.
    pub(crate) fn note_for(&mut self, user: &UserId, event: Event) {
        self.tell(user.clone(), &event, false);
    }

    fn publish(&mut self, change: Change) {
        self.note_result(&change.event);
        let there = &change.invitation;
        let mut concerned: Vec<UserId> = match there.group {
            Some(_) => self.users.clone(),
            None => [&there.inviter].into_iter().chain(there.invitees.iter().map(|(user, _)| user)).cloned().collect(),
        };
        if let Some(room) = there.room.and_then(|room| self.rooms.get(&room)) {
            let here: BTreeSet<&UserId> = room.people.values().map(|person| &person.participant.user_id).collect();
            let more: Vec<UserId> = here.into_iter().filter(|user| !concerned.contains(user)).cloned().collect();
            concerned.extend(more);
        }
        for user in concerned {
            self.tell(user, &change.event, change.invitation.online_only);
        }
    }

    fn tell(&mut self, user: UserId, event: &Event, online_only: bool) {
        let time_ms = EPOCH_MS + i64::try_from(self.now_ms).expect("a virtual time");
        let mut seq = 0;
        if !online_only {
            let log = self.logs.entry(user.clone()).or_default();
            log.push((time_ms, event.clone()));
            seq = log.len() as u64;
        }
        for conn in self.conns_of(&user) {
            let delivery = Delivery { seq, time_ms, history: false, event: event.clone() };
            self.out.push((conn, Frame::Event(delivery)));
        }
    }

    fn note_result(&mut self, event: &Event) {
        let (id, ends): (&InviteId, Vec<(&UserId, Outcome)>) = match event {
            Event::InviteeAccepted(e) => (&e.invite_id, vec![(&e.invitee, Outcome::Accepted(e.device_id.clone()))]),
            Event::InviteeRejected(e) => {
                let why = match CallData::parse(&e.data) {
                    Ok(data) if data.is_line_busy() => Refusal::Busy,
                    Ok(data) if data.is_do_not_disturb() => Refusal::NotAvailable,
                    _ => Refusal::Declined,
                };
                (&e.invite_id, vec![(&e.invitee, Outcome::Rejected { by: e.device_id.clone(), why })])
            }
            Event::InvitationCancelled(e) => {
                let glare = CallData::parse(&e.data).is_ok_and(|data| data.is_glare());
                (&e.invite_id, e.invitee_list.iter().map(|user| (user, Outcome::Cancelled { glare })).collect())
            }
            Event::InvitationTimeout(e) => {
                (&e.invite_id, e.invitee_list.iter().map(|user| (user, Outcome::TimedOut)).collect())
            }
            Event::InvitationModified(e) => return self.spec.modified(&e.invite_id, &e.data),
            _ => return,
        };
        if ends.is_empty() {
            self.fault(format!("an end of nobody's part of {id}"));
        }
        for (user, outcome) in ends {
            if let Err(why) = self.spec.ended(self.now_ms, id, user, outcome) {
                self.fault(format!("{id}, {user}: {why}"));
            }
        }
    }
}

fn invite_of(event: &Event) -> Option<&InviteId> {
    match event {
        Event::InviteeAccepted(e) | Event::InviteeRejected(e) => Some(&e.invite_id),
        Event::InvitationCancelled(e) => Some(&e.invite_id),
        Event::InvitationTimeout(e) => Some(&e.invite_id),
        Event::InvitationModified(e) => Some(&e.invite_id),
        _ => None,
    }
}
