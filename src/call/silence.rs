//! The relay falls silent during a talk: after two seconds the connection is weak and is looked at, after three it is
//! lost for the moment, whatever the connection to the server says. The first packet makes it good again.
//!
//! Half a minute after the last packet, or after the connection to the server was lost, the talk is over; a lesson after
//! as long as the server keeps hand and floor.

use crate::class;

use super::{
    live::{Call, Limit, Place},
    machine::{Machine, Output, PEER_RECONNECT_MS, RECONNECT_MS},
    view::Network,
};

/// A silence that has lasted so long shows, ms.
const WEAK_MS: u64 = 2_000;
/// One that has lasted so long is a lost connection, ms.
const LOST_MS: u64 = 3_000;
/// Whoever tells of a silence does so within this time, ms: a longer one began before there was anything to hear.
const TOLD_WITHIN_MS: u64 = 1_000;

/// The relay of the one call that sounds.
#[derive(Debug, Default)]
pub(super) struct Relay {
    silent_since_ms: Option<u64>,
    /// It shows: the connection to the server has been looked at.
    weak: bool,
    /// It is as good as lost.
    lost: bool,
}

impl Relay {
    pub(super) fn deadline(&self) -> Option<u64> {
        let wait_ms = match (self.weak, self.lost) {
            (false, _) => WEAK_MS,
            (true, false) => LOST_MS,
            (true, true) => return None,
        };
        self.silent_since_ms.map(|since| since + wait_ms)
    }
}

impl Machine {
    pub(super) fn relay_silent(&mut self, for_ms: u64) {
        self.relay.silent_since_ms.get_or_insert(self.now_ms.saturating_sub(for_ms.min(TOLD_WITHIN_MS)));
        self.expire_silence();
    }

    pub(super) fn relay_heard(&mut self) {
        self.relay = Relay::default();
        self.sounding_progress();
    }

    /// Acts on what time has done to a silence.
    pub(super) fn expire_silence(&mut self) {
        let Some(silent_ms) = self.relay.silent_since_ms.map(|since| self.now_ms.saturating_sub(since)) else { return };
        if silent_ms >= WEAK_MS && !std::mem::replace(&mut self.relay.weak, true) && self.link {
            self.put(Output::TestLink);
        }
        if silent_ms >= LOST_MS && !std::mem::replace(&mut self.relay.lost, true) {
            self.sounding_progress();
        }
    }

    fn sounding_progress(&mut self) {
        for i in self.all_live() {
            if self.calls[i].media {
                self.progress(i);
            }
        }
    }

    /// Since when this device hears nothing of the talk, if it has lost the relay, monotonic ms.
    pub(super) fn relay_lost_since(&self, i: usize) -> Option<u64> {
        let call = &self.calls[i];
        let concerned = self.relay.lost && call.media && call.view.talking_since_ms.is_some();
        self.relay.silent_since_ms.filter(|_| concerned)
    }

    /// Brings what is said of this device's own way to each call up to date.
    pub(super) fn show_networks(&mut self) {
        for i in 0..self.calls.len() {
            let call = &self.calls[i];
            let talks = call.is_live() && call.view.talking_since_ms.is_some();
            self.calls[i].view.network = match () {
                () if !talks => Network::Good,
                () if !self.link || !matches!(call.place, Place::Inside(_)) => Network::Lost,
                () if self.relay_lost_since(i).is_some() => Network::Lost,
                () if self.relay.weak && call.media => Network::Weak,
                () => Network::Good,
            };
        }
    }
}

impl Call {
    /// This device is cut off from the talk, since then unless it was before: the time to come back runs from there.
    pub(super) fn is_cut_off(&mut self, since_ms: u64) {
        if matches!(self.limit, Some((_, Limit::PeerUnlinked))) {
            self.peer_linked = false;
        }
        let since_ms = *self.cut_off_ms.get_or_insert(since_ms);
        // Whoever comes back to a lesson has hand and floor for so long.
        let time_ms = if self.view.lesson.is_some() { class::ABSENCE_MS } else { RECONNECT_MS };
        self.limit = Some((since_ms + time_ms, Limit::Lost));
    }

    /// This device is not cut off, but whoever it talks with is; `anew` if it was not so a moment ago.
    pub(super) fn waits_for_peer(&mut self, now_ms: u64, anew: bool) {
        if self.cut_off_ms.take().is_some() || anew {
            self.limit = Some((now_ms + PEER_RECONNECT_MS, Limit::Lost));
        }
    }
}
