//! Calls of several: in a group, without one, joined, and made of a call of two.

use super::*;
use crate::{
    call::Standing,
    protocol::{
        GroupId,
        api::{ExitRoomReply, InviteInGroup, Ringing},
    },
};

pub(super) fn group() -> GroupId {
    GroupId::new("class").expect("valid")
}

pub(super) fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

/// An invitation of several to a call.
pub(super) fn rung(invite: &str, by: &str, whom: &[&str], call: Option<&str>, in_group: bool) -> Input {
    let data = CallData {
        call_id: call.map(id),
        users: users(if in_group { &[] } else { whom }),
        ..CallData::audio(room(500))
    };
    live(Event::ReceiveNewInvitation(NewInvitation {
        inviter: user(by),
        device_id: device(&format!("{by}-1")),
        group_id: in_group.then(group),
        invitee_list: users(whom),
        data: data.to_json(),
        ..invitation(invite)
    }))
}

pub(super) fn came(who: &str, number: u32) -> Input {
    let participant = participant(who, &format!("{who}-1"));
    live(Event::RemoteUserEnterRoom(RoomEntered { room_id: room(number), participant, change: 0 }))
}

pub(super) fn went(who: &str, number: u32, reason: LeaveReason) -> Input {
    let participant = participant(who, &format!("{who}-1"));
    live(Event::RemoteUserLeaveRoom(RoomLeft { room_id: room(number), participant, reason, change: 0 }))
}

pub(super) fn linked(who: &str, number: u32, connected: bool) -> Input {
    let participant = participant(who, &format!("{who}-1"));
    live(Event::RemoteUserLinkChanged(RoomLink { room_id: room(number), participant, connected, change: 0 }))
}

pub(super) fn timed_out_for(invite: &InviteId, whom: &[&str]) -> Input {
    live(Event::InvitationTimeout(InvitationTimeout {
        invite_id: invite.clone(),
        invitee_list: users(whom),
        data: String::new(),
    }))
}

impl Rig {
    pub(super) fn standings(&self) -> Vec<(String, Standing)> {
        self.view().others.iter().map(|other| (other.user.to_string(), other.standing)).collect()
    }

    pub(super) fn standing(&self, who: &str) -> Standing {
        self.view().others.iter().find(|other| other.user == user(who)).expect("in the call").standing
    }

    /// Enters with the room's answer as it is for a call of several.
    pub(super) fn entered_call(
        &mut self,
        there: &[&str],
        ringing: &[(&str, &[&str])],
        call: Option<&InviteId>,
        number: u32,
    ) -> &mut Self {
        let (ticket, _) = self.take("enterRoom");
        let ringing = ringing.iter().map(|(invite, whom)| Ringing {
            invite_id: id(invite),
            user_list: users(whom),
            remaining_ms: Some(20_000),
        });
        let reply = EnterRoomReply {
            room_id: room(number),
            source_id: SourceId(1),
            relay_token: "token".into(),
            participants: there.iter().map(|name| participant(name, &format!("{name}-1"))).collect(),
            call_id: call.cloned(),
            change: 0,
            ringing: ringing.collect(),
            lesson: None,
        };
        self.input(Input::Reply(ticket, Ok(RequestReply::Entered(reply))))
    }

    /// Enters a room as it was after that change.
    pub(super) fn entered_at(&mut self, there: &[&str], change: u64) -> &mut Self {
        let (ticket, _) = self.take("enterRoom");
        let reply = EnterRoomReply {
            room_id: room(500),
            source_id: SourceId(1),
            relay_token: "token".into(),
            participants: there.iter().map(|name| participant(name, &format!("{name}-1"))).collect(),
            call_id: Some(id("b")),
            change,
            ringing: Vec::new(),
            lesson: None,
        };
        self.input(Input::Reply(ticket, Ok(RequestReply::Entered(reply))))
    }

    pub(super) fn number(&self) -> u32 {
        self.view().room.expect("a room").get()
    }

    pub(super) fn invited_in_group(&mut self, online: &[&str]) -> InviteInGroup {
        let (ticket, request) = self.take("inviteInGroup");
        let Request::InviteInGroup(invite) = request else { panic!("not inviteInGroup") };
        let reply = InviteReply { invite_id: invite.invite_id.clone(), online: users(online) };
        self.input(Input::Reply(ticket, Ok(RequestReply::Invited(reply))));
        invite
    }

    pub(super) fn exited(&mut self, remaining: usize, talked_ms: u64) -> &mut Self {
        self.reply("exitRoom", Ok(RequestReply::Exited(ExitRoomReply { remaining, talked_ms, call_id: None })))
    }

    /// The length that a pending hang-up message to the group says.
    pub(super) fn group_hangup(&self) -> Option<u64> {
        self.requests.iter().find_map(|(_, request)| match request {
            Request::InviteInGroup(invite) => match CallData::parse(&invite.data).ok()?.command {
                Command::Hangup { duration_s } => Some(duration_s),
                _ => None,
            },
            _ => None,
        })
    }

    /// Alice has called Bob, Carol and Dan in the group.
    pub(super) fn calling_group() -> Self {
        let mut rig = Self::new();
        rig.input(Input::PlaceSeveral(Some(group()), users(&["bob", "carol", "bob", "alice", "dan"])));
        let (call, number) = (rig.call_id(), rig.number());
        assert_eq!((rig.phase(), rig.pending("inviteInGroup")), (Phase::Calling, 0));
        rig.entered_call(&[], &[], Some(&call), number);
        let invite = rig.invited_in_group(&["bob", "carol"]);
        assert_eq!((&invite.invitee_list, &invite.invite_id), (&users(&["bob", "carol", "dan"]), &call));
        assert_eq!((invite.room_id, invite.group_id), (rig.view().room, group()));
        assert_eq!(rig.phase(), Phase::Ringing);
        rig
    }

    /// Bob has come.
    pub(super) fn with_bob() -> Self {
        let mut rig = Self::calling_group();
        let (call, number) = (rig.call_id(), rig.number());
        rig.input(came("bob", number)).input(accepted(&call, "bob", "bob-1"));
        assert_eq!(rig.phase(), Phase::InCall);
        rig
    }

    /// Bob calls Alice and Carol in the group.
    pub(super) fn called_in_group() -> Self {
        let mut rig = Self::new();
        rig.input(rung("b", "bob", &["alice", "carol"], None, true));
        assert_eq!((rig.phase(), rig.requests.len()), (Phase::Incoming, 0));
        rig
    }
}

#[test]
fn each_invitee_answers_for_oneself() {
    let mut rig = Rig::with_bob();
    let call = rig.call_id();
    assert_eq!(rig.media, [true]);
    assert_eq!(
        rig.standings(),
        [("bob".into(), Standing::In), ("carol".into(), Standing::Ringing), ("dan".into(), Standing::Ringing)]
    );
    rig.input(rejected(&call, "carol", "carol-1", Some("lineBusy"))).input(timed_out_for(&call, &["dan"]));
    assert_eq!((rig.standing("carol"), rig.standing("dan")), (Standing::Busy, Standing::NoAnswer));
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn a_call_goes_on_while_somebody_is_in_it_or_rings() {
    let mut rig = Rig::with_bob();
    let (call, number) = (rig.call_id(), rig.number());
    rig.wait(5_000).input(went("bob", number, LeaveReason::Exit));
    assert_eq!((rig.phase(), rig.standing("bob")), (Phase::InCall, Standing::Left), "carol and dan still ring");
    rig.input(rejected(&call, "carol", "carol-1", None))
        .input(came("dan", number))
        .input(accepted(&call, "dan", "dan-1"));
    assert_eq!((rig.phase(), rig.view().others_in()), (Phase::InCall, 1));
    rig.wait(5_000).input(went("dan", number, LeaveReason::Exit));
    assert_eq!((rig.phase(), rig.end(), rig.view().duration_s), (Phase::Ended, Some(EndReason::HungUp), 10));
    assert_eq!(rig.media, [true, false]);
}

#[test]
fn the_last_one_out_ends_the_call_in_the_log() {
    let mut rig = Rig::with_bob();
    let call = rig.call_id();
    rig.wait(5_000).input(Input::HangUp(call.clone()));
    assert_eq!((rig.end(), rig.pending("cancel")), (Some(EndReason::HungUp), 0), "who rings may still come");
    rig.exited(1, 5_000);
    assert_eq!(rig.group_hangup(), None, "bob is still there");

    let mut rig = Rig::with_bob();
    let (call, number) = (rig.call_id(), rig.number());
    rig.input(timed_out_for(&call, &["carol", "dan"])).wait(5_000).input(went("bob", number, LeaveReason::Exit));
    rig.exited(0, 93_700);
    assert_eq!(rig.group_hangup(), Some(93), "the length of the call, by the room's clock");
    let (_, request) = rig.take("inviteInGroup");
    let Request::InviteInGroup(hangup) = request else { panic!("not inviteInGroup") };
    assert_eq!((hangup.timeout, hangup.online_user_only, hangup.room_id), (0, false, None));
    assert_eq!(hangup.invitee_list, users(&["bob", "carol", "dan"]));
    let data = CallData::parse(&hangup.data).expect("call data");
    assert_eq!((data.call_id, data.inviter), (Some(call), Some(user("alice"))));
}

#[test]
fn a_call_that_nobody_answers_says_why() {
    for (ends, reason) in [
        (["declined", "declined", "declined"], EndReason::Declined),
        (["busy", "busy", "busy"], EndReason::Busy),
        (["busy", "declined", "silent"], EndReason::NoAnswer),
    ] {
        let mut rig = Rig::calling_group();
        let call = rig.call_id();
        for (who, end) in ["bob", "carol", "dan"].into_iter().zip(ends) {
            let on = format!("{who}-1");
            match end {
                "declined" => rig.input(rejected(&call, who, &on, None)),
                "busy" => rig.input(rejected(&call, who, &on, Some("lineBusy"))),
                _ => rig.input(timed_out_for(&call, &[who])),
            };
        }
        assert_eq!((rig.end(), rig.media.len()), (Some(reason), 0), "{ends:?}");
        rig.exited(0, 0);
        assert_eq!(rig.group_hangup(), None, "nobody has talked");
    }
}

#[test]
fn who_gives_up_stops_all_ringing() {
    let mut rig = Rig::calling_group();
    let call = rig.call_id();
    rig.input(Input::HangUp(call.clone()));
    assert_eq!(rig.end(), Some(EndReason::Cancelled));
    let methods: Vec<&str> = rig.requests.iter().map(|(_, request)| request.method()).collect();
    assert_eq!(methods, ["cancel", "exitRoom"], "in this order: the end of the room would cancel without a word");
}

#[test]
fn one_of_them_is_no_longer_rung() {
    let mut rig = Rig::with_bob();
    let call = rig.call_id();
    rig.input(Input::StopRinging(call.clone(), users(&["carol", "bob"])));
    let (_, request) = rig.take("cancel");
    let Request::Cancel(cancel) = request else { panic!("not cancel") };
    assert_eq!((&cancel.invite_id, cancel.invitee_list), (&call, users(&["carol"])), "bob has answered");
    assert_eq!(rig.standing("carol"), Standing::Ringing, "until the server says so");
    rig.input(live(Event::InvitationCancelled(InvitationCancelled {
        invite_id: call,
        inviter: user("alice"),
        device_id: device("alice-1"),
        invitee_list: users(&["carol"]),
        data: String::new(),
    })));
    assert_eq!((rig.standing("carol"), rig.standing("dan")), (Standing::Cancelled, Standing::Ringing));
}

#[test]
fn whoever_is_silent_is_not_waited_for_for_ever() {
    let mut rig = Rig::with_bob();
    rig.wait(40_000);
    assert_eq!((rig.standing("carol"), rig.standing("dan")), (Standing::NoAnswer, Standing::NoAnswer));
    let mut rig = Rig::calling_group();
    rig.wait(40_000);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
    let mut rig = Rig::called_in_group();
    rig.wait(40_000);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
}
