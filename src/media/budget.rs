//! How many bits a way carries, as far as a sender of voice finds out: no probing beyond what there is to say. Pure.
//!
//! Two things speak of a way that is too narrow: packets that wait (the round trip grows), and losses that grow once
//! more is sent. Losses that do not care how much is sent are those of a poor radio, and cost no bits.

use super::frame::ms;

/// What is taken for granted at first, bit/s.
const FIRST: u32 = 400_000;
/// No way is taken for narrower than this, bit/s.
const LEAST: u32 = 36_000;
/// Longer than this above the shortest round trip, ms, packets stand in a queue...
const QUEUE_MS: f32 = 60.0;
/// ...if it is not mere jitter: so many times the mean deviation.
const JITTERS: f32 = 3.0;
/// The share of what was sent that is sent after a queue was seen.
const CUT: f32 = 0.8;
/// The same after a long one: it has to drain, too.
const DEEP_CUT: f32 = 0.6;
/// A round trip that falls by so much between two looks, ms.
const DRAINING_MS: f32 = 4.0;
/// A cut needs so long to show, samples.
const SETTLE: i64 = ms(1500);
/// After so long without trouble a little more is allowed, samples...
const PATIENCE: i64 = ms(5000);
/// ...and after a failed attempt later and later, up to this.
const PATIENCE_MAX: i64 = ms(80_000);
/// By this factor.
const GROWTH: f32 = 1.25;
/// After so long, losses tell whether it was too much, samples.
const PROBE: i64 = ms(2500);
/// Losses that have grown by this factor and this share since more is sent come from that.
const GROWN: (f32, f32) = (1.5, 0.04);
/// Whatever the cause, a way that loses so much is sent less.
const HOPELESS: f32 = 0.4;

/// What the way to the relay is like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathView {
    /// Round trip now, ms.
    pub rtt_ms: f32,
    /// The shortest of late, ms.
    pub rtt_min_ms: f32,
    /// Mean deviation of the transit time in the worse direction, ms.
    pub jitter_ms: f32,
}

/// More is sent than before, and it is to be seen whether the way carries it.
#[derive(Clone, Copy, Debug)]
struct Probe {
    began: i64,
    loss_before: f32,
    cost_before: u32,
}

/// What may be spent.
#[derive(Debug)]
pub struct Budget {
    bits: f32,
    /// No cut before then.
    settled_at: i64,
    /// No growth before then.
    grow_at: i64,
    patience: i64,
    probe: Option<Probe>,
    last_rtt_ms: f32,
    /// Cost and loss when last looked at.
    last: Option<(u32, f32)>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bits: FIRST as f32,
            settled_at: 0,
            grow_at: 0,
            patience: PATIENCE,
            probe: None,
            last_rtt_ms: 0.0,
            last: None,
        }
    }
}

impl Budget {
    /// What may be spent now, overhead included, bit/s.
    pub fn bits(&self) -> u32 {
        self.bits as u32
    }

    /// What the way is like while `cost` bit/s are sent.
    pub fn path(&mut self, now: i64, path: &PathView, cost: u32) {
        // With nonsense in it, it is no queue.
        if path.rtt_ms - path.rtt_min_ms > QUEUE_MS + JITTERS * path.jitter_ms {
            let deep = path.rtt_ms - path.rtt_min_ms > 2.0 * QUEUE_MS + JITTERS * path.jitter_ms;
            // A queue that is draining already needs no further cut.
            if path.rtt_ms > self.last_rtt_ms - DRAINING_MS {
                self.cut(now, cost as f32 * if deep { DEEP_CUT } else { CUT });
            }
        }
        self.last_rtt_ms = path.rtt_ms;
    }

    /// The worst loss that a listener reports while `cost` bit/s are sent.
    pub fn loss(&mut self, now: i64, loss: f32, cost: u32) {
        if let Some((last_cost, last_loss)) = self.last
            && cost as f32 > last_cost as f32 * 1.2
            && self.probe.is_none()
        {
            self.probe = Some(Probe { began: now, loss_before: last_loss, cost_before: last_cost });
        }
        self.last = Some((cost, loss));
        if let Some(probe) = self.probe
            && now - probe.began >= PROBE
        {
            self.probe = None;
            if loss > probe.loss_before * GROWN.0 + GROWN.1 {
                self.patience = (self.patience * 2).min(PATIENCE_MAX);
                self.cut(now, probe.cost_before as f32);
            }
        }
        if loss > HOPELESS {
            self.cut(now, cost as f32 * CUT);
        }
        self.grow(now);
    }

    fn cut(&mut self, now: i64, to: f32) {
        self.grow_at = now + self.patience;
        if now < self.settled_at {
            return;
        }
        self.settled_at = now + SETTLE;
        self.bits = to.clamp(LEAST as f32, self.bits);
    }

    fn grow(&mut self, now: i64) {
        if now < self.grow_at || self.bits >= FIRST as f32 {
            return;
        }
        self.bits = (self.bits * GROWTH).min(FIRST as f32);
        self.grow_at = now + self.patience;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = ms(1000);

    /// Sends all that it may over a way that loses `noise` of all packets and everything above `carries` bit/s.
    fn run(budget: &mut Budget, seconds: std::ops::Range<i64>, carries: u32, noise: f32) -> Vec<u32> {
        let mut costs = Vec::new();
        for second in seconds {
            let cost = budget.bits().min(250_000);
            let over = (cost as f32 - carries as f32).max(0.0) / cost as f32;
            budget.loss(second * SECOND, noise + (1.0 - noise) * over, cost);
            costs.push(cost);
        }
        costs
    }

    #[test]
    fn losses_of_a_poor_radio_cost_no_bits() {
        let mut budget = Budget::default();
        assert!(run(&mut budget, 0..60, 1_000_000, 0.2).iter().all(|&cost| cost == 250_000));
    }

    #[test]
    fn losses_that_follow_what_is_sent_do() {
        let mut budget = Budget::default();
        let costs = run(&mut budget, 0..60, 80_000, 0.0);
        let over = costs[10..].iter().filter(|&&cost| cost > 90_000 + 80_000 / 2).count();
        assert!(over * 5 < 50, "{costs:?}");
        let costs = run(&mut budget, 60..400, 1_000_000, 0.0);
        assert_eq!(costs.last(), Some(&250_000), "a way that has become wide is used again");
    }

    #[test]
    fn a_queue_is_drained_at_once() {
        let mut budget = Budget::default();
        let queue = PathView { rtt_ms: 300.0, rtt_min_ms: 20.0, jitter_ms: 2.0 };
        budget.path(SECOND, &queue, 150_000);
        assert_eq!(budget.bits(), 90_000);
        budget.path(SECOND + ms(250), &queue, 120_000);
        assert_eq!(budget.bits(), 90_000, "the first cut has not shown yet");
        (0..40).for_each(|i| budget.path(4 * SECOND * (i + 1), &queue, budget.bits()));
        assert_eq!(budget.bits(), LEAST);
        budget.path(0, &PathView { rtt_ms: f32::NAN, ..queue }, 1);
        assert_eq!(budget.bits(), LEAST);
    }
}
