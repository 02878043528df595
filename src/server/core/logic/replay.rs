//! Sending a device what it missed, at its own pace, and saying which of it is past.
//!
//! # What is history
//! * An invitation that is over for this user, or, on a cold start, one of a group that began more than
//!   [`limits::GROUP_COLD_START_WINDOW_MS`] ago.
//! * What happened to an invitation that this device was never told of as an open one. It was told of it in this replay,
//!   or, on a hot start, when the invitation is among those that the device has already.
//! * What happened in groups before a cold start.
//!
//! Nothing behind the end of the log as it was at the sign-in is history, however late it is sent.

use super::{super::Out, ConnId, Logic, connection::Conn};
use crate::{
    protocol::{
        Delivery, Event, InviteId,
        api::Start,
        event::{NewInvitation, SyncFinished},
        limits,
    },
    server::store::{LogEntry, StoreResult},
};

/// How many events are read from the store at once.
const PAGE: usize = 32;

impl Logic {
    /// Sends what waits for a connection, as far as there is room.
    pub(super) fn catch_up(&mut self, conn: ConnId) {
        // Out of the map while it is worked on, so that the rest of the state can be read.
        let Some(mut there) = self.conns.remove(&conn) else { return };
        there.flush();
        let outcome = self.send_log(&mut there);
        if outcome.is_ok() && there.has_room() && !there.stale.is_empty() {
            let stale = std::mem::take(&mut there.stale);
            self.send_presence(&mut there, stale);
        }
        self.conns.insert(conn, there);
        if let Err(error) = outcome {
            tracing::error!(%error, "a user's log could not be read");
            self.drop_slow(conn);
        }
    }

    fn send_log(&self, there: &mut Conn) -> StoreResult<()> {
        while there.has_room() && there.session.as_ref().is_some_and(|session| session.behind) {
            let Some(session) = &mut there.session else { return Ok(()) };
            let user = session.actor.user.clone();
            if let Some(seq) = session.callbacks.pop_front() {
                if let Some(entry) = self.store.log_entry(&user, seq)? {
                    self.send_entry(there, entry, true)?;
                }
                continue;
            }
            let page = self.store.log_page(&user, session.cursor, PAGE)?;
            let end = page.is_empty();
            for entry in page {
                if !there.has_room() {
                    return Ok(());
                }
                self.finish_replay(there, entry.seq);
                if there.has_room() {
                    self.send_entry(there, entry, false)?;
                }
            }
            if end {
                self.finish_replay(there, u64::MAX);
                if let Some(session) = &mut there.session {
                    session.behind = false;
                }
            }
        }
        Ok(())
    }

    /// Says that the replay is complete, before the first event that is no longer part of it.
    fn finish_replay(&self, there: &mut Conn, next_seq: u64) {
        let Some(session) = &mut there.session else { return };
        if session.syncing && next_seq > session.until {
            session.syncing = false;
            let frame = self.frame_without_seq(Event::SyncFinished(SyncFinished { up_to: session.until }));
            // There is room: the caller has looked.
            let _ = there.push(Out::Frame(frame));
            self.send_group_calls(there);
        }
    }

    /// Sends one event of the log. A `callback` is left out if it is not open any more.
    fn send_entry(&self, there: &mut Conn, entry: LogEntry, callback: bool) -> StoreResult<()> {
        let Some(session) = &mut there.session else { return Ok(()) };
        let LogEntry { seq, message } = entry;
        let mut event = message.event;
        let mut history = false;
        if callback || seq <= session.until {
            history = match &mut event {
                Event::ReceiveNewInvitation(new) => {
                    self.bring_up_to_date(new);
                    let history = !self.rings(&session.actor.user, session.start, &new.invite_id);
                    if !history {
                        session.told.insert(new.invite_id.clone());
                    }
                    history
                }
                Event::InviteeAccepted(end) | Event::InviteeRejected(end) => {
                    let id = end.invite_id.clone();
                    !self.knows(there, &id)?
                }
                Event::InvitationCancelled(end) => !self.knows(there, &end.invite_id)?,
                Event::InvitationTimeout(end) => !self.knows(there, &end.invite_id)?,
                Event::InvitationModified(change) => !self.knows(there, &change.invite_id)?,
                _ => session.start == Start::Cold,
            };
        } else if let Event::ReceiveNewInvitation(new) = &mut event {
            self.bring_up_to_date(new);
        }
        if !callback {
            let Some(session) = &mut there.session else { return Ok(()) };
            session.cursor = seq;
        } else if history {
            return Ok(());
        }
        let delivery = Delivery { seq, time_ms: message.time_ms, history, event };
        // There is room: the caller has looked.
        let _ = there.push(Out::Frame(delivery.to_wire()));
        Ok(())
    }

    /// An invitation is told with its data and time as they are now.
    pub(super) fn bring_up_to_date(&self, new: &mut NewInvitation) {
        match self.book.get(&new.invite_id) {
            Some(invitation) => {
                new.data.clone_from(&invitation.data);
                new.remaining_ms = invitation.remaining_ms(self.now_ms);
            }
            None => new.remaining_ms = Some(0),
        }
    }

    /// Whether an invitation that began before a session is called back in it.
    fn rings(&self, user: &crate::protocol::UserId, start: Start, id: &InviteId) -> bool {
        let Some(invitation) = self.book.get(id) else { return false };
        let late = start == Start::Cold
            && invitation.group.is_some()
            && self.now_ms.saturating_sub(invitation.created_ms) > limits::GROUP_COLD_START_WINDOW_MS;
        !late && !invitation.is_over_for(user) && invitation.remaining_ms(self.now_ms) != Some(0)
    }

    /// Whether this device was told of an invitation while it was open.
    pub(super) fn knows(&self, there: &Conn, id: &InviteId) -> StoreResult<bool> {
        let Some(session) = &there.session else { return Ok(false) };
        if session.told.contains(id) {
            return Ok(true);
        }
        let Some(seq) = self.store.seq_of_invitation(&session.actor.user, id)? else { return Ok(false) };
        Ok(seq > session.until || (session.start == Start::Hot && seq <= session.base))
    }

    /// Which open invitations that the device has already are called back again: all, on a cold start.
    pub(super) fn callbacks(
        &self,
        user: &crate::protocol::UserId,
        start: Start,
        base: u64,
    ) -> StoreResult<std::collections::VecDeque<u64>> {
        let mut seqs = Vec::new();
        if start == Start::Cold {
            for invitation in self.book.open_for(user) {
                if self.rings(user, start, &invitation.id) {
                    seqs.extend(self.store.seq_of_invitation(user, &invitation.id)?.filter(|seq| *seq <= base));
                }
            }
        }
        seqs.sort_unstable();
        Ok(seqs.into())
    }
}
