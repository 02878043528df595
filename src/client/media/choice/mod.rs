//! Which connection the packets travel over: QUIC where UDP gets through, a WebSocket where it does not, and from one
//! to the other without a break. No I/O, no clock.
//!
//! The relay gives a participant's place to the connection that shows the token last. So a change is: the new connection
//! is made while the old one works; it **claims** the place, and from then on packets go out over both; once it is
//! admitted they go out over it alone, and the old one is only read until the relay ends it. One claim is under way at a
//! time, so that it is known which of two connections came last.
//!
//! * At the start QUIC has a head start; the WebSocket joins if QUIC takes longer.
//! * On the WebSocket, QUIC is tried now and then, ever more rarely.
//! * On QUIC, a silence makes a WebSocket ready, and a longer one makes it claim.
//!
//! `times` says how long each of this takes.

#[cfg(test)]
mod tests;
mod times;

use crate::protocol::{ApiError, Code};

use super::{MediaState, Transport};
use crate::client::ConnectError;
use times::*;

/// Errors after which it is tried again.
const AGAIN: [Code; 4] = [Code::Disconnected, Code::RequestTimeout, Code::FrequencyLimit, Code::Internal];
/// Both, the better one first.
pub(super) const TRANSPORTS: [Transport; 2] = [Transport::Quic, Transport::WebSocket];

/// What happens to the connections.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// It stands; the token has not been shown.
    Connected(Transport),
    /// The relay has taken the token.
    Admitted(Transport),
    /// Something has come.
    Heard(Transport),
    /// An answer to a ping has come.
    Answered(Transport),
    /// It is over, or there is none after all.
    Ended(Transport, ConnectError),
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Make this connection. If there is an old one of this kind, it goes.
    Connect(Transport),
    /// Show the token.
    Claim(Transport),
    /// End the connection or the try; nothing more is to be heard of it.
    Drop(Transport),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There is none; it may be tried from this time on.
    Absent { next_ms: u64 },
    /// Being made since.
    Connecting { since_ms: u64 },
    /// Stands.
    Connected,
    /// The token was shown.
    Claiming { since_ms: u64 },
    /// Carries the packets since.
    Up { since_ms: u64 },
    /// A newer one has its place since.
    Replaced { since_ms: u64 },
}

#[derive(Debug)]
struct Leg {
    stage: Stage,
    tried_ms: u64,
    heard_ms: u64,
    answered_ms: u64,
    retry_ms: u64,
}

impl Leg {
    fn new(next_ms: u64) -> Self {
        Self { stage: Stage::Absent { next_ms }, tried_ms: 0, heard_ms: 0, answered_ms: 0, retry_ms: RETRY_MIN_MS }
    }
}

/// Both connections, and what is known of them.
#[derive(Debug)]
pub(super) struct Choice {
    quic: Leg,
    websocket: Leg,
    probe_ms: u64,
    state: MediaState,
    error: ApiError,
    /// Claims that ended without an answer, and when the last of them did.
    strays: u32,
    stray_ms: u64,
    actions: Vec<Action>,
}

impl Choice {
    /// A link that is opened now. Without encryption there is no QUIC.
    pub(super) fn new(now_ms: u64, has_quic: bool) -> Self {
        let (quic_ms, websocket_ms) = if has_quic { (now_ms, now_ms + HEAD_START_MS) } else { (u64::MAX, now_ms) };
        Self {
            quic: Leg::new(quic_ms),
            websocket: Leg::new(websocket_ms),
            probe_ms: PROBE_MIN_MS,
            state: MediaState::Connecting,
            error: ApiError::new(Code::Disconnected, "There is no media connection yet."),
            strays: 0,
            stray_ms: 0,
            actions: Vec::new(),
        }
    }

    /// Takes in what has happened; returns what is to be done, in this order.
    pub(super) fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Action> {
        if matches!(self.state, MediaState::Closed(_)) {
            return Vec::new();
        }
        match input {
            Input::Connected(transport) => {
                let leg = self.leg_mut(transport);
                if matches!(leg.stage, Stage::Connecting { .. }) {
                    leg.stage = Stage::Connected;
                }
            }
            Input::Admitted(transport) => self.admitted(now_ms, transport),
            Input::Heard(transport) => self.leg_mut(transport).heard_ms = now_ms,
            Input::Answered(transport) => {
                self.leg_mut(transport).answered_ms = now_ms;
                return self.handle(now_ms, Input::Heard(transport));
            }
            Input::Ended(transport, error) => self.ended(now_ms, transport, error),
            Input::Tick => {}
        }
        self.limits(now_ms);
        self.notice_loss(now_ms);
        self.decide(now_ms);
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// How the link stands.
    pub(super) fn state(&self) -> &MediaState {
        &self.state
    }

    /// The connection in use.
    pub(super) fn serving(&self) -> Option<Transport> {
        self.find(|stage| matches!(stage, Stage::Up { .. }))
    }

    /// Whether packets go out over it.
    pub(super) fn carries(&self, transport: Transport) -> bool {
        matches!(self.leg(transport).stage, Stage::Claiming { .. } | Stage::Up { .. })
    }

    fn leg(&self, transport: Transport) -> &Leg {
        match transport {
            Transport::Quic => &self.quic,
            Transport::WebSocket => &self.websocket,
        }
    }

    fn leg_mut(&mut self, transport: Transport) -> &mut Leg {
        match transport {
            Transport::Quic => &mut self.quic,
            Transport::WebSocket => &mut self.websocket,
        }
    }

    fn find(&self, is_it: impl Fn(Stage) -> bool) -> Option<Transport> {
        TRANSPORTS.into_iter().find(|transport| is_it(self.leg(*transport).stage))
    }

    fn claiming(&self) -> Option<Transport> {
        self.find(|stage| matches!(stage, Stage::Claiming { .. }))
    }

    fn admitted(&mut self, now_ms: u64, transport: Transport) {
        if !matches!(self.leg(transport).stage, Stage::Claiming { .. }) {
            return;
        }
        let replaced = self.serving();
        if let Stage::Up { since_ms } = self.quic.stage
            && now_ms >= since_ms + STEADY_MS
        {
            self.probe_ms = PROBE_MIN_MS;
        }
        let leg = self.leg_mut(transport);
        leg.stage = Stage::Up { since_ms: now_ms };
        (leg.heard_ms, leg.answered_ms, leg.retry_ms) = (now_ms, now_ms, RETRY_MIN_MS);
        if let Some(replaced) = replaced {
            self.leg_mut(replaced).stage = Stage::Replaced { since_ms: now_ms };
        }
        match &mut self.quic.stage {
            Stage::Absent { next_ms } if *next_ms != u64::MAX => *next_ms = now_ms + self.probe_ms,
            _ => {}
        }
    }

    fn ended(&mut self, now_ms: u64, transport: Transport, error: ConnectError) {
        let stage = self.leg(transport).stage;
        let error = match error {
            ConnectError::Api(error) => error,
            // The certificate behind TCP is the one that counts: anybody may answer in UDP's place.
            ConnectError::CertificateChanged { .. } if transport == Transport::WebSocket => {
                return self.close(ApiError::new(Code::TokenRejected, error.to_string()));
            }
            ConnectError::CertificateChanged { .. } => ApiError::new(Code::Disconnected, error.to_string()),
        };
        let again = AGAIN.iter().any(|code| error.is(*code));
        match stage {
            Stage::Absent { .. } => return,
            Stage::Connecting { .. } | Stage::Connected | Stage::Replaced { .. } => {}
            Stage::Claiming { .. } if again => (self.strays, self.stray_ms) = (self.strays + 1, now_ms),
            Stage::Up { .. } if again || (error.is(Code::KickedOffline) && self.has_lost_to_itself(now_ms)) => {}
            Stage::Claiming { .. } | Stage::Up { .. } => return self.close(error),
        }
        if !matches!(stage, Stage::Replaced { .. }) {
            self.error = error;
        }
        self.absent(now_ms, transport);
    }

    /// Whether a place that was lost was lost to a claim of this link. Each stray claim explains one loss, so that two
    /// links with the same token do not take it from each other for ever.
    fn has_lost_to_itself(&mut self, now_ms: u64) -> bool {
        if self.claiming().is_some() {
            return true;
        }
        if now_ms >= self.stray_ms + STRAY_MS {
            self.strays = 0;
        }
        let stray = self.strays > 0;
        self.strays = self.strays.saturating_sub(1);
        stray
    }

    fn close(&mut self, error: ApiError) {
        self.actions.extend(TRANSPORTS.map(Action::Drop));
        self.state = MediaState::Closed(error);
    }

    /// A connection is gone, or a try has failed: when is the next one?
    fn absent(&mut self, now_ms: u64, transport: Transport) {
        let wait_ms = if transport == Transport::Quic && self.serving() == Some(Transport::WebSocket) {
            let probe_ms = self.probe_ms;
            self.probe_ms = (2 * probe_ms).min(PROBE_MAX_MS);
            probe_ms
        } else {
            let leg = self.leg_mut(transport);
            let retry_ms = leg.retry_ms;
            leg.retry_ms = (2 * retry_ms).min(RETRY_MAX_MS);
            retry_ms
        };
        self.leg_mut(transport).stage = Stage::Absent { next_ms: now_ms + wait_ms };
        let websocket = &mut self.websocket;
        if transport == Transport::Quic
            && websocket.retry_ms == RETRY_MIN_MS
            && let Stage::Absent { next_ms } = &mut websocket.stage
        {
            // The head start is over.
            *next_ms = now_ms.min(*next_ms);
        }
    }

    /// Ends what takes too long.
    fn limits(&mut self, now_ms: u64) {
        for transport in TRANSPORTS {
            let leg = self.leg(transport);
            let slow = "it does not answer";
            let (over, why) = match leg.stage {
                Stage::Connecting { since_ms } => (now_ms >= since_ms + connect_limit_ms(transport), slow),
                Stage::Claiming { since_ms } => (now_ms >= since_ms + self.claim_limit_ms(), slow),
                Stage::Up { .. } => (now_ms >= leg.heard_ms + DEAD_MS, "it has fallen silent"),
                Stage::Replaced { since_ms } => (now_ms >= since_ms + LINGER_MS, ""),
                Stage::Absent { .. } | Stage::Connected => (false, ""),
            };
            if over {
                self.actions.push(Action::Drop(transport));
                let error = ApiError::new(Code::Disconnected, format!("The relay cannot be reached: {why}."));
                self.ended(now_ms, transport, error.into());
            }
        }
    }

    fn decide(&mut self, now_ms: u64) {
        if matches!(self.state, MediaState::Closed(_)) {
            return;
        }
        for transport in TRANSPORTS {
            if self.due_ms(transport) <= now_ms && self.serving() != Some(transport) {
                let leg = self.leg_mut(transport);
                (leg.stage, leg.tried_ms) = (Stage::Connecting { since_ms: now_ms }, now_ms);
                self.actions.push(Action::Connect(transport));
            }
        }
        let ready = |choice: &Self, transport| choice.leg(transport).stage == Stage::Connected;
        let claim = match self.serving() {
            Some(Transport::Quic) => {
                let spare = matches!(self.websocket.stage, Stage::Connecting { .. } | Stage::Connected);
                if spare && now_ms < self.suspect_ms() {
                    self.websocket.stage = Stage::Absent { next_ms: now_ms };
                    self.actions.push(Action::Drop(Transport::WebSocket));
                }
                Some(Transport::WebSocket).filter(|_| now_ms >= self.move_ms())
            }
            Some(Transport::WebSocket) => Some(Transport::Quic),
            None => TRANSPORTS.into_iter().find(|transport| ready(self, *transport)),
        };
        if let Some(transport) = claim
            && ready(self, transport)
            && self.claiming().is_none()
        {
            self.leg_mut(transport).stage = Stage::Claiming { since_ms: now_ms };
            self.actions.push(Action::Claim(transport));
        }
    }

    /// Begins anew once there is neither a connection in use nor one that could follow at once.
    fn notice_loss(&mut self, now_ms: u64) {
        let stands = |stage| matches!(stage, Stage::Connected | Stage::Claiming { .. } | Stage::Up { .. });
        if self.state != MediaState::Up || self.find(stands).is_some() {
            return;
        }
        self.state = MediaState::Down(self.error.clone());
        self.probe_ms = PROBE_MIN_MS;
        for (leg, wait_ms) in [(&mut self.quic, RETRY_MIN_MS), (&mut self.websocket, RETRY_MIN_MS + HEAD_START_MS)] {
            leg.retry_ms = RETRY_MIN_MS;
            match &mut leg.stage {
                Stage::Absent { next_ms } if *next_ms != u64::MAX => *next_ms = now_ms + wait_ms,
                _ => {}
            }
        }
    }

    fn settle(&mut self) {
        let under_way = TRANSPORTS.iter().any(|transport| !matches!(self.leg(*transport).stage, Stage::Absent { .. }));
        match self.state {
            MediaState::Closed(_) => {}
            _ if self.serving().is_some() => self.state = MediaState::Up,
            // One connection has just lost its place to the other, which claims it.
            MediaState::Up => {}
            MediaState::Connecting if under_way => {}
            MediaState::Connecting | MediaState::Down(_) => self.state = MediaState::Down(self.error.clone()),
        }
    }
}
