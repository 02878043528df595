//! Servers on the local network, by mDNS. An announcement is a hint, not a proof: its fingerprint becomes the expected
//! pin, so that whoever answers at the address must hold that certificate.

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::sync::watch;

use crate::protocol::{
    Fingerprint,
    lan::{SERVICE_TYPE, TXT_FINGERPRINT, TXT_NAME},
    limits::NAME_MAX_BYTES,
};

use super::Address;

/// Anybody on the network can announce; a list longer than this helps nobody.
const FOUND_MAX: usize = 64;

/// A server that announces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Where it is reached; the best address first, never empty.
    pub addresses: Vec<SocketAddr>,
    /// Its certificate as announced.
    pub fingerprint: Fingerprint,
}

impl Found {
    /// The best address.
    pub fn address(&self) -> Option<Address> {
        self.addresses.first().map(|address| Address::new(address.ip().to_string(), address.port()))
    }
}

/// Why the network cannot be searched.
#[derive(Debug, thiserror::Error)]
#[error("the local network cannot be searched for servers: {0}; type the server's address instead")]
pub struct DiscoveryError(#[from] mdns_sd::Error);

/// Looks for servers until it is dropped.
pub struct Browser {
    daemon: ServiceDaemon,
    found: watch::Receiver<Arc<[Found]>>,
}

impl Browser {
    /// Starts looking, on the current tokio runtime.
    ///
    /// # Errors
    /// If there is no usable network interface.
    pub fn start() -> Result<Self, DiscoveryError> {
        let daemon = ServiceDaemon::new()?;
        // Two programs on one computer without a network shall find each other, too.
        daemon.enable_interface(IfKind::LoopbackV4)?;
        let events = daemon.browse(SERVICE_TYPE)?;
        let (publish, found) = watch::channel(Arc::from([]));
        tokio::spawn(async move {
            let mut servers = BTreeMap::new();
            while let Ok(event) = events.recv_async().await {
                if !apply(&mut servers, event) {
                    continue;
                }
                let list: Arc<[Found]> = servers.values().cloned().collect();
                if publish.send(list).is_err() {
                    break;
                }
            }
        });
        Ok(Self { daemon, found })
    }

    /// The servers found, ordered by the name of their announcement; replaced as a whole at every change.
    pub fn found(&self) -> watch::Receiver<Arc<[Found]>> {
        self.found.clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The daemon may have ended by itself; then there is nothing to end.
        let _ = self.daemon.shutdown();
    }
}

/// Takes one event; whether the list has changed.
fn apply(servers: &mut BTreeMap<String, Found>, event: ServiceEvent) -> bool {
    match event {
        ServiceEvent::ServiceResolved(service) => {
            let Some(found) = read(&service) else { return false };
            if servers.len() >= FOUND_MAX && !servers.contains_key(service.get_fullname()) {
                return false;
            }
            servers.insert(service.get_fullname().to_owned(), found.clone()) != Some(found)
        }
        ServiceEvent::ServiceRemoved(_, fullname) => servers.remove(&fullname).is_some(),
        _ => false,
    }
}

/// An announcement as a server; `None` if it is not a usable one.
fn read(service: &ResolvedService) -> Option<Found> {
    let fingerprint = service.get_property_val_str(TXT_FINGERPRINT)?.parse().ok()?;
    let told = service.get_property_val_str(TXT_NAME).unwrap_or_default();
    let mut name: String = told.chars().filter(|letter| !letter.is_control()).collect();
    while name.len() > NAME_MAX_BYTES {
        name.pop();
    }
    let mut addresses: Vec<IpAddr> = service.get_addresses().iter().map(mdns_sd::ScopedIp::to_ip_addr).collect();
    // A link-local IPv6 address needs a scope that an address as text does not carry.
    addresses.retain(|address| !matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()));
    addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv6(), *address));
    if addresses.is_empty() {
        // The first event may carry nothing else; another follows.
        return None;
    }
    let port = service.get_port();
    if name.trim().is_empty() {
        name = addresses[0].to_string();
    }
    let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    Some(Found { name, addresses, fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdns_sd::ServiceInfo;

    fn announce(ip: &str, fingerprint: &str) -> ServiceEvent {
        let txt = [(TXT_FINGERPRINT, fingerprint), (TXT_NAME, "Room\u{7} 3")];
        let info = ServiceInfo::new(SERVICE_TYPE, "room3", "room3.local.", ip, 7467, &txt[..]).expect("valid");
        ServiceEvent::ServiceResolved(Box::new(info.as_resolved_service()))
    }

    #[test]
    fn announcements_come_change_and_go() {
        let mut servers = BTreeMap::new();
        let fingerprint = "ab".repeat(32);
        assert!(!apply(&mut servers, announce("10.0.0.1", "no fingerprint")));
        assert!(!apply(&mut servers, announce("fe80::1", &fingerprint)));
        assert!(apply(&mut servers, announce("127.0.0.1,10.0.0.1", &fingerprint)));
        assert!(!apply(&mut servers, announce("127.0.0.1,10.0.0.1", &fingerprint)), "nothing new");
        let (fullname, found) = servers.first_key_value().expect("one");
        assert_eq!(found.name, "Room 3");
        assert_eq!(found.address(), Some(Address::new("10.0.0.1", 7467)));
        let gone = ServiceEvent::ServiceRemoved(SERVICE_TYPE.into(), fullname.clone());
        assert!(apply(&mut servers, gone));
        assert!(servers.is_empty());
    }
}
