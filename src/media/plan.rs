//! How sound is sent: length of the packets, bit rate, and which redundancy, by what listeners report and by what the
//! way to the relay carries. Pure; time is a number of samples that the caller passes.
//!
//! There is one plan for all listeners, because a frame is encoded once. Redundancy follows the listener who needs most
//! of it; it comes on top of the voice's own bits as long as the way carries that, and so takes nothing from the others.

use std::collections::BTreeMap;

use super::{
    budget::Budget,
    frame::ms,
    opus::{Application, DRED_MAX_FRAMES, Settings},
};
use crate::protocol::{
    SourceId,
    limits::MEDIA_PACKET_MAX_BYTES,
    media::{HEADER_BYTES, Report},
};

pub use super::budget::PathView;

/// Who has not reported for so long counts no more, samples.
const FORGET: i64 = ms(5000);
/// Listeners that are remembered at most.
const LISTENERS_MAX: usize = 1024;
/// Voice is sent with no less, bit/s, and with no more.
pub const VOICE_MIN: u32 = 24_000;
/// The same, the most.
pub const VOICE_MAX: u32 = 64_000;
/// More than this is not spent on voice where copies are sent, too, bit/s.
const VOICE_WITH_COPIES: u32 = 48_000;
/// Bit rate of music, bit/s.
const MUSIC: u32 = 128_000;
/// What each packet costs beside the Opus frame: IP, UDP, QUIC's short header, datagram frame and tag, our header.
const OVERHEAD_BYTES: u32 = 20 + 8 + 20 + 3 + 16 + HEADER_BYTES as u32;
/// And each copy in it.
const COPY_BYTES: u32 = 5;
/// Loss from which on one copy is sent, share of packets; and two; and three.
const COPIES_FROM: [f32; 3] = [0.008, 0.04, 0.14];
/// Jitter from which on one copy is sent, ms; and two: a packet that is late is as good as lost.
const JITTER_FROM: [f32; 2] = [5.0, 14.0];
/// A need that has shrunk counts as one that has not, down to this share of its limit.
const HYSTERESIS: f32 = 0.6;
/// A gap of so many packets is a burst.
const BURST_PACKETS: f32 = 2.5;
/// From this bit rate on, transform coding alone is better for voice, and quicker.
const TRANSFORM_FROM: u32 = 36_000;
/// Extra bits for deep redundancy, bit/s.
const DRED_BITS: u32 = 16_000;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Frames of 10 ms in a packet: 1, 2 or 4.
    pub frames: usize,
    /// Which half of Opus.
    pub application: Application,
    /// Settings of the encoder.
    pub settings: Settings,
    /// Of which earlier packets each packet carries copies: how many packets ago, the oldest first.
    pub copies: &'static [u8],
}

/// How one listener hears this source.
#[derive(Clone, Copy, Debug)]
struct Listener {
    at: i64,
    /// Share of packets lost, quick to rise and slow to fall.
    loss: f32,
    jitter_ms: f32,
    gap_ms: f32,
}

/// Makes the plan.
#[derive(Debug)]
pub struct Planner {
    listeners: BTreeMap<SourceId, Listener>,
    budget: Budget,
    copies: usize,
    bursts: bool,
    music: bool,
    plan: Plan,
}

impl Planner {
    /// A plan for a way of which nothing is known: a little redundancy, because the first seconds count, too.
    pub fn new(music: bool) -> Self {
        let application = Application::LowDelayVoice;
        let plan = Plan { frames: 1, application, settings: Settings::voice(VOICE_WITH_COPIES), copies: &[] };
        let mut planner =
            Self { listeners: BTreeMap::new(), budget: Budget::default(), copies: 0, bursts: false, music, plan };
        planner.decide();
        planner
    }

    /// The plan now.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Music or speech.
    pub fn set_music(&mut self, music: bool) {
        if music != self.music {
            self.music = music;
            self.decide();
        }
    }

    /// Takes in how a listener hears this source.
    pub fn report(&mut self, now: i64, listener: SourceId, report: &Report) {
        self.listeners.retain(|_, listener| now - listener.at < FORGET);
        let new = Listener {
            at: now,
            loss: f32::from(report.lost) / 255.0,
            jitter_ms: f32::from(report.jitter_ms),
            gap_ms: f32::from(report.longest_gap_ms),
        };
        let full = self.listeners.len() >= LISTENERS_MAX;
        match self.listeners.get_mut(&listener) {
            // Up at once, down slowly: redundancy is needed before the next loss, not after it.
            Some(known) => {
                let slow = |old: f32, new: f32| if new > old { new } else { old + (new - old) * 0.15 };
                *known = Listener {
                    at: now,
                    loss: slow(known.loss, new.loss),
                    jitter_ms: known.jitter_ms + (new.jitter_ms - known.jitter_ms) * 0.5,
                    gap_ms: slow(known.gap_ms, new.gap_ms),
                };
            }
            None if full => return,
            None => {
                self.listeners.insert(listener, new);
            }
        }
        self.budget.loss(now, self.worst(|listener| listener.loss), self.cost());
        self.decide();
    }

    /// Takes in what the way to the relay is like.
    pub fn path(&mut self, now: i64, path: &PathView) {
        self.budget.path(now, path, self.cost());
        self.decide();
    }

    fn worst(&self, of: impl Fn(&Listener) -> f32) -> f32 {
        self.listeners.values().map(of).fold(0.0, f32::max)
    }

    /// What the plan costs on the wire, bit/s.
    pub fn cost(&self) -> u32 {
        cost(self.plan.frames, self.plan.settings.bitrate, self.plan.copies.len())
    }

    fn decide(&mut self) {
        let (loss, jitter_ms, gap_ms) = (self.worst(|l| l.loss), self.worst(|l| l.jitter_ms), self.worst(|l| l.gap_ms));
        let for_loss = steps(&COPIES_FROM, loss, self.copies);
        let for_jitter = steps(&JITTER_FROM, jitter_ms, self.copies);
        // A copy that stands in for a lost packet may be late itself.
        let both = usize::from(for_loss.min(for_jitter) > 1);
        let wanted = (for_loss.max(for_jitter) + both).min(COPIES_FROM.len());
        let packet_ms = 10.0 * self.plan.frames as f32;
        let limit = BURST_PACKETS * packet_ms * if self.bursts { HYSTERESIS } else { 1.0 };
        self.bursts = loss > 0.002 && gap_ms > limit;
        self.copies = wanted;
        self.plan = if self.music { self.music_plan(wanted) } else { self.voice_plan(wanted, gap_ms, loss) };
    }

    fn music_plan(&self, wanted: usize) -> Plan {
        let budget = self.budget.bits();
        let copies = (0..=wanted.min(1)).rev().find(|&copies| cost(2, MUSIC, copies) <= budget).unwrap_or(0);
        let bitrate = affordable(budget, 2, copies).clamp(VOICE_MAX, MUSIC);
        let settings = Settings { bitrate, ..Settings::music() };
        Plan { frames: 2, application: Application::Music, settings, copies: backs(copies, false) }
    }

    /// The best that the budget allows: shorter packets, then copies, then bits.
    fn voice_plan(&self, wanted: usize, gap_ms: f32, loss: f32) -> Plan {
        let budget = self.budget.bits();
        let extra = if self.bursts { DRED_BITS } else { 0 };
        let most = if wanted > 0 { VOICE_WITH_COPIES } else { VOICE_MAX };
        // With fewer copies than wanted only where even the longest packets do not make room for them.
        let choices = (0..=wanted).rev().flat_map(|copies| [1, 2, 4].map(|frames| (frames, copies)));
        let enough = |frames, copies| affordable(budget, frames, copies) >= VOICE_MIN + extra;
        let (frames, copies) = { choices }.find(|&(frames, copies)| enough(frames, copies)).unwrap_or((4, 0));
        let bitrate = affordable(budget, frames, copies).clamp(VOICE_MIN + extra, most + extra);
        let mut settings = Settings::voice(bitrate);
        if self.bursts {
            // In-band correction would leave deep redundancy no bits.
            settings.dred_frames = (gap_ms / 10.0 * 1.5 + 5.0).min(f32::from(DRED_MAX_FRAMES)) as u8;
            settings.loss_percent = percent(loss).max(20);
        } else if wanted > copies {
            settings.fec = true;
            settings.loss_percent = percent(loss).max(10);
        }
        // In-band correction exists in one half of Opus only; at low bit rates that one is better, too.
        let linear = settings.fec || settings.bitrate - extra < TRANSFORM_FROM;
        let application = if linear { Application::Voice } else { Application::LowDelayVoice };
        Plan { frames, application, settings, copies: backs(copies, self.bursts) }
    }
}

fn percent(share: f32) -> u8 {
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

/// How many of the limits a value reaches; those that were reached before are easier to keep.
fn steps(limits: &[f32], value: f32, before: usize) -> usize {
    let reached = |(index, limit): (usize, &f32)| value >= if index < before { limit * HYSTERESIS } else { *limit };
    limits.iter().enumerate().take_while(|&step| reached(step)).count()
}

/// Copies of so many packets. Where losses come in bursts, one copy travels far behind the first.
fn backs(copies: usize, bursts: bool) -> &'static [u8] {
    match (copies, bursts) {
        (0, _) => &[],
        (1, _) => &[1],
        (2, false) => &[2, 1],
        (2, true) => &[4, 1],
        (_, false) => &[3, 2, 1],
        (_, true) => &[5, 3, 1],
    }
}

/// Cost on the wire, bit/s.
fn cost(frames: usize, bitrate: u32, copies: usize) -> u32 {
    bitrate * (1 + copies as u32) + overhead(frames, copies)
}

fn overhead(frames: usize, copies: usize) -> u32 {
    let packets_per_s = 100 / frames as u32;
    (OVERHEAD_BYTES + COPY_BYTES * copies as u32) * 8 * packets_per_s
}

/// Bit rate that the encoder can have; 0 if the packets would be too long.
fn affordable(budget: u32, frames: usize, copies: usize) -> u32 {
    let bitrate = budget.saturating_sub(overhead(frames, copies)) / (1 + copies as u32);
    // All of it has to fit into a packet, which may be half as long again as the mean.
    let room = (MEDIA_PACKET_MAX_BYTES - HEADER_BYTES) as u32 * 8 * (100 / frames as u32) * 2 / 3;
    bitrate.min(room / (1 + copies as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LISTENER: SourceId = SourceId(9);

    fn report(lost: f32, jitter_ms: u16, longest_gap_ms: u16) -> Report {
        let lost = (lost * 255.0).round() as u8;
        Report { about: SourceId(1), lost, jitter_ms, playout_delay_ms: 0, longest_gap_ms, concealed: 0 }
    }

    /// The plan after some seconds of such reports, on a way that carries anything.
    fn settled(reports: impl IntoIterator<Item = Report>) -> Plan {
        let mut planner = Planner::new(false);
        for (second, report) in reports.into_iter().enumerate() {
            planner.report(ms(1000 * second as i64), LISTENER, &report);
        }
        planner.plan()
    }

    #[test]
    fn a_good_way_gets_short_packets_and_nothing_else() {
        let plan = settled([report(0.0, 1, 0); 10]);
        assert_eq!((plan.frames, plan.copies, plan.settings.fec, plan.settings.dred_frames), (1, &[][..], false, 0));
        assert_eq!(plan.settings.bitrate, VOICE_MAX);
    }

    #[test]
    fn redundancy_follows_losses_up_at_once_and_down_slowly() {
        assert_eq!(settled([report(0.02, 1, 10)]).copies, [1]);
        assert_eq!(settled([report(0.06, 1, 10)]).copies, [2, 1]);
        assert_eq!(settled([report(0.2, 1, 20)]).copies, [3, 2, 1]);
        let mut reports = vec![report(0.2, 1, 20), report(0.0, 1, 0)];
        assert_eq!(settled(reports.clone()).copies, [3, 2, 1]);
        reports.extend([report(0.0, 1, 0); 40]);
        assert!(settled(reports).copies.is_empty());
    }

    #[test]
    fn late_packets_are_as_good_as_lost() {
        assert_eq!(settled([report(0.0, 20, 0); 3]).copies, [2, 1]);
        assert_eq!(settled([report(0.06, 20, 0); 3]).copies, [3, 2, 1]);
    }

    #[test]
    fn bursts_get_deep_redundancy() {
        let plan = settled([report(0.07, 3, 200); 3]);
        assert!(plan.settings.dred_frames >= 20 && !plan.settings.fec, "{plan:?}");
        assert!(plan.copies.contains(&4), "{plan:?}");
        assert_eq!(settled([report(0.07, 3, 20); 3]).settings.dred_frames, 0);
    }

    #[test]
    fn the_worst_listener_counts_until_it_leaves() {
        let mut planner = Planner::new(false);
        planner.report(0, SourceId(1), &report(0.2, 1, 20));
        planner.report(0, SourceId(2), &report(0.0, 1, 0));
        assert_eq!(planner.plan().copies.len(), 3);
        planner.report(FORGET, SourceId(2), &report(0.0, 1, 0));
        assert_eq!(planner.plan().copies.len(), 0);
    }

    #[test]
    fn a_narrow_way_gets_long_packets_and_in_band_correction() {
        let mut planner = Planner::new(false);
        let mut seen = Vec::new();
        for quarter in 0..400 {
            let now = ms(250 * quarter);
            // It carries 50 kbit/s; what is more stands in a queue.
            let queue_ms = if planner.cost() > 50_000 { 300.0 } else { 0.0 };
            planner.path(now, &PathView { rtt_ms: 20.0 + queue_ms, rtt_min_ms: 20.0, jitter_ms: 2.0 });
            if quarter % 4 == 0 {
                planner.report(now, LISTENER, &report(0.05, 3, 20));
            }
            seen.push((planner.cost(), planner.plan()));
        }
        let late = &seen[200..];
        let fits = late.iter().filter(|(cost, _)| *cost <= 50_000).count();
        assert!(fits * 10 > late.len() * 7, "{fits} of {}", late.len());
        let (_, plan) = late.iter().find(|(cost, _)| *cost <= 50_000).expect("it fits at times");
        assert!(plan.frames == 4 && plan.settings.fec && plan.copies.is_empty(), "{plan:?}");
    }

    #[test]
    fn music_is_music_whatever_is_reported() {
        let mut planner = Planner::new(true);
        planner.report(0, LISTENER, &report(0.3, 40, 100));
        let plan = planner.plan();
        assert_eq!((plan.frames, plan.settings.bitrate, plan.copies), (2, MUSIC, &[1][..]));
        assert_eq!(plan.application, Application::Music);
        planner.set_music(false);
        assert!(planner.plan().application != Application::Music);
    }

    proptest! {
        #[test]
        fn every_plan_fits_a_packet(
            reports in prop::collection::vec((any::<u8>(), any::<u16>(), any::<u16>(), 0..20u32), 0..60),
            paths in prop::collection::vec((0.0f32..2000.0, 0.0f32..1.0), 0..60), music: bool,
        ) {
            let mut planner = Planner::new(music);
            let mut now = 0;
            for (i, (lost, jitter_ms, longest_gap_ms, listener)) in reports.into_iter().enumerate() {
                now += ms(333);
                let about = SourceId(1);
                let report = Report { about, lost, jitter_ms, playout_delay_ms: 0, longest_gap_ms, concealed: 0 };
                planner.report(now, SourceId(listener), &report);
                if let Some(&(rtt_ms, jitter_ms)) = paths.get(i) {
                    planner.path(now, &PathView { rtt_ms, rtt_min_ms: rtt_ms.min(30.0), jitter_ms });
                }
                let plan = planner.plan();
                prop_assert!([1, 2, 4].contains(&plan.frames));
                let bytes = plan.settings.bitrate as usize / 800 * plan.frames * (1 + plan.copies.len());
                prop_assert!(bytes + HEADER_BYTES + 20 <= MEDIA_PACKET_MAX_BYTES);
            }
        }
    }
}
