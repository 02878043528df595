//! A talker, a network and a listener on virtual time: the real ways out and in, with nothing between them but
//! [`Network`]. Pure.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::network::{Condition, Network};
use crate::{
    media::{
        downlink::Downlink,
        frame::{FRAME, RATE, SILENCE, ms},
        opus::OpusError,
        plan::{PathView, Plan},
        uplink::{Controls, Uplink},
    },
    protocol::{SourceId, media::Header},
};

/// The talker's source.
const TALKER: SourceId = SourceId(1);
/// The listener's.
const LISTENER: SourceId = SourceId(2);
/// The listener's frames begin so much later than the talker's, samples: two sound cards never agree.
const PHASE: i64 = 77;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was heard, mono at 48 kHz, from the moment on at which the talker began.
    pub heard: Vec<f32>,
    /// What was added to the quickest packets, ms, every 100 ms.
    pub playout_delay_ms: Vec<f32>,
    /// Share of sound that was made up, in the end.
    pub concealed: f32,
    /// Bits sent per second, with headers.
    pub bits_per_s: f64,
    /// The last plan of the talker.
    pub plan: Plan,
    /// Packets that the listener did not take.
    pub refused: u64,
}

/// What moves between the two.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct OnTheWay {
    at: i64,
    number: u64,
    to: SourceId,
    packet: Vec<u8>,
}

/// Lets a talker say all of `speech` (mono, 48 kHz, repeated until `seconds` are over) to a listener.
///
/// `disturb` sees each packet of sound before the network does, with the time, and may change or repeat it.
///
/// # Errors
/// If there is no memory for an encoder.
pub fn simulate(
    condition: Condition,
    speech: &[f32],
    seconds: u32,
    disturb: &mut dyn FnMut(i64, Vec<u8>) -> Vec<Vec<u8>>,
) -> Result<Outcome, OpusError> {
    let controls = Controls { muted: false, closed: false, gain: 1.0, music: false };
    let mut uplink = Uplink::new(TALKER, controls, u32::MAX - 500, u32::MAX - 100_000)?;
    let mut downlink = Downlink::new(LISTENER, 1.0);
    let (mut there, mut back) = (Network::new(condition, 7), Network::new(condition, 8));
    let mut on_the_way: BinaryHeap<Reverse<OnTheWay>> = BinaryHeap::new();
    let (mut number, mut bytes, mut refused) = (0, 0, 0);
    let mut outcome = Outcome {
        heard: Vec::with_capacity(seconds as usize * RATE as usize),
        playout_delay_ms: Vec::new(),
        concealed: 0.0,
        bits_per_s: 0.0,
        plan: uplink.plan(),
        refused: 0,
    };
    let mut said = 0;
    // Of independent packets, RFC 3550 sees so much jitter.
    let jitter_ms = (condition.jitter_ms * 1.13) as f32;
    let mut path = PathView { rtt_ms: 2.0 * condition.delay_ms as f32, rtt_min_ms: f32::MAX, jitter_ms };
    for tick in 0..i64::from(seconds) * 100 {
        let now = tick * FRAME as i64;
        // The talker has as many frames as its own clock says.
        while said as f64 * (FRAME as f64) < now as f64 * (1.0 + condition.drift_ppm * 1e-6) {
            let mut frame = SILENCE;
            for (i, sample) in frame[0].iter_mut().enumerate() {
                *sample = speech.get((said * FRAME + i) % speech.len().max(1)).copied().unwrap_or(0.0);
            }
            frame[1] = frame[0];
            said += 1;
            let moment = (said * FRAME) as f64 / (1.0 + condition.drift_ppm * 1e-6);
            uplink.feed(&frame, 1.0, controls, &mut |packet| {
                for packet in disturb(moment as i64, packet) {
                    bytes += packet.len();
                    number += 1;
                    if let Some(at) = there.carry(moment as i64, packet.len()) {
                        let rtt_ms = (at as f64 - moment) as f32 / ms(1) as f32 + condition.delay_ms as f32;
                        path.rtt_ms += (rtt_ms - path.rtt_ms) / 8.0;
                        path.rtt_min_ms = path.rtt_min_ms.min(rtt_ms);
                        on_the_way.push(Reverse(OnTheWay { at, number, to: LISTENER, packet }));
                    }
                }
            });
        }
        let now = now + PHASE;
        while on_the_way.peek().is_some_and(|Reverse(next)| next.at <= now) {
            let Some(Reverse(OnTheWay { at, to, packet, .. })) = on_the_way.pop() else { break };
            let Ok((header, payload)) = Header::parse(&packet) else {
                refused += 1;
                continue;
            };
            if to == TALKER {
                if let Ok(report) = crate::protocol::media::Report::parse(payload) {
                    uplink.report(header.source, &report);
                }
            } else if downlink.take(at, &header, payload).is_err() {
                refused += 1;
            }
        }
        let [left, _] = downlink.mix(now, 1.0);
        outcome.heard.extend(left);
        downlink.report(now, &mut |packet| {
            number += 1;
            if let Some(at) = back.carry(now, packet.len()) {
                on_the_way.push(Reverse(OnTheWay { at, number, to: TALKER, packet }));
            }
        });
        if tick % 25 == 0 {
            uplink.path(&path);
        }
        if tick % 10 == 0 {
            outcome.playout_delay_ms.extend(downlink.stats().map(|stats| stats.playout_delay_ms));
        }
    }
    outcome.concealed = downlink.stats().map(|stats| stats.concealed).fold(0.0, f32::max);
    outcome.bits_per_s = f64::from(bytes as u32) * 8.0 / f64::from(seconds);
    outcome.plan = uplink.plan();
    outcome.refused = refused;
    Ok(outcome)
}
