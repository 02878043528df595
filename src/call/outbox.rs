//! Requests on their way: numbered, matched with their answers, and repeated when only the connection failed.

use std::collections::BTreeMap;

use crate::protocol::{
    ApiError, Code, InviteId, Request,
    api::{Accept, AllowInRoom, Cancel, EnterRoom, ExitRoom, Invite, Reject},
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
    Allow(AllowInRoom),
    Exit(ExitRoom),
    /// The invitation that makes a call.
    Invite(Invite),
    /// The invitation that says "it rings here".
    Ringing(Invite),
    /// The invitation that ends a call in everyone's log.
    Hangup(Invite),
    Cancel(Cancel),
    Accept(Accept),
    Reject(Reject),
}

impl Ask {
    fn request(&self) -> Request {
        match self {
            Self::Enter(params) => params.clone().into(),
            Self::Allow(params) => params.clone().into(),
            Self::Exit(params) => params.clone().into(),
            Self::Invite(params) | Self::Ringing(params) | Self::Hangup(params) => params.clone().into(),
            Self::Cancel(params) => params.clone().into(),
            Self::Accept(params) => params.clone().into(),
            Self::Reject(params) => params.clone().into(),
        }
    }

    /// Makes sense only as long as the call lives.
    fn needs_live_call(&self) -> bool {
        match self {
            Self::Enter(_) | Self::Allow(_) | Self::Invite(_) | Self::Ringing(_) | Self::Accept(_) => true,
            Self::Exit(_) | Self::Hangup(_) | Self::Cancel(_) | Self::Reject(_) => false,
        }
    }
}

/// A request with the call it belongs to.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) call: InviteId,
    pub(super) ask: Ask,
    /// Not repeated after this time.
    until_ms: u64,
    abandoned: bool,
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
    pub(super) fn send(&mut self, call: &InviteId, ask: Ask, until_ms: u64, link: bool) -> Option<Output> {
        self.next += 1;
        let letter = Letter { call: call.clone(), ask, until_ms, abandoned: false };
        if link {
            return Some(self.dispatch(letter));
        }
        self.wait(self.next, 0, letter);
        None
    }

    fn dispatch(&mut self, letter: Letter) -> Output {
        self.next += 1;
        let ticket = Ticket(self.next);
        let request = letter.ask.request();
        self.flying.insert(ticket, letter);
        Output::Request(ticket, request)
    }

    fn wait(&mut self, order: u64, not_before_ms: u64, letter: Letter) {
        self.waiting.insert(order, (not_before_ms, letter));
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
        if let Err(error) = &result
            && is_passing(error)
            && !letter.abandoned
            && now_ms < letter.until_ms
        {
            let not_before_ms = if link { now_ms + RETRY_MS } else { 0 };
            self.wait(ticket.0, not_before_ms, letter);
            return None;
        }
        Some((letter, result))
    }

    /// Repeats what waits and is due; with `all`, whatever waits.
    pub(super) fn release(&mut self, now_ms: u64, all: bool) -> Vec<Output> {
        let due: Vec<u64> =
            self.waiting.iter().filter(|(_, (at, _))| all || *at <= now_ms).map(|(order, _)| *order).collect();
        let letters: Vec<Letter> =
            due.into_iter().filter_map(|order| self.waiting.remove(&order)).map(|(_, letter)| letter).collect();
        letters.into_iter().filter(|letter| now_ms < letter.until_ms).map(|letter| self.dispatch(letter)).collect()
    }

    /// The call is over: what only a live call needs is neither sent nor repeated any more.
    pub(super) fn abandon(&mut self, call: &InviteId) {
        self.waiting.retain(|_, (_, letter)| letter.call != *call || !letter.ask.needs_live_call());
        for letter in self.flying.values_mut() {
            letter.abandoned |= letter.call == *call && letter.ask.needs_live_call();
        }
    }

    /// The hang-up of this call has reached the log: it is not repeated.
    pub(super) fn abandon_hangup(&mut self, call: &InviteId) {
        self.waiting.retain(|_, (_, letter)| letter.call != *call || !matches!(letter.ask, Ask::Hangup(_)));
        for letter in self.flying.values_mut() {
            letter.abandoned |= letter.call == *call && matches!(letter.ask, Ask::Hangup(_));
        }
    }

    /// Forgets everything: the session is over.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.flying.clear();
    }

    /// When the next repetition is due, if the connection stands.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.waiting.values().map(|(at, _)| *at).min()
    }
}

/// Whether only the way failed, so that asking again makes sense.
fn is_passing(error: &ApiError) -> bool {
    error.is(Code::Disconnected) || error.is(Code::RequestTimeout) || error.is(Code::FrequencyLimit)
}
