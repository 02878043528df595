//! Listening on virtual time: paths with jitter, loss, reordering, drift and pauses.

use super::*;
use crate::{
    media::{
        delay::FRAME_TIME,
        frame::Frame,
        opus::{Application, Encoder, PACKET_MAX_BYTES, Settings},
    },
    protocol::{SourceId, media::Kind},
};
use proptest::prelude::*;
use std::f32::consts::TAU;

/// Sound is a function of the packet's time, so that it needs no encoder.
#[derive(Debug, Default)]
struct Fake {
    recovered: usize,
    made_up: usize,
}

fn sound(time: i64) -> f32 {
    let t = time as f32 / 48_000.0;
    (TAU * 170.0 * t).sin() * 0.3
}

impl Decode for Fake {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, OpusError> {
        match payload.try_into() {
            Ok(bytes) => {
                let time = i64::from(u32::from_be_bytes(bytes));
                out.extend((time..time + FRAME_TIME).map(sound));
                Ok(FRAME)
            }
            Err(_) if payload.len() <= DTX_MAX_BYTES => self.conceal(FRAME, out),
            Err(_) => Err(OpusError::BadPacket),
        }
    }

    fn can_recover(&self, following: &[u8]) -> bool {
        following.len() > DTX_MAX_BYTES
    }

    fn recover(&mut self, _following: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.recovered += 1;
        out.resize(out.len() + samples, 0.0);
        Ok(samples)
    }

    fn dred_span(&mut self, _following: &[u8]) -> usize {
        0
    }

    fn restore(
        &mut self,
        _following: &[u8],
        _before: usize,
        samples: usize,
        out: &mut Vec<f32>,
    ) -> Result<usize, OpusError> {
        self.conceal(samples, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.made_up += 1;
        out.resize(out.len() + samples, 0.0);
        Ok(samples)
    }

    fn save(&mut self) {}

    fn rewind(&mut self) {}

    fn set_channels(&mut self, _channels: u8) -> Result<(), OpusError> {
        Ok(())
    }
}

fn insert(voice: &mut Voice<Fake>, now: i64, sequence: u32, timestamp: u32, payload: &[u8]) -> Arrival {
    insert_level(voice, now, (sequence, timestamp), 0, payload)
}

fn insert_level(
    voice: &mut Voice<Fake>,
    now: i64,
    (sequence, timestamp): (u32, u32),
    level: u8,
    payload: &[u8],
) -> Arrival {
    let header = Header {
        kind: Kind::Audio,
        marker: false,
        stereo: false,
        redundant: false,
        level,
        source: SourceId(1),
        sequence,
        timestamp,
    };
    voice.insert(now, &header, &Payload::plain(payload))
}

fn pull<D: Decode>(voice: &mut Voice<D>, now: i64, out: &mut Frame) -> bool {
    voice.pull(now, out, &mut [0.0; FRAME])
}

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn gauss(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

type Delay = dyn FnMut(i64, &mut Random) -> Option<f64>;

struct Path {
    seconds: i64,
    /// Delay of packet `i`, ms; `None` is lost.
    delay: Box<Delay>,
    /// The sender's clock is faster than the listener's by so much.
    drift_ppm: f64,
    /// Whether packet `i` is sent as sound; otherwise nothing is sent.
    speaks: fn(i64) -> bool,
}

impl Path {
    fn new(seconds: i64, delay: impl FnMut(i64, &mut Random) -> Option<f64> + 'static) -> Self {
        Self { seconds, delay: Box::new(delay), drift_ppm: 0.0, speaks: |_| true }
    }

    /// Plays it all; `observe` sees the voice each second.
    fn run(mut self, mut observe: impl FnMut(i64, &mut Voice<Fake>)) -> Voice<Fake> {
        let mut random = Random(7);
        let (mut packets, mut sequence) = (Vec::new(), 4_294_967_000u32);
        for i in 0..self.seconds * 100 {
            let (now, before) = ((self.speaks)(i), i > 0 && (self.speaks)(i - 1));
            if !now && !before {
                continue;
            }
            let time = (4_294_900_000u32).wrapping_add((i * FRAME_TIME) as u32);
            let payload = if now { time.to_be_bytes().to_vec() } else { vec![0] };
            sequence = sequence.wrapping_add(1);
            if let Some(delay) = (self.delay)(i, &mut random) {
                let sent = (i + 1) as f64 * FRAME_TIME as f64 / (1.0 + self.drift_ppm / 1e6);
                packets.push((sent as i64 + (delay * 48.0) as i64, sequence, time, payload));
            }
        }
        packets.sort_by_key(|packet| packet.0);
        let mut packets = packets.into_iter().peekable();
        let mut voice = Voice::with_decoder(Fake::default());
        let mut out = [0.0; FRAME];
        for i in 0..self.seconds * 100 {
            let now = i * FRAME_TIME + 77;
            while let Some((arrival, sequence, time, payload)) = packets.next_if(|packet| packet.0 <= now) {
                insert(&mut voice, arrival, sequence, time, &payload);
            }
            pull(&mut voice, now, &mut out);
            if i % 100 == 99 {
                observe(i / 100, &mut voice);
            }
        }
        voice
    }
}

#[test]
fn a_steady_path_is_played_with_little_delay_and_nothing_made_up() {
    let voice = Path::new(30, |_, _| Some(40.0)).run(|_, _| ());
    assert_eq!(voice.decoder.made_up, 0);
    assert!(voice.playout_delay_ms() < 19.0, "{}", voice.playout_delay_ms());
    assert_eq!(voice.concealed(), 0.0);
}

#[test]
fn jitter_and_loss_are_ridden_out() {
    let mut losses = 0;
    let mut delays = Vec::new();
    let mut voice = Path::new(60, |_, random| {
        let delay = 80.0 + 20.0 * random.gauss();
        (random.unit() > 0.05).then_some(delay.max(20.0))
    })
    .run(|second, voice| {
        losses += usize::from(voice.take_interval().0.loss() > 0.0);
        if second > 10 {
            delays.push(voice.playout_delay_ms());
        }
    });
    assert!(losses > 50, "loss is seen");
    let mean = delays.iter().sum::<f32>() / delays.len() as f32;
    assert!((40.0..150.0).contains(&mean), "delay above the quickest packet: {mean} ms");
    // 5 % are lost, and most of those are recovered from the packet behind.
    assert!(voice.concealed() < 0.05, "{}", voice.concealed());
    assert!(voice.decoder.recovered > voice.decoder.made_up, "{:?}", voice.decoder);
    assert!(voice.buffer.late() < 300, "{} late", voice.buffer.late());
    assert_eq!(voice.take_interval().0.loss(), 0.0);
}

#[test]
fn where_packets_are_lost_the_sound_waits_for_their_repetition() {
    let voice = Path::new(60, |_, random| (random.unit() > 0.05).then_some(40.0)).run(|_, _| ());
    // Of two lost in a row, only the second is repeated; and before the loss was known, none was waited for.
    let Fake { recovered, made_up } = voice.decoder;
    assert!(recovered > 200 && made_up < 40, "{recovered} recovered, {made_up} made up");
    assert!(voice.playout_delay_ms() < 30.0, "{}", voice.playout_delay_ms());
}

#[test]
fn drift_of_either_sign_neither_grows_the_delay_nor_breaks_the_sound() {
    for drift_ppm in [-200.0, 200.0] {
        let mut delays = Vec::new();
        let mut path = Path::new(600, |_, random| Some(30.0 + 2.0 * random.unit()));
        path.drift_ppm = drift_ppm;
        let voice = path.run(|_, voice| delays.push(voice.playout_delay_ms()));
        let most = delays[5..].iter().fold(0.0f32, |most, delay| most.max(*delay));
        assert!(most < 30.0, "{drift_ppm} ppm: up to {most} ms");
        assert!(voice.decoder.made_up < 30, "{drift_ppm} ppm: {:?} in 10 minutes", voice.decoder);
    }
}

#[test]
fn reordering_and_duplicates_make_no_difference() {
    let voice = Path::new(30, |i, _| Some(if i % 7 == 0 { 52.0 } else { 40.0 })).run(|_, _| ());
    // Only until the path is known may something be missing.
    assert!(voice.decoder.made_up < 10, "{:?}", voice.decoder);

    let mut voice = Voice::with_decoder(Fake::default());
    let mut out = [0.0; FRAME];
    for i in 0..500u32 {
        for _ in 0..3 {
            insert(&mut voice, i64::from(i) * FRAME_TIME, i, i * 480, &(i * 480).to_be_bytes());
        }
        pull(&mut voice, i64::from(i) * FRAME_TIME + 10, &mut out);
    }
    assert_eq!(voice.decoder.made_up, 0);
}

#[test]
fn who_joins_late_hears_what_is_said_now() {
    let mut delays = Vec::new();
    // The first two seconds all arrive together.
    Path::new(10, |i, _| Some(if i < 200 { 2000.0 - i as f64 * 10.0 } else { 20.0 })).run(|_, voice| {
        delays.push(voice.playout_delay_ms());
    });
    assert!(delays[4] < 40.0, "{delays:?}");
}

#[test]
fn pauses_are_no_losses() {
    let mut path = Path::new(30, |_, random| Some(40.0 + 5.0 * random.unit()));
    path.speaks = |i| i % 300 < 150;
    let voice = path.run(|_, _| ());
    // Each pause costs the frame that says so and the fade behind it.
    assert!(voice.decoder.made_up <= 2 * 10 + 2, "{:?}", voice.decoder);
    assert!(voice.concealed() < 0.01, "{}", voice.concealed());
}

#[test]
fn news_of_a_pause_change_its_noise_and_nothing_else() {
    let mut voice = Voice::with_decoder(Fake::default());
    let mut out = [0.0; FRAME];
    let mut loudness = Vec::new();
    for i in 0..200i64 {
        let now = i * FRAME_TIME;
        match i {
            0..50 => _ = insert(&mut voice, now, i as u32, now as u32, &(now as u32).to_be_bytes()),
            50 => _ = insert_level(&mut voice, now, (50, now as u32), 66, &[0]),
            120 => _ = insert_level(&mut voice, now, (51, now as u32), 56, &[0]),
            _ => {}
        }
        let active = pull(&mut voice, now, &mut out);
        let rms = (out.iter().map(|x| x * x).sum::<f32>() / FRAME as f32).sqrt();
        loudness.push((active, 20.0 * rms.max(1e-9).log10()));
    }
    let made_up = voice.decoder.made_up;
    let mean = |range: std::ops::Range<usize>| {
        loudness[range.clone()].iter().map(|(_, db)| db).sum::<f32>() / range.len() as f32
    };
    assert!((mean(80..120) + 66.0).abs() < 2.0 && (mean(140..200) + 56.0).abs() < 2.0, "{loudness:?}");
    assert!(loudness[60..].iter().all(|(active, db)| !active && *db < -50.0), "{loudness:?}");
    assert_eq!(made_up, 2, "the frame that says so, and the fade behind it");
}

#[test]
fn a_stall_is_survived_and_its_delay_given_back() {
    let mut delays = Vec::new();
    let voice = Path::new(40, |i, _| {
        // For 400 ms nothing comes, then everything at once.
        let into = i - 1000;
        Some(if (0..40).contains(&into) { 30.0 + (40 - into) as f64 * 10.0 } else { 30.0 })
    })
    .run(|_, voice| delays.push(voice.playout_delay_ms()));
    assert!(voice.decoder.made_up < 40, "{:?}", voice.decoder);
    assert!(delays[39] < 30.0, "{delays:?}");
}

#[test]
fn a_sender_that_starts_again_is_heard_again() {
    let mut voice = Voice::with_decoder(Fake::default());
    let mut out = [0.0; FRAME];
    let mut heard = 0;
    for i in 0..1000u32 {
        let (sequence, time) = if i < 300 { (i, i * 480) } else { (i - 290, (i - 290) * 480) };
        insert(&mut voice, i64::from(i) * FRAME_TIME, sequence, time, &time.to_be_bytes());
        pull(&mut voice, i64::from(i) * FRAME_TIME + 10, &mut out);
        heard += usize::from(i > 320 && out.iter().any(|s| s.abs() > 0.1));
    }
    assert!(heard > 600, "{heard} frames after the restart");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_packets_never_break_it(
        packets in prop::collection::vec((any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..8), 0..4u8), 1..400)
    ) {
        let mut voice = Voice::with_decoder(Fake::default());
        let mut out = [0.0; FRAME];
        let (mut sequence, mut time) = (0u32, 0u32);
        for (i, (a, b, payload, kind)) in packets.into_iter().enumerate() {
            let now = i as i64 * FRAME_TIME;
            match kind {
                0 => { insert(&mut voice, now, a, b, &payload); }
                1 => { insert(&mut voice, now, sequence.wrapping_add(a % 100), time.wrapping_add(b % 48_000), &payload); }
                _ => {
                    sequence = sequence.wrapping_add(1);
                    time = time.wrapping_add(480);
                    insert(&mut voice, now, sequence, time, &time.to_be_bytes());
                }
            }
            pull(&mut voice, now + 5, &mut out);
            prop_assert!(out.iter().all(|s| s.abs() <= 2.0));
            prop_assert!(voice.tape.pending() <= 4 * delay::LOOK_AHEAD);
        }
    }
}

#[test]
fn what_passes_unheard_leaves_stereo_and_mono_as_they_are() {
    const HERTZ: f32 = 400.0;
    let tone = |sample: usize| (TAU * HERTZ * sample as f32 / 48_000.0).sin() * 0.3;
    let mut encoders = [1, 2].map(|channels| {
        let application = if channels == 2 { Application::Music } else { Application::Voice };
        Encoder::new(application, channels, Settings::voice(64_000)).expect("an encoder")
    });
    let mut voice = Voice::new().expect("a decoder");
    let mut heard = Vec::new();
    for i in 0..150_u32 {
        // In stereo; passing unheard; in mono.
        let (stereo, passes) = (i < 60, (50..70).contains(&i));
        let from = i as usize * FRAME;
        let sides = if stereo { 2 } else { 1 };
        let sound: Vec<f32> = (from..from + FRAME).flat_map(|at| std::iter::repeat_n(tone(at), sides)).collect();
        let mut buffer = [0; PACKET_MAX_BYTES];
        let frame = encoders[sides - 1].encode(&sound, &mut buffer).expect("a packet");
        let header = Header {
            kind: Kind::Audio,
            marker: i == 0,
            stereo,
            redundant: false,
            level: 13,
            source: SourceId(1),
            sequence: i,
            timestamp: i * FRAME as u32,
        };
        let now = i64::from(i) * FRAME_TIME;
        voice.insert(now, &header, &Payload::plain(frame));
        if passes {
            assert!(i < 60 || voice.pass(now) == 13, "{i}");
            voice.pass(now);
        } else {
            let mut frame = [0.0; FRAME];
            pull(&mut voice, now, &mut frame);
            heard.push(frame);
        }
    }
    // The last half a second, once all delays have settled.
    let mono = heard[heard.len() - 50..].concat();
    let waves = mono.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count() as f32;
    assert!((waves - HERTZ / 2.0).abs() < 4.0, "{waves} waves in half a second");
}
