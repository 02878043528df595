//! A talker, a bad network and a listener on virtual time: what comes in does no harm, whatever it is.
#![cfg(feature = "desktop")]

use std::path::Path;

use ahoy::{
    bench::voice::{
        network::Condition,
        read,
        simulation::{Outcome, simulate},
    },
    media::frame::ms,
    protocol::{
        SourceId,
        media::{HEADER_BYTES, Header},
    },
};

const CLEAN: Condition = Condition::CLEAN;

fn speech() -> Vec<f32> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech.wav")).expect("speech")
}

fn run(condition: Condition, seconds: u32, mut disturb: impl FnMut(i64, Vec<u8>) -> Vec<Vec<u8>>) -> Outcome {
    simulate(condition, &speech(), seconds, &mut disturb).expect("an encoder")
}

/// Mean playout delay of the last seconds, ms.
fn delay_at_the_end(outcome: &Outcome) -> f32 {
    let last = &outcome.playout_delay_ms[outcome.playout_delay_ms.len() - 30..];
    last.iter().sum::<f32>() / last.len() as f32
}

fn level(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32).sqrt()
}

/// The largest step between two samples: a click is larger than any in speech.
fn largest_step(sound: &[f32]) -> f32 {
    sound.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
}

/// Between the fifth and the tenth second the packets are disturbed; all around it is well, and afterwards no delay stays.
fn is_survived(what: &str, mut disturb: impl FnMut(Vec<u8>) -> Vec<Vec<u8>>) {
    let plain = run(CLEAN, 20, |_, packet| vec![packet]);
    let outcome = run(
        CLEAN,
        20,
        |now, packet| {
            if (ms(5000)..ms(10_000)).contains(&now) { disturb(packet) } else { vec![packet] }
        },
    );
    let (delay, usual) = (delay_at_the_end(&outcome), delay_at_the_end(&plain));
    assert!(delay < usual + 15.0, "{what}: {delay} ms of delay stay, {usual} ms are usual");
    let (end, wanted) = (&outcome.heard[14 * 48_000..], &plain.heard[14 * 48_000..]);
    assert!((0.8..1.25).contains(&(level(end) / level(wanted))), "{what}: the voice does not come back");
    // Noise in the place of sound is noise while it lasts.
    let heard = if what == "noise" { end } else { &outcome.heard[..] };
    let (step, natural) = (largest_step(heard), largest_step(&plain.heard));
    assert!(step < natural * 2.0 + 0.05, "{what}: a click of {step}, speech has {natural}");
    assert!(outcome.heard.iter().all(|s| s.abs() <= 1.0), "{what}");
}

#[test]
fn packets_out_of_order_by_seconds() {
    let mut kept = Vec::new();
    is_survived("late by seconds", |packet| {
        kept.push(packet.clone());
        let mut packets = vec![packet];
        if kept.len() > 200 {
            packets.push(kept.remove(0));
        }
        packets
    });
}

#[test]
fn packets_twice_and_thrice() {
    is_survived("copies", |packet| vec![packet.clone(), packet.clone(), packet]);
}

#[test]
fn packets_cut_off_anywhere() {
    let mut length = 0;
    is_survived("cut off", |packet| {
        length = (length + 13) % packet.len();
        vec![packet[..length].to_vec(), packet]
    });
}

#[test]
fn packets_with_a_forged_sender() {
    let mut number = 0u32;
    is_survived("forged", |packet| {
        let Ok((header, payload)) = Header::parse(&packet) else { return vec![packet] };
        number += 1;
        // Somebody new with each packet, and each is heard at most once.
        let forged = Header { source: SourceId(1000 + number), ..header }.packet(&[payload[0] & !3]);
        vec![forged, packet]
    });
}

#[test]
fn timestamps_that_jump() {
    let mut number = 0u32;
    is_survived("jumps", |packet| {
        let Ok((header, payload)) = Header::parse(&packet) else { return vec![packet] };
        number += 1;
        let timestamp = if number.is_multiple_of(10) { number.wrapping_mul(2_654_435_761) } else { header.timestamp };
        vec![Header { timestamp, ..header }.packet(payload)]
    });
}

#[test]
fn a_codec_frame_of_noise() {
    let mut state = 1u32;
    is_survived("noise", |mut packet| {
        for byte in &mut packet[HEADER_BYTES..] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 28 == 0 {
                *byte = (state >> 16) as u8;
            }
        }
        vec![packet]
    });
}

#[test]
fn a_thousand_packets_a_second() {
    let mut ahead = 0u32;
    is_survived("a flood", |packet| {
        let Ok((header, payload)) = Header::parse(&packet) else { return vec![packet] };
        (0..10)
            .map(|_| {
                ahead += 1;
                let sequence = header.sequence.wrapping_add(ahead);
                Header { sequence, timestamp: header.timestamp.wrapping_add(ahead * 480), ..header }.packet(payload)
            })
            .collect()
    });
}

#[test]
fn lost_and_late_speech_is_heard_with_little_delay() {
    let bad = Condition { loss: 0.1, jitter_ms: 20.0, ..CLEAN };
    let outcome = run(bad, 20, |_, packet| vec![packet]);
    assert!(outcome.concealed < 0.02, "{} made up", outcome.concealed);
    assert!(outcome.plan.copies.len() >= 2, "{:?}", outcome.plan);
    let clean = run(CLEAN, 20, |_, packet| vec![packet]);
    assert!((0.85..1.15).contains(&(level(&outcome.heard) / level(&clean.heard))));
}

#[test]
fn a_narrow_way_is_not_filled() {
    let narrow = Condition { narrow_bps: Some(64_000), ..CLEAN };
    let outcome = run(narrow, 40, |_, packet| vec![packet]);
    assert!(delay_at_the_end(&outcome) < 150.0, "{} ms", delay_at_the_end(&outcome));
}

/// Two sound cards that disagree by 200 ppm, for an hour: the delay neither grows nor runs out, and nothing clicks.
#[test]
fn an_hour_of_drift() {
    for drift_ppm in [200.0, -200.0] {
        let outcome = run(Condition { drift_ppm, ..CLEAN }, 3600, |_, packet| vec![packet]);
        let settled = &outcome.playout_delay_ms[100..];
        let (least, most) = settled.iter().fold((f32::MAX, 0.0f32), |(l, m), d| (l.min(*d), m.max(*d)));
        println!("{drift_ppm:+} ppm: playout delay {least:.1} to {most:.1} ms over an hour");
        assert!(least > 4.0 && most < 40.0, "{drift_ppm} ppm: {least} to {most} ms");
        assert!(outcome.concealed < 0.005, "{drift_ppm} ppm: {} made up", outcome.concealed);
        let plain = run(CLEAN, 20, |_, packet| vec![packet]);
        let (step, natural) = (largest_step(&outcome.heard), largest_step(&plain.heard));
        let at = outcome.heard.windows(2).position(|w| (w[1] - w[0]).abs() >= step).unwrap_or(0);
        println!("the largest step, {step}, is at {:.2} s", at as f32 / 48_000.0);
        assert!(step < natural * 1.5 + 0.05, "{drift_ppm} ppm: a click of {step}, speech has {natural}");
    }
}
