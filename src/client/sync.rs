//! What of the server's events is new, and which timeouts this device has to send. No I/O, no clock: `now_ms` is
//! monotonic, and deadlines come as remaining time, so a wrong wall clock changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::protocol::{
    ApiError, Code, Delivery, Event, InviteId, Request, UserId,
    api::{InviteReply, Start},
    event::{KickedOffline, NewInvitation},
    limits::SENDER_TIMEOUT_GRACE_MS,
};

/// Rounding on both ends may make a deadline here up to two milliseconds early; the server would refuse the report.
const ROUNDING_MS: u64 = 5;
/// A report that failed for an unforeseen reason is repeated after this.
const REPEAT_AFTER_MS: u64 = 500;
/// How often at most; the server's own backstop is long done by then.
const TRIES_MAX: u32 = 5;
/// More open invitations with a deadline than this are left to the server's backstop.
const OPEN_MAX: usize = 4_096;

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hand it over for the log.
    Record(Delivery),
    /// Call the application back.
    Callback(Delivery),
    /// The replay is complete up to this number.
    Synced(u64),
    /// The session is over.
    Kicked(KickedOffline),
}

/// An invitation whose timeout this device may have to report.
#[derive(Debug)]
struct Open {
    /// This user invited.
    own: bool,
    /// Whose part is still open.
    parts: BTreeSet<UserId>,
    deadline_ms: u64,
    /// Who of them was online when it was sent; `None` if this device did not send it.
    online: Option<Vec<UserId>>,
    /// A report is under way.
    sent: bool,
    tries: u32,
    not_before_ms: u64,
}

impl Open {
    /// When this device has to report, if it has to.
    fn due_ms(&self, me: &UserId) -> Option<u64> {
        if self.sent {
            return None;
        }
        let due = if self.parts.contains(me) {
            self.deadline_ms
        } else if self.own {
            // Who is online reports by itself; the sender speaks for those who cannot. One report ends all open parts,
            // so a single online invitee is reason to wait.
            let nobody_online =
                self.online.as_ref().is_some_and(|online| !online.iter().any(|user| self.parts.contains(user)));
            self.deadline_ms + if nobody_online { 0 } else { SENDER_TIMEOUT_GRACE_MS }
        } else {
            return None;
        };
        Some((due + ROUNDING_MS).max(self.not_before_ms))
    }
}

/// The state of one device's session, kept over reconnects.
#[derive(Debug)]
pub struct Inbox {
    me: UserId,
    last_seq: u64,
    /// Until the first replay is complete after a cold start.
    cold: bool,
    /// Numbers at or below the first `last_seq` that were called back again because of the cold start.
    called_again: HashSet<u64>,
    open: BTreeMap<InviteId, Open>,
}

impl Inbox {
    /// The state at the start of the program; `last_seq` is the last number that the application has stored.
    pub fn new(me: UserId, start: Start, last_seq: u64) -> Self {
        let cold = start == Start::Cold;
        Self { me, last_seq, cold, called_again: HashSet::new(), open: BTreeMap::new() }
    }

    /// Last number handed over for the log: where a replay shall go on.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// How to sign in now: cold until the first replay is complete.
    pub fn start(&self) -> Start {
        if self.cold { Start::Cold } else { Start::Hot }
    }

    /// An event arrived.
    pub fn receive(&mut self, now_ms: u64, delivery: Delivery) -> Vec<Step> {
        match &delivery.event {
            Event::SyncFinished(finished) => {
                self.cold = false;
                self.called_again = HashSet::new();
                // A server that was set back to an older state counts on from there.
                self.last_seq = self.last_seq.min(finished.up_to);
                return vec![Step::Synced(finished.up_to)];
            }
            Event::KickedOffline(kicked) => return vec![Step::Kicked(kicked.clone())],
            _ => {}
        }
        let fresh = delivery.seq == 0 || delivery.seq > self.last_seq;
        if !fresh {
            // A second copy. But what the program's last run has stored and is still open rings again after a cold start.
            let rings_again = self.cold
                && !delivery.history
                && matches!(delivery.event, Event::ReceiveNewInvitation(_))
                && self.called_again.insert(delivery.seq);
            if !rings_again {
                return Vec::new();
            }
        }
        let mut steps = Vec::with_capacity(2);
        if fresh && delivery.seq > 0 {
            self.last_seq = delivery.seq;
            if self.cold {
                self.called_again.insert(delivery.seq);
            }
            steps.push(Step::Record(delivery.clone()));
        }
        if !delivery.history {
            self.follow(now_ms, &delivery.event);
        }
        let own_invitation =
            matches!(&delivery.event, Event::ReceiveNewInvitation(invitation) if invitation.inviter == self.me);
        if !delivery.history && !own_invitation {
            steps.push(Step::Callback(delivery));
        }
        steps
    }

    /// Keeps the open invitations up to date.
    fn follow(&mut self, now_ms: u64, event: &Event) {
        match event {
            Event::ReceiveNewInvitation(invitation) => self.opened(now_ms, invitation),
            Event::InviteeAccepted(answer) | Event::InviteeRejected(answer) => {
                self.ended(&answer.invite_id, std::slice::from_ref(&answer.invitee));
            }
            Event::InvitationCancelled(cancelled) => self.ended(&cancelled.invite_id, &cancelled.invitee_list),
            Event::InvitationTimeout(timeout) => self.ended(&timeout.invite_id, &timeout.invitee_list),
            _ => {}
        }
    }

    fn opened(&mut self, now_ms: u64, invitation: &NewInvitation) {
        let Some(remaining_ms) = invitation.remaining_ms else { return };
        let deadline_ms = now_ms.saturating_add(remaining_ms);
        let own = invitation.inviter == self.me;
        self.track(&invitation.invite_id, own, &invitation.invitee_list, deadline_ms, None);
    }

    fn track(
        &mut self,
        invite_id: &InviteId,
        own: bool,
        invitees: &[UserId],
        deadline_ms: u64,
        online: Option<Vec<UserId>>,
    ) {
        if !own && !invitees.contains(&self.me) {
            return;
        }
        if let Some(open) = self.open.get_mut(invite_id) {
            // Told twice: the echo, and the answer to the request. The earlier deadline is the nearer to the truth.
            open.deadline_ms = open.deadline_ms.min(deadline_ms);
            open.online = online.or(open.online.take());
        } else if self.open.len() < OPEN_MAX {
            let parts = invitees.iter().cloned().collect();
            let open = Open { own, parts, deadline_ms, online, sent: false, tries: 0, not_before_ms: 0 };
            self.open.insert(invite_id.clone(), open);
        }
    }

    fn ended(&mut self, invite_id: &InviteId, whose: &[UserId]) {
        let Some(open) = self.open.get_mut(invite_id) else { return };
        for user in whose {
            open.parts.remove(user);
        }
        if open.parts.is_empty() || (!open.own && !open.parts.contains(&self.me)) {
            self.open.remove(invite_id);
        }
    }

    /// An own invitation was accepted by the server. Needed for those who are not online: their timeout is this
    /// device's.
    pub fn invited(&mut self, now_ms: u64, request: &Request, reply: &InviteReply) {
        let (invitees, timeout) = match request {
            Request::Invite(invite) => (std::slice::from_ref(&invite.invitee), invite.timeout),
            Request::InviteInGroup(invite) => (invite.invitee_list.as_slice(), invite.timeout),
            _ => return,
        };
        if timeout > 0 {
            let deadline_ms = now_ms.saturating_add(u64::from(timeout) * 1000);
            self.track(&reply.invite_id, true, invitees, deadline_ms, Some(reply.online.clone()));
        }
    }

    /// The invitations whose timeout is to be reported now. Each comes once, until the report is answered or the
    /// connection lost.
    pub fn due(&mut self, now_ms: u64) -> Vec<InviteId> {
        let me = &self.me;
        let mut due = Vec::new();
        for (invite_id, open) in &mut self.open {
            if open.due_ms(me).is_some_and(|due_ms| due_ms <= now_ms) {
                open.sent = true;
                open.tries += 1;
                due.push(invite_id.clone());
            }
        }
        due
    }

    /// When [`Inbox::due`] has something next.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.open.values().filter_map(|open| open.due_ms(&self.me)).min()
    }

    /// A report was answered. That somebody else was first (8010) is no error.
    pub fn reported(&mut self, now_ms: u64, invite_id: &InviteId, outcome: Result<(), &ApiError>) {
        let Some(open) = self.open.get_mut(invite_id) else { return };
        let settled = match outcome {
            Ok(()) => true,
            Err(error) => error.is(Code::InvalidInviteId) || error.is(Code::SignalingNoPermission),
        };
        if settled || open.tries >= TRIES_MAX {
            self.open.remove(invite_id);
        } else {
            open.sent = false;
            open.not_before_ms = now_ms + REPEAT_AFTER_MS;
        }
    }

    /// The connection is gone: reports under way may not have arrived.
    pub fn unlinked(&mut self) {
        for open in self.open.values_mut() {
            open.sent = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        DeviceId,
        api::{Invite, InviteInGroup},
        event::{InvitationCancelled, InviteeAnswer, SyncFinished},
    };
    use proptest::prelude::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("valid")
    }

    fn id(name: &str) -> InviteId {
        InviteId::new(name).expect("valid")
    }

    fn device() -> DeviceId {
        DeviceId::new("d").expect("valid")
    }

    fn invitation(seq: u64, invite_id: &str, inviter: &str, invitees: &[&str], remaining_ms: Option<u64>) -> Delivery {
        let event = Event::ReceiveNewInvitation(NewInvitation {
            invite_id: id(invite_id),
            inviter: user(inviter),
            device_id: device(),
            group_id: None,
            invitee_list: invitees.iter().map(|name| user(name)).collect(),
            data: String::new(),
            timeout: 30,
            online_user_only: false,
            remaining_ms,
        });
        // A wall clock from nowhere: nothing may depend on it.
        Delivery { seq, time_ms: -1, history: remaining_ms == Some(0), event }
    }

    fn answer(seq: u64, invite_id: &str, invitee: &str) -> Delivery {
        let event = Event::InviteeAccepted(InviteeAnswer {
            invite_id: id(invite_id),
            invitee: user(invitee),
            device_id: device(),
            device_name: "d".into(),
            data: String::new(),
        });
        Delivery { seq, time_ms: 0, history: false, event }
    }

    fn inbox(me: &str) -> Inbox {
        Inbox::new(user(me), Start::Hot, 0)
    }

    #[test]
    fn an_invitee_reports_its_own_part_at_the_deadline() {
        let mut bob = inbox("bob");
        let steps = bob.receive(1_000, invitation(1, "i", "alice", &["bob"], Some(30_000)));
        assert!(matches!(&steps[..], [Step::Record(_), Step::Callback(_)]));
        assert_eq!(bob.deadline_ms(), Some(31_000 + ROUNDING_MS));
        assert!(bob.due(31_000).is_empty());
        assert_eq!(bob.due(31_000 + ROUNDING_MS), [id("i")]);
        assert!(bob.due(40_000).is_empty(), "once");
        bob.unlinked();
        assert_eq!(bob.due(40_000), [id("i")], "and again after the connection was lost");
        bob.reported(40_000, &id("i"), Err(&ApiError::new(Code::InvalidInviteId, "over")));
        assert_eq!(bob.deadline_ms(), None);
    }

    #[test]
    fn an_unforeseen_refusal_is_retried_and_given_up() {
        let mut bob = inbox("bob");
        bob.receive(0, invitation(1, "i", "alice", &["bob"], Some(1_000)));
        let mut now_ms = 0;
        let mut tries = 0;
        while let Some(due_ms) = bob.deadline_ms() {
            assert!(due_ms > now_ms);
            now_ms = due_ms;
            assert_eq!(bob.due(now_ms), [id("i")]);
            bob.reported(now_ms, &id("i"), Err(&ApiError::new(Code::Internal, "disk full")));
            tries += 1;
        }
        assert_eq!(tries, TRIES_MAX);
    }

    #[test]
    fn the_sender_speaks_for_whoever_is_silent() {
        let request = Request::from(InviteInGroup {
            invite_id: id("i"),
            group_id: crate::protocol::GroupId::new("g").expect("valid"),
            invitee_list: vec![user("bob"), user("carol")],
            data: String::new(),
            online_user_only: false,
            timeout: 10,
            room_id: None,
        });
        let mut alice = inbox("alice");
        let steps = alice.receive(0, invitation(1, "i", "alice", &["bob", "carol"], Some(10_000)));
        assert!(matches!(&steps[..], [Step::Record(_)]), "one's own invitation is no callback");
        alice.invited(3, &request, &InviteReply { invite_id: id("i"), online: vec![user("bob")] });
        assert_eq!(alice.deadline_ms(), Some(10_000 + SENDER_TIMEOUT_GRACE_MS + ROUNDING_MS));
        alice.receive(5_000, answer(2, "i", "bob"));
        assert_eq!(alice.deadline_ms(), Some(10_000 + ROUNDING_MS), "only carol is left, and she is offline");
        alice.receive(6_000, answer(3, "i", "carol"));
        assert_eq!(alice.deadline_ms(), None);
    }

    #[test]
    fn an_invitation_without_echo_or_timeout_is_handled() {
        let invite = |timeout| {
            Request::from(Invite {
                invite_id: id("i"),
                invitee: user("bob"),
                data: String::new(),
                online_user_only: true,
                timeout,
                room_id: None,
            })
        };
        let reply = InviteReply { invite_id: id("i"), online: vec![] };
        let mut alice = inbox("alice");
        alice.invited(0, &invite(0), &reply);
        assert_eq!(alice.deadline_ms(), None);
        alice.invited(0, &invite(1), &reply);
        assert_eq!(alice.deadline_ms(), Some(1_000 + ROUNDING_MS));
    }

    #[test]
    fn bystanders_and_history_report_nothing() {
        let mut carol = inbox("carol");
        carol.receive(0, invitation(1, "i", "alice", &["bob"], Some(1_000)));
        let steps = carol.receive(0, invitation(2, "j", "alice", &["carol"], Some(0)));
        assert!(matches!(&steps[..], [Step::Record(_)]), "history is for the log only");
        carol.receive(0, invitation(3, "k", "alice", &["carol"], None));
        assert_eq!(carol.deadline_ms(), None);
        carol.receive(0, invitation(4, "l", "alice", &["carol", "bob"], Some(1_000)));
        let event = Event::InvitationCancelled(InvitationCancelled {
            invite_id: id("l"),
            inviter: user("alice"),
            device_id: device(),
            invitee_list: vec![user("carol"), user("bob")],
            data: String::new(),
        });
        carol.receive(0, Delivery { seq: 5, time_ms: 0, history: false, event });
        assert_eq!(carol.deadline_ms(), None);
    }

    #[test]
    fn after_a_cold_start_stored_invitations_ring_once_more() {
        let mut bob = Inbox::new(user("bob"), Start::Cold, 7);
        let again = || invitation(3, "i", "alice", &["bob"], Some(5_000));
        assert!(matches!(&bob.receive(0, again())[..], [Step::Callback(_)]), "not recorded twice");
        assert!(bob.receive(0, again()).is_empty());
        assert!(bob.receive(0, answer(4, "x", "bob")).is_empty());
        assert!(bob.deadline_ms().is_some());
        let event = Event::SyncFinished(SyncFinished { up_to: 7 });
        let steps = bob.receive(0, Delivery { seq: 0, time_ms: 0, history: false, event });
        assert_eq!(steps, [Step::Synced(7)]);
        assert_eq!(bob.start(), Start::Hot);
        assert!(bob.receive(0, again()).is_empty());
    }

    #[test]
    fn a_server_set_back_to_an_older_state_is_followed() {
        let mut bob = Inbox::new(user("bob"), Start::Cold, 7);
        let event = Event::SyncFinished(SyncFinished { up_to: 5 });
        bob.receive(0, Delivery { seq: 0, time_ms: 0, history: false, event });
        let steps = bob.receive(0, invitation(6, "i", "alice", &["bob"], Some(5_000)));
        assert!(matches!(&steps[..], [Step::Record(_), Step::Callback(_)]));
        assert_eq!(bob.last_seq(), 6);
    }

    proptest! {
        /// Whatever is sent again in whatever overlaps: each number is recorded once, in order.
        #[test]
        fn each_event_is_recorded_once_in_order(replays in prop::collection::vec((0_u64..40, 1_u64..40), 1..20)) {
            let mut bob = inbox("bob");
            let mut recorded = Vec::new();
            let mut sent = 0;
            for (back, count) in replays {
                // A replay begins at or before what this device has, never behind a gap.
                let first = bob.last_seq().saturating_sub(back) + 1;
                for seq in first..first + count {
                    sent = sent.max(seq);
                    for step in bob.receive(0, answer(seq, "x", "carol")) {
                        if let Step::Record(delivery) = step {
                            recorded.push(delivery.seq);
                        }
                    }
                }
            }
            prop_assert_eq!(recorded, (1..=sent).collect::<Vec<_>>());
        }
    }
}
