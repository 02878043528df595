//! The announcement on the local network, by mDNS.

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};
use std::{net::SocketAddr, time::Duration};

use crate::protocol::{
    Fingerprint,
    lan::{SERVICE_TYPE, TXT_FINGERPRINT, TXT_NAME},
};

/// A DNS label has at most so many bytes.
const LABEL_MAX_BYTES: usize = 63;

/// A standing announcement.
pub(super) struct Announcement {
    daemon: ServiceDaemon,
    fullname: String,
}

impl Announcement {
    /// Announces a server until [`Announcement::end`] or drop.
    pub(super) fn start(name: &str, local: SocketAddr, fingerprint: Fingerprint) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        // Two programs on one computer without a network shall find each other, too.
        daemon.enable_interface(IfKind::LoopbackV4)?;
        let digits = fingerprint.to_string();
        let txt = [(TXT_FINGERPRINT, digits.as_str()), (TXT_NAME, name)];
        // Two servers may have the same name; the digits keep their announcements apart.
        let instance = instance_name(name, &digits);
        let host = format!("ahoy-{}.local.", &digits[..12]);
        let port = local.port();
        let service = if local.ip().is_unspecified() {
            ServiceInfo::new(SERVICE_TYPE, &instance, &host, "", port, &txt[..])?.enable_addr_auto()
        } else {
            ServiceInfo::new(SERVICE_TYPE, &instance, &host, local.ip(), port, &txt[..])?
        };
        let fullname = service.get_fullname().to_owned();
        daemon.register(service)?;
        Ok(Self { daemon, fullname })
    }

    /// Says goodbye, so that lists forget the server at once.
    pub(super) async fn end(self) {
        if let Ok(status) = self.daemon.unregister(&self.fullname) {
            // If the goodbye does not get out, the announcement expires by itself.
            let _ = tokio::time::timeout(Duration::from_secs(1), status.recv_async()).await;
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // The daemon may have ended by itself; then there is nothing to end.
        let _ = self.daemon.shutdown();
    }
}

fn instance_name(name: &str, digits: &str) -> String {
    let mut instance = name.to_owned();
    while instance.len() > LABEL_MAX_BYTES - 7 {
        instance.pop();
    }
    format!("{instance} {}", &digits[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_name_fits_a_label() {
        assert_eq!(instance_name("Room 3", "abcdef0123"), "Room 3 abcdef");
        assert!(instance_name(&"교실".repeat(30), "abcdef0123").len() <= LABEL_MAX_BYTES);
    }
}
