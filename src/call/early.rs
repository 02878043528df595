//! Ends that are known before, or long after, their invitation.

use std::collections::VecDeque;

use crate::protocol::{InviteId, UserId};

/// How long an end is remembered, ms.
const KEPT_MS: u64 = 60_000;
/// How many are.
const KEPT_MAX: usize = 512;

/// Invitations that are over: should one of them still come in, it must not ring.
#[derive(Debug, Default)]
pub(super) struct EarlyEnds(VecDeque<(InviteId, u64)>);

impl EarlyEnds {
    pub(super) fn remember(&mut self, now_ms: u64, id: &InviteId) {
        self.forget(now_ms);
        if self.0.iter().any(|(known, _)| known == id) {
            return;
        }
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id.clone(), now_ms + KEPT_MS));
    }

    pub(super) fn knows(&mut self, now_ms: u64, id: &InviteId) -> bool {
        self.forget(now_ms);
        self.0.iter().any(|(known, _)| known == id)
    }

    fn forget(&mut self, now_ms: u64) {
        while self.0.front().is_some_and(|(_, until)| *until <= now_ms) {
            self.0.pop_front();
        }
    }
}

/// Most calls of other devices that are followed.
const ELSEWHERE_MAX: usize = 16;

/// Calls that this user is placing on other devices: when the called one calls back at that moment, it is that
/// device's glare, and nothing rings here.
#[derive(Debug, Default)]
pub(super) struct Elsewhere(VecDeque<(InviteId, UserId, u64)>);

impl Elsewhere {
    pub(super) fn placed(&mut self, id: &InviteId, peer: &UserId, until_ms: u64) {
        if self.0.len() == ELSEWHERE_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id.clone(), peer.clone(), until_ms));
    }

    pub(super) fn over(&mut self, id: &InviteId) {
        self.0.retain(|(known, ..)| known != id);
    }

    pub(super) fn calls(&self, now_ms: u64, peer: &UserId) -> bool {
        self.0.iter().any(|(_, called, until)| called == peer && now_ms < *until)
    }
}
