//! A load of voice packets on a server, and what came of it. The same for every server and transport.

use std::{
    io,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::process::{cpu_time, peak_rss_kib};

/// Bytes at the beginning of each voice payload that say when it was sent, and in which round.
pub const STAMP_BYTES: usize = 12;
/// If nothing more has arrived for so long after a round, the rest is lost.
const QUIET: Duration = Duration::from_secs(1);

/// Who speaks, how often, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Rooms with the same load at once.
    pub rooms: usize,
    /// Speakers in each room.
    pub speakers: usize,
    /// To how many others in the room each packet goes.
    pub listeners: usize,
    /// Packets of one speaker per second.
    pub rate_pps: u32,
    /// Bytes of voice in each packet, at least [`STAMP_BYTES`].
    pub voice_bytes: usize,
    /// Sent beforehand, not counted.
    pub warm_up: Duration,
    /// How long is measured.
    pub duration: Duration,
}

impl Load {
    /// Packets of all speakers per second.
    pub fn total_pps(&self) -> f64 {
        (self.rooms * self.speakers) as f64 * f64::from(self.rate_pps)
    }
}

/// What came of a round.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Packets that speakers sent.
    pub sent: u64,
    /// Packets that should have arrived: those sent, times the listeners.
    pub expected: u64,
    /// Packets that did.
    pub arrived: u64,
    /// How long the sending took.
    pub wall: Duration,
    /// Processor time of the server.
    pub cpu: Duration,
    /// Processor time of the load itself, speakers and listeners.
    pub own_cpu: Duration,
    /// From sending to having been received, median; includes the load's own share.
    pub p50: Duration,
    /// The same, 95 %.
    pub p95: Duration,
    /// The most memory the server has had so far, KiB.
    pub peak_rss_kib: u64,
}

impl Figures {
    /// Packets relayed per second of the server's processor time.
    pub fn per_core_s(&self) -> f64 {
        self.arrived as f64 / self.cpu.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Share of the packets that arrived, 0–1.
    pub fn arrived_share(&self) -> f64 {
        self.arrived as f64 / (self.expected as f64).max(1.0)
    }

    /// Processor time of the server per second, 1 is one core.
    pub fn server_share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// The same for the load.
    pub fn own_share(&self) -> f64 {
        self.own_cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// Counts what arrives. Shared by all listeners.
#[derive(Debug)]
pub struct Tally {
    epoch: Instant,
    round: AtomicU32,
    arrived: AtomicU64,
    latencies: Vec<AtomicU64>,
}

impl Default for Tally {
    fn default() -> Self {
        let latencies = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Self { epoch: Instant::now(), round: AtomicU32::new(0), arrived: AtomicU64::new(0), latencies }
    }
}

impl Tally {
    fn now_us(&self) -> u64 {
        // Half a million years fit.
        self.epoch.elapsed().as_micros() as u64
    }

    fn stamp(&self, voice: &mut [u8]) {
        let round = self.round.load(Ordering::Relaxed);
        for (to, from) in voice.iter_mut().zip(self.now_us().to_be_bytes().into_iter().chain(round.to_be_bytes())) {
            *to = from;
        }
    }

    /// Takes a packet's voice payload as a listener got it.
    pub fn heard(&self, voice: &[u8]) {
        let Some(&[t0, t1, t2, t3, t4, t5, t6, t7, r0, r1, r2, r3]) = voice.first_chunk::<STAMP_BYTES>() else {
            return;
        };
        if u32::from_be_bytes([r0, r1, r2, r3]) != self.round.load(Ordering::Relaxed) {
            return;
        }
        let sent_us = u64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
        self.arrived.fetch_add(1, Ordering::Relaxed);
        self.latencies[bucket(self.now_us().saturating_sub(sent_us))].fetch_add(1, Ordering::Relaxed);
    }

    /// From now on only new packets count.
    fn begin_round(&self) {
        self.round.fetch_add(1, Ordering::Relaxed);
        self.arrived.store(0, Ordering::Relaxed);
        for count in &self.latencies {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Waits until so many packets have arrived, or no more come.
    fn drain(&self, expected: u64) {
        let mut last = (Instant::now(), 0);
        loop {
            let arrived = self.arrived.load(Ordering::Relaxed);
            if arrived != last.1 {
                last = (Instant::now(), arrived);
            }
            if arrived >= expected || last.0.elapsed() > QUIET {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn percentile(&self, share: f64) -> Duration {
        let counts: Vec<u64> = self.latencies.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let wanted = counts.iter().sum::<u64>() as f64 * share;
        let mut seen = 0;
        let reached = counts.iter().position(|count| {
            seen += count;
            seen as f64 >= wanted && seen > 0
        });
        Duration::from_micros(reached.map_or(0, bucket_begin_us))
    }
}

/// Latencies are counted in buckets: each power of two of microseconds in 16 of them, so within 6 %.
const BUCKETS: usize = 32 * 16;

fn bucket(us: u64) -> usize {
    if us < 16 {
        return us as usize;
    }
    let power = us.ilog2() as usize;
    ((power - 3) * 16 + (us >> (power - 4)) as usize - 16).min(BUCKETS - 1)
}

fn bucket_begin_us(bucket: usize) -> u64 {
    if bucket < 16 {
        return bucket as u64;
    }
    ((bucket % 16 + 16) as u64) << (bucket / 16 - 1)
}

/// Puts the load on a server: `send` is given the room, the speaker and the voice payload. Blocks until what was sent
/// has had time to arrive.
///
/// # Errors
/// If the server's process has ended, this is not Linux, or `send` fails.
pub fn drive(
    load: &Load,
    tally: &Tally,
    server_pid: u32,
    mut send: impl FnMut(usize, usize, &[u8]) -> io::Result<()>,
) -> io::Result<Figures> {
    let mut voice = vec![0x5a; load.voice_bytes.max(STAMP_BYTES)];
    let mut send_for = |duration: Duration| -> io::Result<(u64, Duration)> {
        let total = (load.total_pps() * duration.as_secs_f64()).round() as u64;
        let began = Instant::now();
        for number in 0..total {
            // Evenly spread: packets of several speakers come together only when the sender was late.
            let due = began + Duration::from_secs_f64(number as f64 / load.total_pps());
            let wait = due.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                thread::sleep(wait);
            }
            let place = number as usize % (load.rooms * load.speakers);
            tally.stamp(&mut voice);
            send(place % load.rooms, place / load.rooms, &voice)?;
        }
        Ok((total, began.elapsed()))
    };
    tally.begin_round();
    let (warm_up, _) = send_for(load.warm_up)?;
    tally.drain(warm_up * load.listeners as u64);
    tally.begin_round();
    let own = std::process::id();
    let (cpu_before, own_before) = (cpu_time(server_pid)?, cpu_time(own)?);
    let (sent, wall) = send_for(load.duration)?;
    let expected = sent * load.listeners as u64;
    tally.drain(expected);
    Ok(Figures {
        sent,
        expected,
        arrived: tally.arrived.load(Ordering::Relaxed),
        wall,
        cpu: cpu_time(server_pid)?.saturating_sub(cpu_before),
        own_cpu: cpu_time(own)?.saturating_sub(own_before),
        p50: tally.percentile(0.5),
        p95: tally.percentile(0.95),
        peak_rss_kib: peak_rss_kib(server_pid)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_falls_into_it(us in 0_u64..1 << 30) {
            let begin = bucket_begin_us(bucket(us));
            prop_assert!(begin <= us && us - begin <= us / 16, "{us} is in the bucket of {begin}");
        }
    }

    #[test]
    fn only_packets_of_this_round_count() {
        let tally = Tally::default();
        let mut voice = [0; 20];
        tally.stamp(&mut voice);
        tally.begin_round();
        tally.heard(&voice);
        tally.heard(b"noise");
        assert_eq!(tally.arrived.load(Ordering::Relaxed), 0);
        tally.stamp(&mut voice);
        tally.heard(&voice);
        assert_eq!(tally.arrived.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn percentiles_are_those_of_the_latencies() {
        let tally = Tally::default();
        for us in 0..100 {
            tally.latencies[bucket(us * 100)].fetch_add(1, Ordering::Relaxed);
        }
        let near = |share, us: u64| {
            let found = tally.percentile(share).as_micros() as u64;
            assert!(found.abs_diff(us) <= us / 10, "{found} instead of {us}");
        };
        near(0.5, 4_900);
        near(0.95, 9_400);
        assert_eq!(Tally::default().percentile(0.5), Duration::ZERO);
    }
}
