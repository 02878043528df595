//! Requests on their way: numbered, matched with their answers, and repeated when only the connection failed.

use std::collections::BTreeMap;

use crate::protocol::{
    ApiError, Code, Request, RoomId,
    api::{Accept, Cancel, EndLesson, EnterRoom, ExitRoom, Invite, InviteInGroup, Reject},
};

use super::machine::{Output, RequestReply, Ticket};

/// A request that found the connection up and failed anyway is repeated after this, ms.
const RETRY_MS: u64 = 1_000;
/// Most requests that wait for the connection; the oldest gives way.
const WAITING_MAX: usize = 128;

/// Everything that the machine asks of the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    Enter(EnterRoom),
    Exit(ExitRoom),
    /// Ends the lesson for all.
    EndLesson(EndLesson),
    /// The invitation that makes a call.
    Invite(Invite),
    /// The same, of members of a group.
    InviteInGroup(InviteInGroup),
    /// The invitation that says "it rings here".
    Ringing(Invite),
    /// The invitation that ends a call in everyone's log.
    Hangup(Invite),
    /// The same, for the members of a group.
    GroupHangup(InviteInGroup),
    Cancel(Cancel),
    Accept(Accept),
    Reject(Reject),
}

impl Ask {
    fn request(&self) -> Request {
        match self {
            Self::Enter(params) => params.clone().into(),
            Self::Exit(params) => params.clone().into(),
            Self::EndLesson(params) => params.clone().into(),
            Self::Invite(params) | Self::Ringing(params) | Self::Hangup(params) => params.clone().into(),
            Self::InviteInGroup(params) | Self::GroupHangup(params) => params.clone().into(),
            Self::Cancel(params) => params.clone().into(),
            Self::Accept(params) => params.clone().into(),
            Self::Reject(params) => params.clone().into(),
        }
    }

    /// Makes sense only as long as the call lives.
    fn needs_live_call(&self) -> bool {
        match self {
            Self::Enter(_)
            | Self::EndLesson(_)
            | Self::Invite(_)
            | Self::InviteInGroup(_)
            | Self::Ringing(_)
            | Self::Accept(_) => true,
            Self::Exit(_) | Self::Hangup(_) | Self::GroupHangup(_) | Self::Cancel(_) | Self::Reject(_) => false,
        }
    }
}

/// A request with the call it belongs to.
#[derive(Debug)]
pub(super) struct Letter {
    /// The call's number in this machine.
    pub(super) call: u64,
    pub(super) ask: Ask,
    /// When it was first asked: it keeps its place among others, however often it is repeated.
    pub(super) order: u64,
    /// Not repeated after this time.
    until_ms: u64,
    abandoned: bool,
    /// A later request of the same kind has taken its place: whatever the answer, it is the other's that counts.
    replaced: bool,
}

impl Letter {
    fn is_exit(&self) -> bool {
        matches!(self.ask, Ask::Exit(_))
    }

    /// What was to be left before a room is entered is left by that, unless the way in fails.
    fn is_held(&self, entered_at: u64) -> bool {
        self.is_exit() && self.order < entered_at
    }
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    next: u64,
    flying: BTreeMap<Ticket, Letter>,
    /// Ordered as they were first asked; with the time before which they are not repeated while the connection stands.
    waiting: BTreeMap<u64, (u64, Letter)>,
}

impl Outbox {
    /// Sends a request, or keeps it until the connection is back.
    pub(super) fn send(&mut self, call: u64, ask: Ask, until_ms: u64, link: bool) -> Vec<Output> {
        self.next += 1;
        let letter = Letter { call, ask, order: self.next, until_ms, abandoned: false, replaced: false };
        if !link {
            self.wait(0, letter);
            return Vec::new();
        }
        // Leaving a room must not come behind entering one: it may be the same room.
        let entering = matches!(letter.ask, Ask::Enter(_));
        let leaving = if entering { self.take_waiting(|letter, _| letter.is_exit()) } else { Vec::new() };
        leaving.into_iter().chain([letter]).map(|letter| self.dispatch(letter)).collect()
    }

    /// Leaves a room that was entered in vain, in the place of that wish: what is entered after it comes first.
    pub(super) fn leave_again(
        &mut self,
        call: u64,
        exit: ExitRoom,
        order: u64,
        until_ms: u64,
        link: bool,
    ) -> Vec<Output> {
        let letter = Letter { call, ask: Ask::Exit(exit), order, until_ms, abandoned: false, replaced: false };
        if link && !letter.is_held(self.entering_since()) {
            return vec![self.dispatch(letter)];
        }
        self.wait(0, letter);
        Vec::new()
    }

    fn dispatch(&mut self, letter: Letter) -> Output {
        self.next += 1;
        let ticket = Ticket(self.next);
        let request = letter.ask.request();
        self.flying.insert(ticket, letter);
        Output::Request(ticket, request)
    }

    fn wait(&mut self, not_before_ms: u64, letter: Letter) {
        self.waiting.insert(letter.order, (not_before_ms, letter));
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_first();
        }
    }

    /// Matches an answer with its request. `None` if nobody asked, or if the request will be repeated.
    pub(super) fn answered(
        &mut self,
        now_ms: u64,
        link: bool,
        ticket: Ticket,
        result: Result<RequestReply, ApiError>,
    ) -> Option<(Letter, Result<RequestReply, ApiError>)> {
        let letter = self.flying.remove(&ticket)?;
        if let (Ask::Enter(enter), Ok(RequestReply::Entered(reply))) = (&letter.ask, &result) {
            self.exits_are_moot(letter.order, enter.keep_others.then_some(reply.room_id));
        }
        if letter.replaced {
            return None;
        }
        if let Err(error) = &result
            && is_passing(error)
            && !letter.abandoned
            && now_ms < letter.until_ms
        {
            let not_before_ms = if link { now_ms + RETRY_MS } else { 0 };
            self.wait(not_before_ms, letter);
            return None;
        }
        Some((letter, result))
    }

    /// Repeats what waits and is due; with `all`, whatever waits.
    pub(super) fn release(&mut self, now_ms: u64, all: bool) -> Vec<Output> {
        let entered_at = self.entering_since();
        let letters = self.take_waiting(|letter, at| (all || at <= now_ms) && !letter.is_held(entered_at));
        letters.into_iter().filter(|letter| now_ms < letter.until_ms).map(|letter| self.dispatch(letter)).collect()
    }

    /// The call is over: what only a live call needs is neither sent nor repeated any more.
    pub(super) fn abandon(&mut self, call: u64) {
        self.waiting.retain(|_, (_, letter)| letter.call != call || !letter.ask.needs_live_call());
        for letter in self.flying.values_mut() {
            letter.abandoned |= letter.call == call && letter.ask.needs_live_call();
        }
    }

    /// Takes out what waits and fits, in order; the closure also sees the time before which it is not to be repeated.
    fn take_waiting(&mut self, fits: impl Fn(&Letter, u64) -> bool) -> Vec<Letter> {
        let orders: Vec<u64> =
            self.waiting.iter().filter(|(_, (at, letter))| fits(letter, *at)).map(|(order, _)| *order).collect();
        orders.into_iter().filter_map(|order| self.waiting.remove(&order)).map(|(_, letter)| letter).collect()
    }

    /// The place of the latest request to enter a room that is under way; 0 if there is none.
    fn entering_since(&self) -> u64 {
        let entering = self.flying.values().filter(|letter| matches!(letter.ask, Ask::Enter(_)));
        entering.map(|letter| letter.order).max().unwrap_or(0)
    }

    /// A room was entered: to leave it for an earlier stay would be to leave it now. Any other has been left by that,
    /// unless this was the `only` one meant.
    fn exits_are_moot(&mut self, entered: u64, only: Option<RoomId>) {
        let moot = |letter: &Letter| match &letter.ask {
            Ask::Exit(exit) => letter.order < entered && only.is_none_or(|room| exit.room_id == room),
            _ => false,
        };
        self.waiting.retain(|_, (_, letter)| !moot(letter));
        for letter in self.flying.values_mut() {
            letter.abandoned |= moot(letter);
        }
    }

    /// The requests of this call to enter its room are replaced by another.
    pub(super) fn drop_enter(&mut self, call: u64) {
        let its = |letter: &Letter| letter.call == call && matches!(letter.ask, Ask::Enter(_));
        self.waiting.retain(|_, (_, letter)| !its(letter));
        for letter in self.flying.values_mut() {
            letter.replaced |= its(letter);
        }
    }

    /// The hang-up of this call has reached the log: it is not repeated.
    pub(super) fn abandon_hangup(&mut self, call: u64) {
        self.waiting.retain(|_, (_, letter)| letter.call != call || !matches!(letter.ask, Ask::Hangup(_)));
        for letter in self.flying.values_mut() {
            letter.abandoned |= letter.call == call && matches!(letter.ask, Ask::Hangup(_));
        }
    }

    /// Forgets everything: the session is over.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.flying.clear();
    }

    /// When the next repetition is due, if the connection stands.
    pub(super) fn deadline(&self) -> Option<u64> {
        let entered_at = self.entering_since();
        self.waiting.values().filter(|(_, letter)| !letter.is_held(entered_at)).map(|(at, _)| *at).min()
    }
}

/// Whether only the way failed, so that asking again makes sense.
fn is_passing(error: &ApiError) -> bool {
    error.is(Code::Disconnected) || error.is(Code::RequestTimeout) || error.is(Code::FrequencyLimit)
}
