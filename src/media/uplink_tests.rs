//! What goes out: numbers, copies, pauses, music, and who is told what.

use super::*;
use crate::media::{
    frame::SILENCE,
    opus::{Decode, Decoder, packet_samples},
};
use std::f32::consts::TAU;

const OPEN: Controls = Controls { muted: false, closed: false, gain: 1.0, music: false };

fn uplink(controls: Controls) -> Uplink {
    Uplink::new(SourceId(3), controls, u32::MAX - 2, u32::MAX - 1000).expect("an encoder")
}

fn voiced(frame: usize) -> StereoFrame {
    let side = |hertz: f32| {
        std::array::from_fn(|i| {
            let t = (frame * FRAME + i) as f32 / 48_000.0;
            (1..8).map(|h| (TAU * hertz * h as f32 * t).sin() / h as f32).sum::<f32>() * 0.15
        })
    };
    [side(140.0), side(210.0)]
}

/// Feeds frames and returns the packets.
fn run(uplink: &mut Uplink, frames: std::ops::Range<usize>, controls: Controls) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for frame in frames {
        uplink.feed(&voiced(frame), 1.0, controls, &mut |packet| packets.push(packet));
    }
    packets
}

fn report(lost: f32, longest_gap_ms: u16) -> Report {
    let lost = (lost * 255.0) as u8;
    Report { about: SourceId(3), lost, jitter_ms: 1, playout_delay_ms: 20, longest_gap_ms, concealed: 0 }
}

#[test]
fn numbers_go_on_without_a_gap_whatever_the_plan() {
    let mut uplink = uplink(OPEN);
    let mut packets = run(&mut uplink, 0..50, OPEN);
    uplink.report(SourceId(9), &report(0.1, 10));
    packets.extend(run(&mut uplink, 50..100, OPEN));
    // So narrow a way that long packets are all that fits.
    (0..40).for_each(|i| {
        uplink.now += 100_000;
        uplink.path(&PathView { rtt_ms: 400.0, rtt_min_ms: 20.0, jitter_ms: 2.0 });
        packets.extend(run(&mut uplink, 100 + i * 8..108 + i * 8, OPEN));
    });
    assert_eq!(uplink.plan().frames, 4, "{:?}", uplink.plan());
    let (mut sequence, mut time) = (u32::MAX - 2, u32::MAX - 1000);
    for packet in &packets {
        let (header, payload) = Header::parse(packet).expect("a packet");
        assert_eq!((header.sequence, header.timestamp), (sequence, time));
        assert_eq!(header.marker, sequence == u32::MAX - 2);
        let payload = Payload::parse(payload, header.redundant).expect("a payload");
        sequence = sequence.wrapping_add(1);
        time = time.wrapping_add(packet_samples(payload.own).expect("Opus") as u32);
    }
}

#[test]
fn copies_are_what_was_sent_before() {
    let mut uplink = uplink(OPEN);
    uplink.report(SourceId(9), &report(0.1, 10));
    let packets = run(&mut uplink, 0..100, OPEN);
    let mut own: Vec<(u32, u32, Vec<u8>)> = Vec::new();
    let mut copies = 0;
    for packet in &packets {
        let (header, payload) = Header::parse(packet).expect("a packet");
        let payload = Payload::parse(payload, header.redundant).expect("a payload");
        for copy in payload.copies() {
            let of = &own[own.len() - usize::from(copy.back)];
            assert_eq!(of.0, header.sequence.wrapping_sub(u32::from(copy.back)));
            assert_eq!(of.1, header.timestamp.wrapping_sub(u32::from(copy.earlier) * EARLIER_UNIT as u32));
            assert_eq!(of.2, copy.frame);
            copies += 1;
        }
        own.push((header.sequence, header.timestamp, payload.own.to_vec()));
    }
    assert_eq!(copies, 1 + 2 * (packets.len() - 2));
}

#[test]
fn silence_is_one_packet_and_sound_behind_it_is_marked() {
    let mut uplink = uplink(OPEN);
    run(&mut uplink, 0..50, OPEN);
    let mut packets = Vec::new();
    (0..100).for_each(|_| {
        uplink.feed(&SILENCE, 1.0, OPEN, &mut |packet| packets.push(packet));
    });
    assert_eq!(packets.len(), 3 + SILENCES as usize, "the frames before a pause is known, and those that say so");
    assert!(packets.iter().rev().take(SILENCES as usize).all(|packet| packet.len() == HEADER_BYTES + 1));
    let sound = run(&mut uplink, 50..60, OPEN);
    let markers: Vec<bool> = sound.iter().map(|packet| Header::parse(packet).expect("a packet").0.marker).collect();
    assert_eq!(markers.iter().filter(|marker| **marker).count(), 1, "{markers:?}");
}

#[test]
fn a_pause_whose_noise_changes_is_told_again_but_not_often() {
    let mut uplink = uplink(OPEN);
    run(&mut uplink, 0..50, OPEN);
    let mut levels = Vec::new();
    for frame in 0..1000 {
        // -66 dBFS, louder and louder from the middle on, by 10 dB.
        let louder = ((frame as f32 - 500.0) / 100.0).clamp(0.0, 1.0);
        let noise = 0.0005 * 10f32.powf(louder / 2.0);
        let side = std::array::from_fn(|i| if i % 2 == 0 { noise } else { -noise });
        uplink.feed(&[side; 2], 0.0, OPEN, &mut |packet| {
            let (header, payload) = Header::parse(&packet).expect("a packet");
            if payload.len() == 1 {
                levels.push((frame, header.level));
            }
        });
    }
    let (before, after): (Vec<_>, Vec<_>) = levels.iter().partition(|(frame, _)| *frame < 500);
    assert!(before.len() == 2 && (2..=6).contains(&after.len()), "{levels:?}");
    assert!(after.last().is_some_and(|(_, level)| (54..=59).contains(level)), "{levels:?}");
}

#[test]
fn music_is_stereo_and_goes_back_to_speech() {
    let music = Controls { music: true, ..OPEN };
    let mut uplink = uplink(OPEN);
    run(&mut uplink, 0..21, OPEN);
    let packets = run(&mut uplink, 21..221, music);
    assert_eq!(packets.len(), 100, "20 ms each");
    let bytes: usize = packets.iter().map(|packet| packet.len() - HEADER_BYTES).sum();
    assert!((100_000..150_000).contains(&(bytes * 8 / 2)), "{} bit/s", bytes * 8 / 2);
    let mut decoder = Decoder::new(2).expect("a decoder");
    let mut sound = Vec::new();
    for packet in &packets {
        let (header, payload) = Header::parse(packet).expect("a packet");
        assert!(header.stereo && !header.redundant);
        decoder.decode(payload, &mut sound).expect("Opus");
    }
    let difference = |sound: &[f32]| sound.chunks_exact(2).map(|pair| (pair[0] - pair[1]).abs()).sum::<f32>();
    let said: Vec<f32> = (21..221)
        .flat_map(|i| {
            let [l, r] = voiced(i);
            l.into_iter().zip(r).flat_map(|(l, r)| [l, r]).collect::<Vec<_>>()
        })
        .collect();
    assert!((difference(&sound) / difference(&said) - 1.0).abs() < 0.1, "both sides are there");
    let speech = run(&mut uplink, 221..231, OPEN);
    assert!(speech.iter().all(|packet| !Header::parse(packet).expect("a packet").0.stereo));
}

#[test]
fn noise_is_said_to_be_quieter_than_speech() {
    let level = |speech: f32| {
        let mut level = 0;
        let mut take = |packet: Vec<u8>| level = Header::parse(&packet).expect("a packet").0.level;
        uplink(OPEN).feed(&voiced(3), speech, OPEN, &mut take);
        level
    };
    assert_eq!(level(0.1), level(0.9) + NOISE_BELOW as u8);
}

#[test]
fn whoever_is_muted_and_speaks_is_told_at_most_every_30_s() {
    let muted = Controls { muted: true, ..OPEN };
    let mut uplink = uplink(muted);
    let mut told = Vec::new();
    let mut loudest = LEVEL_SILENT;
    for frame in 0..7000 {
        let mut take = |packet: Vec<u8>| loudest = loudest.min(Header::parse(&packet).expect("a packet").0.level);
        if uplink.feed(&voiced(frame), 1.0, muted, &mut take).muted_while_speaking {
            told.push(frame);
        }
    }
    assert!(told.len() >= 2 && told.windows(2).all(|w| w[1] - w[0] >= 3000), "{told:?}");
    assert_eq!(loudest, LEVEL_SILENT, "nothing is heard of it");
}

#[test]
fn what_is_no_sound_does_no_harm() {
    let mut uplink = uplink(OPEN);
    for value in [f32::NAN, f32::INFINITY, -1e30] {
        uplink.feed(&[[value; FRAME]; 2], f32::NAN, OPEN, &mut |packet| assert!(Header::parse(&packet).is_ok()));
    }
}

#[test]
fn a_closed_way_out_sends_nothing_and_leaves_no_gap() {
    let closed = Controls { closed: true, ..OPEN };
    let mut uplink = uplink(closed);
    let mut notices = 0;
    let mut packets = Vec::new();
    for controls in [closed, Controls { muted: true, ..closed }] {
        for frame in 0..200 {
            let fed = uplink.feed(&voiced(frame), 1.0, controls, &mut |packet| packets.push(packet));
            notices += u32::from(fed.muted_while_speaking);
            assert!(fed.level_dbfs > -60.0 || frame < 10, "the meter goes on");
        }
    }
    assert_eq!((packets.len(), notices), (0, 0));
    let first = run(&mut uplink, 0..50, OPEN);
    assert!(run(&mut uplink, 50..100, closed).is_empty(), "not even that silence follows");
    let second = run(&mut uplink, 100..150, OPEN);
    let header = |packet: &Vec<u8>| Header::parse(packet).expect("a packet").0;
    let (last, next) = (header(&first[first.len() - 1]), header(&second[0]));
    assert_eq!(next.sequence, last.sequence.wrapping_add(1));
    assert!(next.marker && next.timestamp.wrapping_sub(last.timestamp) >= 50 * FRAME as u32, "time has passed");
    assert_eq!(header(&first[0]).sequence, u32::MAX - 2);
}
