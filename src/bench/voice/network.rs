//! A network that loses, delays and reorders packets: the same for the same seed. Pure; time is samples at 48 kHz.

use crate::media::frame::ms;

/// What a network does to packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// What it is called.
    pub name: &'static str,
    /// Mean time on the way, ms.
    pub delay_ms: f64,
    /// Standard deviation of the time on the way, ms: normal, independent for each packet, so that they overtake each
    /// other.
    pub jitter_ms: f64,
    /// Share of packets lost, each by itself, 0.0 to 1.0.
    pub loss: f64,
    /// Everything is lost for `.1` ms every `.0` ms.
    pub bursts_ms: Option<(u32, u32)>,
    /// The narrowest place carries so much, bit/s; what waits for it longer than 300 ms is dropped.
    pub narrow_bps: Option<u32>,
    /// The sender's clock is faster than the listener's by so much, parts per million.
    pub drift_ppm: f64,
}

impl Condition {
    /// A network that does nothing but take 50 ms.
    pub const CLEAN: Self = Self {
        name: "clean",
        delay_ms: 50.0,
        jitter_ms: 0.0,
        loss: 0.0,
        bursts_ms: None,
        narrow_bps: None,
        drift_ppm: 0.0,
    };
}

/// Longest wait for the narrowest place.
const QUEUE: i64 = ms(300);
/// Bytes of IP, UDP and QUIC around each packet.
const AROUND_BYTES: usize = 67;

/// One direction of a network.
#[derive(Debug)]
pub struct Network {
    condition: Condition,
    random: Random,
    /// When the narrowest place has served all that waits.
    free_at: f64,
}

impl Network {
    /// A network in a condition.
    pub fn new(condition: Condition, seed: u64) -> Self {
        Self { condition, random: Random(seed), free_at: 0.0 }
    }

    /// When a packet that is sent at `now` arrives; `None` if it never does.
    pub fn carry(&mut self, now: i64, bytes: usize) -> Option<i64> {
        let Condition { delay_ms, jitter_ms, loss, bursts_ms, narrow_bps, .. } = self.condition;
        // Every packet takes the same number of chances, so that conditions differ in nothing but what they say.
        let (chance, gauss) = (self.random.unit(), self.random.gauss());
        let in_burst =
            bursts_ms.is_some_and(|(every, length)| now / 48 % i64::from(every) >= i64::from(every - length));
        let mut at = now as f64;
        if let Some(bps) = narrow_bps {
            let begin = self.free_at.max(at);
            if begin - at > QUEUE as f64 {
                return None;
            }
            self.free_at = begin + ((bytes + AROUND_BYTES) * 8) as f64 / f64::from(bps) * 48_000.0;
            at = self.free_at;
        }
        let on_the_way = (delay_ms + gauss * jitter_ms).max(0.0) * 48.0;
        (!in_burst && chance >= loss).then_some((at + on_the_way) as i64)
    }
}

/// A generator of numbers that look random.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// 0.0 to 1.0.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal, mean 0, deviation 1.
    fn gauss(&mut self) -> f64 {
        (-2.0 * self.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_what_it_says() {
        let condition = Condition { jitter_ms: 5.0, loss: 0.1, ..Condition::CLEAN };
        let mut network = Network::new(condition, 1);
        let taken: Vec<f64> =
            (0..20_000i64).filter_map(|i| Some((network.carry(i * 480, 100)? - i * 480) as f64 / 48.0)).collect();
        let mean = taken.iter().sum::<f64>() / taken.len() as f64;
        let deviation = (taken.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / taken.len() as f64).sqrt();
        assert!((taken.len() as f64 / 20_000.0 - 0.9).abs() < 0.01);
        assert!((mean - 50.0).abs() < 0.2 && (deviation - 5.0).abs() < 0.1, "{mean} {deviation}");
    }

    #[test]
    fn bursts_and_narrow_places() {
        let bursts = Condition { bursts_ms: Some((3000, 200)), ..Condition::CLEAN };
        let mut network = Network::new(bursts, 1);
        let came = (0..300).filter(|i| network.carry(i * 480, 100).is_some()).count();
        assert_eq!(came, 280);
        let narrow = Condition { narrow_bps: Some(50_000), ..Condition::CLEAN };
        let mut network = Network::new(narrow, 1);
        let came = (0..1000).filter(|i| network.carry(i * 480, 58).is_some()).count();
        assert!((500..550).contains(&came), "{came} of 1000 packets of 100 kbit/s");
    }
}
