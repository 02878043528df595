//! The devices of a user: what they are called, when they were here, and how one signs out another.
//!
//! What changes in the store is told after the commit, as a [`DeviceChange`]: no session ends for a change that was not
//! stored.

use super::{Answer, ConnId, Effect, Fail, Logic, answer, done, refuse};
use crate::{
    protocol::{
        ApiError, Code, DeviceId, Event, InviteId, UserId,
        api::{DeviceInfo, DeviceList, RenameDevice},
        event::{DevicesChanged, KickedOffline, LeaveReason},
    },
    signaling::{Actor, Invitation},
};

/// What was stored about a user's devices.
#[derive(Debug)]
pub(super) enum DeviceChange {
    /// There is another one.
    Added,
    /// One has another name.
    Renamed { device: DeviceId, name: String },
    /// One may not sign in any more.
    Removed {
        device: DeviceId,
        /// The name of the device that wanted it.
        by: String,
    },
}

impl Logic {
    pub(super) fn get_devices(&self, actor: &Actor) -> Answer {
        let online = self.online.get(&actor.user);
        let known = self.store.devices(&actor.user)?;
        let devices = known.into_iter().rev().map(|known| {
            let online = online.is_some_and(|there| there.contains_key(&known.device));
            DeviceInfo {
                own: known.device == actor.device,
                device_id: known.device,
                device_name: known.name,
                created_ms: known.created_ms,
                last_seen_ms: if online { self.wall_ms } else { known.last_seen_ms },
                online,
            }
        });
        let mut devices: Vec<DeviceInfo> = devices.collect();
        devices.sort_by_key(|device| std::cmp::Reverse(device.last_seen_ms));
        answer(&DeviceList { devices })
    }

    pub(super) fn rename_device(&mut self, actor: &Actor, request: RenameDevice) -> Answer {
        let RenameDevice { device_id: device, device_name: name } = request;
        if !self.store.rename_device(&actor.user, &device, &name)? {
            return no_such_device();
        }
        let change = DeviceChange::Renamed { device, name };
        self.effects.push_back(Effect::Devices { user: actor.user.clone(), change });
        done()
    }

    pub(super) fn sign_out_device(&mut self, actor: &Actor, device: DeviceId) -> Answer {
        if device == actor.device {
            return refuse(
                Code::InvalidOperation,
                "This is the device that you are using; sign it out with logout and \"forget\".",
            );
        }
        if !self.store.remove_device(&actor.user, &device)? {
            return no_such_device();
        }
        self.withdraw_calls_of(actor, &device)?;
        let change = DeviceChange::Removed { device, by: actor.device_name.clone() };
        self.effects.push_back(Effect::Devices { user: actor.user.clone(), change });
        done()
    }

    /// Takes back whom a device was inviting: nobody is there any more to talk with whoever accepts. In a group others may
    /// be, invitations to a room end with it, and what never times out is no ringing but a message.
    fn withdraw_calls_of(&mut self, actor: &Actor, device: &DeviceId) -> Result<(), Fail> {
        let rings = |invitation: &&Invitation| {
            invitation.inviter == actor.user
                && invitation.device == *device
                && invitation.group.is_none()
                && invitation.room.is_none()
                && invitation.timeout_s > 0
        };
        let ringing: Vec<InviteId> =
            self.book.open_for(&actor.user).filter(rings).map(|invitation| invitation.id.clone()).collect();
        for id in ringing {
            let change = self.book.cancel(actor, &id, &[], String::new())?;
            self.publish(change)?;
        }
        Ok(())
    }

    /// A change of a user's devices is on disk.
    pub(super) fn devices_stored(&mut self, user: &UserId, change: DeviceChange) {
        match change {
            DeviceChange::Added => {}
            DeviceChange::Renamed { device, name } => {
                let conn = self.conn_of(user, &device).and_then(|conn| self.conns.get_mut(&conn));
                if let Some(session) = conn.and_then(|there| there.session.as_mut()) {
                    session.actor.device_name = name;
                }
            }
            DeviceChange::Removed { device, by } => {
                self.leave_rooms(&device, LeaveReason::Exit);
                if let Some(conn) = self.conn_of(user, &device) {
                    let message = format!("This device was signed out from \"{by}\"; sign in again if you wish.");
                    let reason = ApiError::new(Code::KickedOffline, message);
                    let event = Event::KickedOffline(KickedOffline { reason: reason.clone(), by_device: Some(by) });
                    self.effects.push_back(Effect::Live { to: vec![conn], event });
                    self.effects.push_back(Effect::Close { conn, reason });
                }
            }
        }
        self.tell_devices(user, None);
    }

    /// Tells a user's devices, `but` one, that what is known of them has changed.
    pub(super) fn tell_devices(&mut self, user: &UserId, but: Option<ConnId>) {
        let to: Vec<ConnId> = self.conns_of(user).filter(|conn| Some(*conn) != but).collect();
        if !to.is_empty() {
            self.effects.push_back(Effect::Live { to, event: Event::DevicesChanged(DevicesChanged {}) });
        }
    }

    fn conn_of(&self, user: &UserId, device: &DeviceId) -> Option<ConnId> {
        self.online.get(user)?.get(device).copied()
    }
}

fn no_such_device() -> Answer {
    refuse(Code::NotFound, "You have no such device (any more); getDevices lists those that you have.")
}
