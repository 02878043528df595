use super::*;
use crate::media::{
    frame::{FRAME, Frame},
    level::dbfs,
};
use proptest::prelude::*;
use std::f32::consts::TAU;

fn voiced_sample(at: usize) -> f32 {
    let t = at as f32 / RATE as f32;
    let swell = 0.5 + 0.5 * (TAU * 3.0 * t).sin();
    (1..12).map(|h| (TAU * 140.0 * h as f32 * t).sin() / h as f32).sum::<f32>() * 0.15 * swell
}

fn voiced(frame: usize) -> Frame {
    std::array::from_fn(|i| voiced_sample(frame * FRAME + i))
}

fn encoder(settings: Settings) -> Encoder {
    Encoder::new(Application::Voice, 1, settings).expect("an encoder")
}

fn packets(encoder: &mut Encoder, frames: usize) -> Vec<Vec<u8>> {
    let mut out = [0; PACKET_MAX_BYTES];
    (0..frames).map(|i| encoder.encode(&voiced(i), &mut out).expect("a packet").to_vec()).collect()
}

fn lossy() -> Settings {
    Settings { fec: true, loss_percent: 10, ..Settings::voice(32_000) }
}

fn deep() -> Settings {
    Settings { loss_percent: 20, dred_frames: 50, ..Settings::voice(40_000) }
}

#[test]
fn sound_survives_and_lost_packets_are_made_up() {
    let packets = packets(&mut encoder(lossy()), 200);
    let mut decoder = Decoder::new(1).expect("a decoder");
    assert!(packets.iter().filter(|packet| decoder.can_recover(packet)).count() > 150, "most packets can help out");
    let mut sound = Vec::new();
    for (i, packet) in packets.iter().enumerate() {
        let samples = match i % 20 {
            10 => decoder.recover(&packets[i + 1], FRAME, &mut sound),
            15 => decoder.conceal(FRAME, &mut sound),
            _ => decoder.decode(packet, &mut sound),
        };
        assert_eq!(samples, Ok(FRAME));
    }
    let original: Vec<f32> = (0..200).flat_map(voiced).collect();
    assert!((dbfs(&sound[48_000..]) - dbfs(&original[48_000..])).abs() < 2.0);
}

#[test]
fn deep_redundancy_restores_a_long_gap() {
    const GAP: std::ops::Range<usize> = 160..170;
    let packets = packets(&mut encoder(deep()), 200);
    let play = |restoring: bool| {
        let mut decoder = Decoder::new(1).expect("a decoder");
        let mut sound = Vec::new();
        for (i, packet) in packets.iter().enumerate() {
            let following = &packets[GAP.end];
            let made = match GAP.contains(&i) {
                true if restoring => {
                    let before = (GAP.end - i) * FRAME;
                    assert!(decoder.dred_span(following) >= before, "{i}: {}", decoder.dred_span(following));
                    decoder.restore(following, before, FRAME, &mut sound)
                }
                true => decoder.conceal(FRAME, &mut sound),
                false => decoder.decode(packet, &mut sound),
            };
            assert_eq!(made, Ok(FRAME));
        }
        sound
    };
    let original: Vec<f32> = (0..200).flat_map(voiced).collect();
    // Concealment alone has faded away by the end of the gap.
    let end = (GAP.end - 4) * FRAME..GAP.end * FRAME;
    let (wanted, restored, concealed) =
        (dbfs(&original[end.clone()]), dbfs(&play(true)[end.clone()]), dbfs(&play(false)[end]));
    assert!((restored - wanted).abs() < 6.0, "{wanted} dBFS became {restored}");
    assert!(concealed < wanted - 10.0, "{wanted} dBFS became {concealed}");
}

#[test]
fn a_decoder_that_went_back_has_forgotten_what_came_between() {
    for settings in [lossy(), deep(), Settings::voice(64_000)] {
        let packets = packets(&mut encoder(settings), 60);
        let (mut straight, mut bent) = (Decoder::new(1).expect("a decoder"), Decoder::new(1).expect("a decoder"));
        let (mut wanted, mut sound) = (Vec::new(), Vec::new());
        for (i, packet) in packets.iter().enumerate() {
            if i % 9 == 5 {
                bent.save();
                assert_eq!(bent.conceal(3 * FRAME, &mut Vec::new()), Ok(3 * FRAME));
                bent.rewind();
            }
            assert_eq!(straight.decode(packet, &mut wanted), Ok(FRAME));
            assert_eq!(bent.decode(packet, &mut sound), Ok(FRAME));
        }
        assert_eq!(wanted, sound);
        bent.set_channels(2).expect("two channels");
        bent.rewind();
        assert_eq!(bent.decode(&packets[0], &mut Vec::new()), Ok(FRAME));
    }
}

#[test]
fn without_redundancy_there_is_none_to_find() {
    let mut decoder = Decoder::new(1).expect("a decoder");
    for packet in packets(&mut encoder(Settings::voice(32_000)), 50) {
        assert_eq!((decoder.dred_span(&packet), decoder.can_recover(&packet)), (0, false));
    }
    assert_eq!(decoder.dred_span(&[]), 0);
}

/// Packets of changing length and settings, decoded; and how often the settings changed.
fn changing(mut change: impl FnMut(usize) -> Settings, length: impl Fn(usize) -> usize) -> (Vec<f32>, Vec<f32>) {
    let mut encoder = encoder(change(0));
    let mut decoder = Decoder::new(1).expect("a decoder");
    let (mut at, mut original, mut sound) = (0, Vec::new(), Vec::new());
    for i in 0..150 {
        encoder.apply(change(i)).expect("settings");
        let frame: Vec<f32> = (at..at + length(i)).map(voiced_sample).collect();
        at += length(i);
        let mut out = [0; PACKET_MAX_BYTES];
        let packet = encoder.encode(&frame, &mut out).expect("a packet");
        assert_eq!(packet_samples(packet), Some(frame.len()));
        assert!(!is_stereo(packet));
        assert_eq!(decoder.decode(packet, &mut sound), Ok(frame.len()));
        original.extend(frame);
    }
    let late = encoder.look_ahead();
    original.truncate(original.len() - late);
    (original, sound.split_off(late))
}

fn largest_step(sound: &[f32]) -> f32 {
    sound.windows(2).map(|w| (w[0] - w[1]).abs()).fold(0.0, f32::max)
}

#[test]
fn settings_and_frame_lengths_change_without_a_click() {
    let lengths = [FRAME, 2 * FRAME, 4 * FRAME, 2 * FRAME];
    let (original, sound) = changing(
        |i| match i / 7 % 4 {
            0 => Settings::voice(32_000),
            1 => Settings { bitrate: 20_000, ..lossy() },
            2 => deep(),
            _ => Settings::voice(48_000),
        },
        |i| lengths[i / 10 % 4],
    );
    let (natural, step) = (largest_step(&original), largest_step(&sound[FRAME..]));
    assert!(step < natural * 1.5, "{step} instead of {natural}");
    assert!((dbfs(&original) - dbfs(&sound)).abs() < 1.0);
}

#[test]
fn music_keeps_both_sides() {
    let mut encoder = Encoder::new(Application::Music, 2, Settings::music()).expect("an encoder");
    let (mut both, mut mixed) = (Decoder::new(2).expect("a decoder"), Decoder::new(1).expect("a decoder"));
    let (mut sound, mut mono, mut bytes) = (Vec::new(), Vec::new(), 0);
    for i in 0..100 {
        let frame: Vec<f32> = (0..2 * FRAME)
            .flat_map(|s| {
                let t = (i * 2 * FRAME + s) as f32 / RATE as f32;
                [0.3 * (TAU * 440.0 * t).sin(), 0.03 * (TAU * 660.0 * t).sin()]
            })
            .collect();
        let mut out = [0; PACKET_MAX_BYTES];
        let packet = encoder.encode(&frame, &mut out).expect("a packet");
        assert!(is_stereo(packet));
        bytes += packet.len();
        assert_eq!(both.decode(packet, &mut sound), Ok(2 * FRAME));
        assert_eq!(mixed.decode(packet, &mut mono), Ok(2 * FRAME));
    }
    assert_eq!((sound.len(), mono.len()), (400 * FRAME, 200 * FRAME));
    let side = |side| sound.iter().skip(side).step_by(2).copied().collect::<Vec<f32>>();
    assert!((dbfs(&side(0)) - dbfs(&side(1)) - 20.0).abs() < 1.0);
    // 2 s.
    assert!((90_000..150_000).contains(&(bytes * 4)), "{} bit/s", bytes * 4);
}

#[test]
fn what_opus_does_not_know_is_refused() {
    assert_eq!(Encoder::new(Application::Voice, 3, Settings::voice(32_000)).err(), Some(OpusError::BadArgument));
    assert_eq!(Decoder::new(0).err(), Some(OpusError::BadArgument));
    assert_eq!(Decoder::new(1).expect("a decoder").set_complexity(11), Err(OpusError::BadArgument));
    let mut encoder = encoder(lossy());
    for settings in [
        Settings { bitrate: u32::MAX, ..lossy() },
        Settings { loss_percent: 101, ..lossy() },
        Settings { complexity: 11, ..lossy() },
        Settings { dred_frames: 255, ..lossy() },
    ] {
        assert_eq!(encoder.apply(settings), Err(OpusError::BadArgument));
        assert_eq!(encoder.settings(), lossy());
    }
    assert_eq!(encoder.encode(&[0.0; 481], &mut [0; PACKET_MAX_BYTES]), Err(OpusError::BadArgument));
    assert_eq!(encoder.encode(&[], &mut [0; PACKET_MAX_BYTES]), Err(OpusError::BadArgument));
    assert!(encoder.encode(&[f32::NAN; FRAME], &mut [0; PACKET_MAX_BYTES]).is_ok());
}

#[test]
fn the_look_ahead_is_as_documented() {
    let look_ahead =
        |application| Encoder::new(application, 1, Settings::voice(32_000)).expect("an encoder").look_ahead();
    assert_eq!(look_ahead(Application::Voice), 312);
    assert_eq!(look_ahead(Application::Music), 312);
    assert_eq!(look_ahead(Application::LowDelayVoice), 120);
}

/// Packets that are real, or nearly.
fn near_packets() -> impl Strategy<Value = Vec<u8>> {
    let real =
        packets(&mut encoder(deep()), 60).into_iter().chain(packets(&mut encoder(lossy()), 60)).collect::<Vec<_>>();
    let bent = (prop::sample::select(real), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4))
        .prop_map(|(mut packet, changes)| {
            changes.into_iter().for_each(|(index, byte)| *index.get_mut(&mut packet) = byte);
            packet
        });
    prop_oneof![bent, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn noise_is_refused_or_decoded_but_never_worse(
        packets in prop::collection::vec((near_packets(), 0..4u8, 0..3000usize), 1..20),
        channels in 1..=2u8,
    ) {
        let mut decoder = Decoder::new(channels).expect("a decoder");
        let channels = usize::from(channels);
        for (bytes, how, samples) in packets {
            let mut out = vec![9.0; 3];
            prop_assert!(decoder.dred_span(&bytes) <= RATE as usize);
            let result = match how {
                0 => decoder.decode(&bytes, &mut out),
                1 if decoder.can_recover(&bytes) => decoder.recover(&bytes, samples, &mut out),
                2 => decoder.restore(&bytes, samples * 40, samples, &mut out),
                _ => decoder.conceal(samples, &mut out),
            };
            if how == 0 && result.is_ok() {
                prop_assert_eq!(packet_samples(&bytes), result.ok());
            }
            prop_assert_eq!(out.len(), 3 + result.unwrap_or(0) * channels);
            prop_assert!(out[3..].iter().all(|s| s.abs() <= 2.0));
            is_stereo(&bytes);
        }
    }

    #[test]
    fn whatever_is_said_becomes_packets(
        frames in prop::collection::vec((prop::sample::select(vec![1usize, 2, 4]), -3.0f32..3.0, any::<u32>()), 1..12),
        settings in (6_000u32..200_000, any::<bool>(), 0..=100u8, 0..=DRED_MAX_FRAMES, 0..=10u8),
    ) {
        let (bitrate, fec, loss_percent, dred_frames, complexity) = settings;
        let settings = Settings { bitrate, fec, loss_percent, dred_frames, complexity };
        for application in [Application::Voice, Application::LowDelayVoice, Application::Music] {
            let mut encoder = Encoder::new(application, 1, settings).expect("an encoder");
            for &(length, loudness, seed) in &frames {
                let noise = |i: usize| {
                    let bits = (seed as usize).wrapping_mul(i + 1).wrapping_mul(2_654_435_761) >> 7 & 0xffff;
                    (bits as f32 / 32_768.0 - 1.0) * loudness
                };
                let frame: Vec<f32> = (0..length * FRAME).map(noise).collect();
                let mut out = [0; PACKET_MAX_BYTES];
                let packet = encoder.encode(&frame, &mut out).expect("a packet");
                prop_assert_eq!(packet_samples(packet), Some(frame.len()));
            }
        }
    }
}
