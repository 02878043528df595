//! How long everything takes, and when something is due.

use super::{
    super::{MediaState, Transport},
    Choice, Stage,
};

/// QUIC is tried alone for so long, ms.
pub(super) const HEAD_START_MS: u64 = 300;
/// A try of QUIC takes at most this long, ms: a handshake with two of its packets lost.
pub(super) const QUIC_LIMIT_MS: u64 = 3_000;
/// A try of a WebSocket takes at most this long, ms.
pub(super) const WEBSOCKET_LIMIT_MS: u64 = 10_000;
/// The relay answers the token within this time, ms.
pub(super) const CLAIM_LIMIT_MS: u64 = 5_000;
/// The same while there is another connection to go back to, ms.
pub(super) const CHANGE_LIMIT_MS: u64 = 2_000;
/// Silence on QUIC that makes a WebSocket ready, ms.
pub(super) const SUSPECT_MS: u64 = 400;
/// Silence on QUIC that moves the packets to the WebSocket, ms.
pub(super) const MOVE_MS: u64 = 1_000;
/// The same if something comes from the relay, but never an answer: only the way there is blocked. Long enough for ten
/// pings, so that heavy loss does not look like it, ms.
pub(super) const UNANSWERED_MS: u64 = 3_000;
/// Silence after which a connection is given up, ms.
pub(super) const DEAD_MS: u64 = 6_000;
/// A connection that was replaced is read for so long, ms.
pub(super) const LINGER_MS: u64 = 3_000;
/// Time between two tries without any connection, at first and at most, ms.
pub(super) const RETRY_MIN_MS: u64 = 200;
pub(super) const RETRY_MAX_MS: u64 = 3_000;
/// Time between two tries of QUIC on the WebSocket, at first and at most, ms.
pub(super) const PROBE_MIN_MS: u64 = 2_000;
pub(super) const PROBE_MAX_MS: u64 = 60_000;
/// QUIC that has worked for so long may be tried again soon after it failed, ms.
pub(super) const STEADY_MS: u64 = 60_000;
/// A token that was shown but not answered may still reach the relay within this time, because the system goes on to
/// send what is left of a TCP connection that was given up, ms.
pub(super) const STRAY_MS: u64 = 120_000;

impl Choice {
    /// When [`super::Input::Tick`] is wanted next.
    pub(in super::super) fn deadline_ms(&self) -> u64 {
        if matches!(self.state, MediaState::Closed(_)) {
            return u64::MAX;
        }
        self.leg_deadline_ms(Transport::Quic).min(self.leg_deadline_ms(Transport::WebSocket))
    }

    pub(super) fn leg_deadline_ms(&self, transport: Transport) -> u64 {
        match self.leg(transport).stage {
            Stage::Absent { .. } => self.due_ms(transport),
            Stage::Connecting { since_ms } => since_ms + connect_limit_ms(transport),
            Stage::Claiming { since_ms } => since_ms + self.claim_limit_ms(),
            Stage::Replaced { since_ms } => since_ms + LINGER_MS,
            // Ready for the moment at which QUIC has been silent for long enough.
            Stage::Connected if self.serving() == Some(Transport::Quic) => self.move_ms(),
            Stage::Connected => u64::MAX,
            Stage::Up { .. } => self.leg(transport).heard_ms + DEAD_MS,
        }
    }

    pub(super) fn claim_limit_ms(&self) -> u64 {
        if self.serving().is_some() { CHANGE_LIMIT_MS } else { CLAIM_LIMIT_MS }
    }

    /// When a silence of QUIC becomes suspect.
    pub(super) fn suspect_ms(&self) -> u64 {
        (self.quic.heard_ms + SUSPECT_MS).min(self.quic.answered_ms + UNANSWERED_MS - SUSPECT_MS)
    }

    /// When it has lasted too long.
    pub(super) fn move_ms(&self) -> u64 {
        (self.quic.heard_ms + MOVE_MS).min(self.quic.answered_ms + UNANSWERED_MS)
    }

    /// When a connection that there is not is tried next.
    pub(super) fn due_ms(&self, transport: Transport) -> u64 {
        let leg = self.leg(transport);
        let Stage::Absent { next_ms } = leg.stage else { return u64::MAX };
        match (self.serving(), transport) {
            (Some(Transport::Quic), Transport::WebSocket) => next_ms.max(self.suspect_ms()),
            // The network may have changed under a WebSocket that has fallen silent.
            (Some(Transport::WebSocket), Transport::Quic) if next_ms != u64::MAX => {
                next_ms.min((self.websocket.heard_ms + MOVE_MS).max(leg.tried_ms + PROBE_MIN_MS))
            }
            _ => next_ms,
        }
    }
}

pub(super) fn connect_limit_ms(transport: Transport) -> u64 {
    match transport {
        Transport::Quic => QUIC_LIMIT_MS,
        Transport::WebSocket => WEBSOCKET_LIMIT_MS,
    }
}
