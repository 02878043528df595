//! After the commit: answers and events go out.

use std::sync::Arc;

use super::{super::Out, ConnId, Effect, Logic, internal};
use crate::{
    protocol::{ApiError, Code, Delivery, Event, UserId, rpc},
    server::store::Message,
};

impl Logic {
    /// The batch was not stored: nobody may hear of it.
    pub(super) fn retract(&mut self) {
        let effects = std::mem::take(&mut self.effects);
        self.effects = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Reply { conn, id, outcome: Ok(_), wrote: true } => {
                    let outcome = Err(internal("the batch was not stored"));
                    Some(Effect::Reply { conn, id, outcome, wrote: false })
                }
                Effect::Stored { .. } | Effect::Silent { .. } | Effect::Own { .. } | Effect::Devices { .. } => None,
                // It may have counted on events that are gone now.
                Effect::Begin { conn } => Some(Effect::Close { conn, reason: internal("the log was not stored") }),
                other => Some(other),
            })
            .collect();
    }

    /// Lets everything out. Connections that turn out too slow are dropped, which may cause more to be told.
    pub(super) fn release(&mut self) {
        loop {
            self.tell_lesson_news();
            while let Some(effect) = self.effects.pop_front() {
                self.let_out(effect);
            }
            self.announce_presence();
            self.announce_group_calls();
            // Who turned out too slow is away from the lesson.
            self.tell_lesson_news();
            if self.effects.is_empty() {
                return;
            }
        }
    }

    fn let_out(&mut self, effect: Effect) {
        match effect {
            Effect::Reply { conn, id, outcome, .. } => {
                let frame = match &outcome {
                    Ok(result) => rpc::reply(id, result),
                    Err(error) => rpc::refusal(Some(id), error),
                };
                self.send(conn, frame);
            }
            Effect::Stored { message, places } => {
                for (user, seq) in places {
                    self.deliver(&message, &user, seq);
                }
            }
            Effect::Own { user, event } => {
                let to = self.conns_of(&user).collect();
                self.tell(to, event);
            }
            Effect::Devices { user, change } => self.devices_stored(&user, change),
            Effect::Silent { to, event } | Effect::Live { to, event } => self.tell(to, event),
            Effect::Begin { conn } | Effect::CatchUp { conn } => self.catch_up(conn),
            Effect::Test { conn } => {
                // One that takes nothing at the moment shows that by itself.
                if let Some(there) = self.conns.get_mut(&conn).filter(|there| there.has_room()) {
                    let _ = there.push(Out::Test);
                }
            }
            Effect::Close { conn, reason } => self.drop_conn(conn, reason),
        }
    }

    /// Sends an event that is in no log.
    fn tell(&mut self, to: Vec<ConnId>, event: Event) {
        let frame = self.frame_without_seq(event);
        for conn in to {
            self.send(conn, frame.clone());
        }
    }

    /// The text of an event that is in no log.
    pub(super) fn frame_without_seq(&self, event: Event) -> String {
        Delivery { seq: 0, time_ms: self.wall_ms, history: false, event }.to_wire()
    }

    /// Sends a frame that may not be lost.
    fn send(&mut self, conn: ConnId, frame: String) {
        if let Some(there) = self.conns.get_mut(&conn)
            && !there.push(Out::Frame(frame))
            && !self.is_told_of_a_class(conn)
        {
            self.drop_slow(conn);
        }
    }

    /// The device is in a lesson, and does not wait for more than a whole class may tell it at once.
    fn is_told_of_a_class(&self, conn: ConnId) -> bool {
        let Some(there) = self.conns.get(&conn).filter(|there| there.keeps_up_with_a_lesson()) else { return false };
        let device = there.session.as_ref().map(|session| &session.actor.device);
        device.is_some_and(|device| self.rooms.rooms_of(device).any(|room| self.rooms.lesson(room).is_some()))
    }

    pub(super) fn drop_slow(&mut self, conn: ConnId) {
        let message = "This connection reads too slowly (slow consumer); connect again, nothing stored is lost.";
        self.drop_conn(conn, ApiError::new(Code::Disconnected, message));
    }

    /// Closes a connection. If even the reason does not fit its queue, the end of the queue says enough.
    fn drop_conn(&mut self, conn: ConnId, reason: ApiError) {
        let Some(mut there) = self.conns.remove(&conn) else { return };
        let _ = there.push(Out::Close { reason });
        if let Some(session) = there.session {
            // The batch is over: this is stored by itself, or else a little less is known about the device.
            if let Err(error) = self.store.device_seen(&session.actor.device, self.wall_ms, session.acked) {
                tracing::warn!(%error, "when a device was here last could not be stored");
            }
            self.end_session(conn, &session.actor);
        }
    }

    /// Sends an event of the log as it comes, or leaves it in the log for later.
    fn deliver(&mut self, message: &Arc<Message>, user: &UserId, seq: u64) {
        let mut frame = None;
        let conns: Vec<ConnId> = self.conns_of(user).collect();
        for conn in conns {
            let Some(there) = self.conns.get(&conn) else { continue };
            let Some(session) = &there.session else { continue };
            if session.behind || session.cursor >= seq {
                continue;
            }
            let fits = there.has_room();
            let frame = frame.get_or_insert_with(|| self.frame(message, seq));
            let Some(there) = self.conns.get_mut(&conn) else { continue };
            let Some(session) = &mut there.session else { continue };
            if fits {
                session.cursor = seq;
                // There is room: it cannot be refused.
                let _ = there.push(Out::Frame(frame.clone()));
            } else {
                session.behind = true;
            }
        }
    }

    fn frame(&self, message: &Message, seq: u64) -> String {
        let mut event = message.event.clone();
        if let Event::ReceiveNewInvitation(new) = &mut event {
            self.bring_up_to_date(new);
        }
        Delivery { seq, time_ms: message.time_ms, history: false, event }.to_wire()
    }
}
