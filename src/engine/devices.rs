//! The devices of the signed-in user: listed after each sign-in and after each change that the server tells of.

use std::sync::Arc;

use crate::protocol::{
    ApiError, DeviceId,
    api::{DeviceInfo, DeviceList, GetDevices, RenameDevice, SignOutDevice},
};

use super::{
    actor::{Actor, Message},
    requests::Wish,
    state::Device,
};

/// Whether the list is being asked for. One question is under way at most, so that no older answer comes last.
#[derive(Debug, Default)]
pub(super) struct Listing {
    asking: bool,
    /// Something has changed since the question was put.
    again: bool,
}

impl Actor {
    /// Asks for the devices, or once more after the answer that is under way.
    pub(super) fn list_own_devices(&mut self) {
        let Some(client) = self.link.client.clone() else { return };
        if self.listing_own.asking {
            self.listing_own.again = true;
            return;
        }
        self.listing_own = Listing { asking: true, again: false };
        let (generation, inbox) = (self.link.generation, self.inbox.clone());
        tokio::spawn(async move {
            let answer = client.call(GetDevices {}).await;
            let _ = inbox.send(Message::OwnDevices(generation, answer)).await;
        });
    }

    pub(super) fn own_devices(&mut self, answer: Result<DeviceList, ApiError>) {
        self.listing_own.asking = false;
        match answer {
            Ok(list) => self.draft.devices = ordered(list.devices),
            // The connection broke, and the list is asked for again once it is back; or the server is older.
            Err(error) => tracing::info!(%error, "the devices cannot be listed now"),
        }
        if self.listing_own.again {
            self.list_own_devices();
        }
    }

    /// Nobody is signed in: nobody has devices.
    pub(super) fn forget_own_devices(&mut self) {
        self.listing_own = Listing::default();
        self.draft.devices = Arc::default();
    }

    pub(super) fn rename_device(&mut self, device_id: DeviceId, device_name: String) {
        self.wish(RenameDevice { device_id, device_name }, Wish::OfThePerson);
    }

    pub(super) fn sign_out_device(&mut self, device_id: DeviceId) {
        self.wish(SignOutDevice { device_id }, Wish::OfThePerson);
    }
}

/// This device first, then those that were here last.
fn ordered(devices: Vec<DeviceInfo>) -> Arc<[Device]> {
    let mut devices: Vec<Device> = devices
        .into_iter()
        .map(|device| Device {
            id: device.device_id,
            name: device.device_name,
            created_ms: device.created_ms,
            last_seen_ms: device.last_seen_ms,
            online: device.online,
            own: device.own,
        })
        .collect();
    devices.sort_by_key(|device| (!device.own, !device.online, std::cmp::Reverse(device.last_seen_ms)));
    devices.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_device_comes_first_then_those_seen_last() {
        let device = |id: &str, last_seen_ms, online, own| DeviceInfo {
            device_id: DeviceId::new(id).expect("valid"),
            device_name: id.to_owned(),
            created_ms: 0,
            last_seen_ms,
            online,
            own,
        };
        let listed = ordered(vec![
            device("old", 5, false, false),
            device("there", 9, true, false),
            device("new", 7, false, false),
            device("own", 9, true, true),
        ]);
        let names: Vec<&str> = listed.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(names, ["own", "there", "new", "old"]);
    }
}
