//! Who may connect: caps in all, per address, and on those who have not signed in.

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::super::config::Limits;

/// Sign-ups and sign-ins of one address per minute, and at once.
const PASSWORDS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
const PASSWORDS_BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Above so many addresses the limiter forgets those that have been quiet.
const ADDRESSES_KEPT: usize = 4_096;

/// The caps, and what counts against them.
pub(super) struct Admission {
    limits: Limits,
    counts: Mutex<Counts>,
    passwords: DefaultKeyedRateLimiter<IpAddr>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    unauthenticated: usize,
    per_address: HashMap<IpAddr, usize>,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        let quota = Quota::per_minute(PASSWORDS_PER_MINUTE).allow_burst(PASSWORDS_BURST);
        Arc::new(Self { limits, counts: Mutex::default(), passwords: RateLimiter::keyed(quota) })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // No code under the lock can panic half-way through a change.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether limits per address and rates hold for this peer.
    pub(super) fn limits(&self, address: IpAddr) -> bool {
        self.limits.limit_loopback || !address.is_loopback()
    }

    /// Lets a connection in; it counts until the result is dropped.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let mut counts = self.counts();
        let from_here = counts.per_address.get(&address).copied().unwrap_or(0);
        if counts.all >= self.limits.connections
            || counts.unauthenticated >= self.limits.unauthenticated
            || (self.limits(address) && from_here >= self.limits.per_address)
        {
            return None;
        }
        counts.all += 1;
        counts.unauthenticated += 1;
        counts.per_address.insert(address, from_here + 1);
        Some(Admitted { admission: Arc::clone(self), address, authenticated: false })
    }

    /// How many connections have not signed in.
    pub(super) fn strangers(&self) -> usize {
        self.counts().unauthenticated
    }

    /// Whether this address may try another sign-up or sign-in now.
    pub(super) fn may_try_password(&self, address: IpAddr) -> bool {
        if !self.limits(address) {
            return true;
        }
        if self.passwords.len() > ADDRESSES_KEPT {
            self.passwords.retain_recent();
        }
        self.passwords.check_key(&address).is_ok()
    }
}

/// A connection that counts against the caps.
pub(in crate::server) struct Admitted {
    admission: Arc<Admission>,
    address: IpAddr,
    authenticated: bool,
}

impl Admitted {
    /// The peer has shown who it is.
    pub(in crate::server) fn authenticated(&mut self) {
        if !self.authenticated {
            self.authenticated = true;
            self.admission.counts().unauthenticated -= 1;
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.authenticated();
        let mut counts = self.admission.counts();
        counts.all -= 1;
        if let Some(count) = counts.per_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.per_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn the_caps_hold_and_are_given_back() {
        let limits = Limits { connections: 4, unauthenticated: 3, per_address: 2, ..Limits::default() };
        let admission = Admission::new(limits);
        let first = admission.admit(address(1)).expect("free");
        let mut second = admission.admit(address(1)).expect("free");
        assert!(admission.admit(address(1)).is_none(), "two of one address");
        let third = admission.admit(address(2)).expect("free");
        assert!(admission.admit(address(3)).is_none(), "three unknown ones");
        second.authenticated();
        let fourth = admission.admit(address(3)).expect("free");
        second.authenticated();
        assert!(admission.admit(address(4)).is_none(), "four in all");
        drop((first, second, third, fourth));
        let counts = admission.counts();
        assert_eq!((counts.all, counts.unauthenticated, counts.per_address.len()), (0, 0, 0));
    }

    #[test]
    fn passwords_cannot_be_tried_without_end() {
        let admission = Admission::new(Limits::default());
        let tries = (0..100).filter(|_| admission.may_try_password(address(1))).count();
        assert!((10..13).contains(&tries), "{tries}");
        assert!(admission.may_try_password(address(2)));
        assert!((0..100).all(|_| admission.may_try_password(IpAddr::from([127, 0, 0, 1]))));
    }
}
