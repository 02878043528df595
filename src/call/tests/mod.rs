//! The call machine on virtual time: one machine at a time, the test plays the server.

mod endings;
mod glare;
mod hold;
mod lesson;
mod links;
mod log;
mod party;
mod party_comings;
mod party_log;
mod setup;
mod silence;
mod table;

use std::collections::VecDeque;

use super::{CallView, EndReason, Ids, Input, Machine, Output, Phase, RequestReply, Ticket};
use crate::protocol::{
    ApiError, Code, Delivery, DeviceId, Event, InviteId, Request, RoomId, SourceId, UserId,
    api::{EnterRoomReply, InviteReply},
    call_data::{CallData, Command},
    event::{
        InvitationCancelled, InvitationTimeout, InviteeAnswer, LeaveReason, NewInvitation, Participant, RoomEntered,
        RoomLeft, RoomLink,
    },
};

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).expect("valid")
}

fn id(name: &str) -> InviteId {
    InviteId::new(name).expect("valid")
}

fn room(number: u32) -> RoomId {
    RoomId::new(number).expect("valid")
}

fn error(code: Code) -> ApiError {
    ApiError::new(code, "no")
}

fn participant(name: &str, on: &str) -> Participant {
    Participant { user_id: user(name), device_id: device(on), source_id: SourceId(7), on_hold: false }
}

fn live(event: Event) -> Input {
    Input::Delivery(Delivery { seq: 1, time_ms: 0, history: false, event })
}

/// Bob's invitation to Alice.
fn invitation(invite: &str) -> NewInvitation {
    NewInvitation {
        invite_id: id(invite),
        inviter: user("bob"),
        device_id: device("bob-1"),
        group_id: None,
        invitee_list: vec![user("alice")],
        data: CallData::audio(room(500)).to_json(),
        timeout: 30,
        online_user_only: false,
        remaining_ms: Some(30_000),
    }
}

fn call_from_bob(invite: &str) -> Input {
    live(Event::ReceiveNewInvitation(invitation(invite)))
}

fn answer(invite: &InviteId, who: &str, on: &str, message: Option<&str>) -> InviteeAnswer {
    let data = CallData { message: message.map(str::to_owned), ..CallData::audio(room(500)) };
    InviteeAnswer {
        invite_id: invite.clone(),
        invitee: user(who),
        device_id: device(on),
        device_name: format!("{on}'s name"),
        data: data.to_json(),
    }
}

fn accepted(invite: &InviteId, who: &str, on: &str) -> Input {
    live(Event::InviteeAccepted(answer(invite, who, on, None)))
}

fn rejected(invite: &InviteId, who: &str, on: &str, message: Option<&str>) -> Input {
    live(Event::InviteeRejected(answer(invite, who, on, message)))
}

fn cancelled(invite: &InviteId, by: &str) -> Input {
    live(Event::InvitationCancelled(InvitationCancelled {
        invite_id: invite.clone(),
        inviter: user(by),
        device_id: device(&format!("{by}-1")),
        invitee_list: vec![user("alice")],
        data: String::new(),
    }))
}

fn timed_out(invite: &InviteId, who: &str) -> Input {
    live(Event::InvitationTimeout(InvitationTimeout {
        invite_id: invite.clone(),
        invitee_list: vec![user(who)],
        data: String::new(),
    }))
}

fn notice(call: &InviteId, command: Command) -> Input {
    let data = CallData { command, call_id: Some(call.clone()), ..CallData::audio(room(500)) };
    live(Event::ReceiveNewInvitation(NewInvitation {
        data: data.to_json(),
        timeout: 0,
        remaining_ms: None,
        ..invitation(&format!("notice-{call}").chars().take(60).collect::<String>())
    }))
}

/// Alice's first device.
struct Rig {
    machine: Machine,
    now_ms: u64,
    requests: VecDeque<(Ticket, Request)>,
    /// `true`: start, `false`: stop.
    media: Vec<bool>,
    /// What else came out.
    rest: Vec<Output>,
}

impl Rig {
    fn new() -> Self {
        Self {
            machine: Machine::with_ids(user("alice"), device("alice-1"), Ids::seeded(1)),
            now_ms: 1_000_000,
            requests: VecDeque::new(),
            media: Vec::new(),
            rest: Vec::new(),
        }
    }

    fn input(&mut self, input: Input) -> &mut Self {
        self.machine.handle(self.now_ms, input);
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Request(ticket, request) => self.requests.push_back((ticket, request)),
                Output::StartMedia(_) => self.media.push(true),
                Output::StopMedia => self.media.push(false),
                other => self.rest.push(other),
            }
        }
        self
    }

    /// Lets time pass, stopping at every deadline on the way.
    fn wait(&mut self, ms: u64) -> &mut Self {
        let end = self.now_ms + ms;
        while let Some(at) = self.machine.next_deadline().filter(|at| *at <= end) {
            self.now_ms = at.max(self.now_ms);
            self.input(Input::Tick);
            assert!(self.machine.next_deadline() != Some(at), "a deadline that stays");
        }
        self.now_ms = end;
        self.input(Input::Tick)
    }

    /// Takes the oldest pending request of this method out.
    fn take(&mut self, method: &str) -> (Ticket, Request) {
        let at = self.requests.iter().position(|(_, request)| request.method() == method);
        let at = at.unwrap_or_else(|| panic!("no {method} among {:?}", self.requests));
        self.requests.remove(at).expect("just found")
    }

    fn pending(&self, method: &str) -> usize {
        self.requests.iter().filter(|(_, request)| request.method() == method).count()
    }

    fn reply(&mut self, method: &str, result: Result<RequestReply, ApiError>) -> &mut Self {
        let (ticket, _) = self.take(method);
        self.input(Input::Reply(ticket, result))
    }

    fn done(&mut self, method: &str) -> &mut Self {
        self.reply(method, Ok(RequestReply::Done))
    }

    fn refused(&mut self, method: &str, code: Code) -> &mut Self {
        self.reply(method, Err(error(code)))
    }

    fn entered(&mut self, others: &[(&str, &str)]) -> &mut Self {
        let (ticket, request) = self.take("enterRoom");
        let Request::EnterRoom(enter) = request else { panic!("not enterRoom") };
        let reply = EnterRoomReply {
            room_id: enter.room_id,
            source_id: SourceId(1),
            relay_token: "token".into(),
            participants: others.iter().map(|(name, on)| participant(name, on)).collect(),
            call_id: None,
            change: 0,
            ringing: vec![],
            lesson: None,
        };
        self.input(Input::Reply(ticket, Ok(RequestReply::Entered(reply))))
    }

    fn invited(&mut self, online: &[&str]) -> &mut Self {
        let (ticket, request) = self.take("invite");
        let Request::Invite(invite) = request else { panic!("not invite") };
        let reply = InviteReply { invite_id: invite.invite_id, online: online.iter().map(|name| user(name)).collect() };
        self.input(Input::Reply(ticket, Ok(RequestReply::Invited(reply))))
    }

    /// The data of the pending invitations that are not calls.
    fn notices(&self) -> Vec<CallData> {
        self.requests
            .iter()
            .filter_map(|(_, request)| match request {
                Request::Invite(invite) => CallData::parse(&invite.data).ok(),
                _ => None,
            })
            .filter(|data| !matches!(data.command, Command::AudioCall))
            .collect()
    }

    fn hangups(&self) -> Vec<(u64, Option<InviteId>, Option<UserId>)> {
        self.notices()
            .into_iter()
            .filter_map(|data| match data.command {
                Command::Hangup { duration_s } => Some((duration_s, data.call_id, data.inviter)),
                _ => None,
            })
            .collect()
    }

    fn view(&self) -> CallView {
        self.machine.view().first().expect("a call").clone()
    }

    fn phase(&self) -> Phase {
        self.view().phase
    }

    fn end(&self) -> Option<EndReason> {
        self.view().end
    }

    fn call_id(&self) -> InviteId {
        self.view().call_id
    }

    fn peer_enters(&mut self) -> &mut Self {
        let room_id = self.view().room.expect("a room");
        let participant = participant("bob", "bob-1");
        self.input(live(Event::RemoteUserEnterRoom(RoomEntered { room_id, participant, change: 0 })))
    }

    fn peer_leaves(&mut self, reason: LeaveReason) -> &mut Self {
        let room_id = self.view().room.expect("a room");
        let participant = participant("bob", "bob-1");
        self.input(live(Event::RemoteUserLeaveRoom(RoomLeft { room_id, participant, reason, change: 0 })))
    }

    fn peer_link(&mut self, connected: bool) -> &mut Self {
        let room_id = self.view().room.expect("a room");
        let participant = participant("bob", "bob-1");
        self.input(live(Event::RemoteUserLinkChanged(RoomLink { room_id, participant, connected, change: 0 })))
    }

    // ---- ladders --------------------------------------------------------------------------------------------------

    /// Alice calls Bob; the invitation is out.
    fn calling() -> Self {
        let mut rig = Self::new();
        rig.input(Input::Place(user("bob"))).entered(&[]).invited(&["bob"]);
        assert_eq!(rig.phase(), Phase::Calling);
        rig
    }

    /// Bob's device says that it rings.
    fn ringing() -> Self {
        let mut rig = Self::calling();
        let call = rig.call_id();
        rig.input(notice(&call, Command::Ringing));
        assert_eq!(rig.phase(), Phase::Ringing);
        rig
    }

    /// Alice talks with Bob, whom she called.
    fn talking_as_caller() -> Self {
        let mut rig = Self::ringing();
        let call = rig.call_id();
        rig.peer_enters().input(accepted(&call, "bob", "bob-1"));
        assert_eq!(rig.phase(), Phase::InCall);
        rig
    }

    /// Bob calls Alice.
    fn incoming() -> Self {
        let mut rig = Self::new();
        rig.input(call_from_bob("b"));
        assert_eq!(rig.phase(), Phase::Incoming);
        assert_eq!(rig.notices().len(), 1, "the ringing notice");
        rig.requests.clear();
        rig
    }

    /// Alice has answered, and is in the room; the server has not taken the acceptance yet.
    fn answering() -> Self {
        let mut rig = Self::incoming();
        rig.input(Input::Accept(id("b")));
        assert_eq!((rig.phase(), rig.pending("accept")), (Phase::Connecting, 0), "first the room");
        rig.entered(&[("bob", "bob-1")]);
        assert_eq!((rig.phase(), rig.pending("accept")), (Phase::Connecting, 1));
        rig
    }

    /// Alice talks with Bob, who called.
    fn talking_as_callee() -> Self {
        let mut rig = Self::answering();
        rig.done("accept");
        assert_eq!(rig.phase(), Phase::InCall);
        rig
    }
}
