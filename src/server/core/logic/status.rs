//! Whether a user wants to be called: kept for all devices, and said by each of them for itself.

use super::{Answer, ConnId, Effect, Logic, answer, done};
use crate::{
    protocol::{Event, UserId, api::SetSelfStatus},
    signaling::Actor,
};

impl Logic {
    pub(super) fn get_self_status(&self, actor: &Actor) -> Answer {
        answer(&self.store.self_status(&actor.user)?)
    }

    pub(super) fn set_self_status(&mut self, actor: &Actor, request: SetSelfStatus) -> Answer {
        let before = self.store.self_status(&actor.user)?;
        let mut status = before.clone();
        if let Some(by_hand) = request.do_not_disturb {
            status.do_not_disturb = by_hand;
        }
        if let Some(schedule) = request.schedule {
            status.schedule = schedule;
        }
        if status != before {
            self.store.set_self_status(&actor.user, &status)?;
            let event = Event::SelfStatusChanged(status);
            self.effects.push_back(Effect::Own { user: actor.user.clone(), event });
        }
        done()
    }

    pub(super) fn set_device_status(&mut self, conn: ConnId, actor: &Actor, do_not_disturb: bool) -> Answer {
        if let Some(session) = self.conns.get_mut(&conn).and_then(|there| there.session.as_mut()) {
            session.do_not_disturb = do_not_disturb;
            self.presence.touch(&actor.user);
        }
        done()
    }

    /// Whether one of the user's connected devices lets nothing ring: it answers for all of them.
    pub(super) fn is_not_to_be_disturbed(&self, user: &UserId) -> bool {
        let session = |conn| self.conns.get(&conn).and_then(|there| there.session.as_ref());
        self.conns_of(user).filter_map(session).any(|session| session.do_not_disturb)
    }
}
