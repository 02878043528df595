//! Who can be reached: told to everyone who is online, once per batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{super::Out, ConnId, Logic, connection::Conn};
use crate::protocol::{
    Event, UserId,
    event::{Presence, UserStatus, UserStatusChanged},
    limits,
};

/// Remembers what was announced, so that only changes are.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    /// Users that are not offline.
    announced: HashMap<UserId, Presence>,
    /// Who may have changed; `true`: certainly (a name, a new user).
    dirty: BTreeMap<UserId, bool>,
}

impl Announcer {
    /// The user's presence may have changed.
    pub(super) fn touch(&mut self, user: &UserId) {
        self.dirty.entry(user.clone()).or_default();
    }

    /// The user's name has changed, or the user is new.
    pub(super) fn renew(&mut self, user: &UserId) {
        self.dirty.insert(user.clone(), true);
    }
}

impl Logic {
    /// Whether and how a user can be reached.
    pub(super) fn presence_of(&self, user: &UserId) -> Presence {
        match self.online.get(user) {
            None => Presence::Offline,
            Some(_) if self.is_not_to_be_disturbed(user) => Presence::DoNotDisturb,
            Some(devices) if devices.keys().any(|device| self.rooms.is_in_room(device)) => Presence::InCall,
            Some(_) => Presence::Online,
        }
    }

    /// Tells everyone online who changed.
    pub(super) fn announce_presence(&mut self) {
        let mut changed = BTreeSet::new();
        for (user, certainly) in std::mem::take(&mut self.presence.dirty) {
            let now = self.presence_of(&user);
            let before = match now {
                Presence::Offline => self.presence.announced.remove(&user),
                _ => self.presence.announced.insert(user.clone(), now),
            };
            if certainly || before.unwrap_or(Presence::Offline) != now {
                changed.insert(user);
            }
        }
        if changed.is_empty() {
            return;
        }
        let frames = self.presence_frames(&changed);
        let conns: Vec<ConnId> = self.online.values().flat_map(BTreeMap::values).copied().collect();
        for conn in conns {
            let Some(there) = self.conns.get_mut(&conn) else { continue };
            for frame in &frames {
                if there.has_room() && there.stale.is_empty() {
                    // There is room: it cannot be refused.
                    let _ = there.push(Out::Frame(frame.clone()));
                } else {
                    there.stale.extend(changed.iter().cloned());
                }
            }
        }
    }

    /// Sends the presence of users as it is now to one connection.
    pub(super) fn send_presence(&self, there: &mut Conn, users: BTreeSet<UserId>) {
        for frame in self.presence_frames(&users) {
            if !there.has_room() {
                there.stale = users;
                return;
            }
            let _ = there.push(Out::Frame(frame));
        }
    }

    fn presence_frames(&self, users: &BTreeSet<UserId>) -> Vec<String> {
        let statuses: Vec<UserStatus> = users.iter().filter_map(|user| self.status_of(user)).collect();
        let frame = |page: &[UserStatus]| {
            let event = Event::UserStatusChanged(UserStatusChanged { user_status_list: page.to_vec() });
            self.frame_without_seq(event)
        };
        statuses.chunks(limits::PAGE_MAX).map(frame).collect()
    }

    fn status_of(&self, user: &UserId) -> Option<UserStatus> {
        let display_name = self.store.display_name(user).unwrap_or_else(|error| {
            tracing::error!(%error, "a name could not be read");
            None
        })?;
        Some(UserStatus { user_id: user.clone(), display_name, presence: self.presence_of(user) })
    }
}
