use std::f32::consts::TAU;

use super::{
    room::{Dice, Room, rms},
    *,
};

/// A person who reads, again and again.
fn speech(seconds: usize) -> Vec<f32> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech.wav");
    let mut source = crate::media::wav::WavSource::open(&path).expect("a recording");
    let mut frame = crate::media::frame::SILENCE;
    (0..seconds * 100)
        .flat_map(|_| {
            source.next_frame(&mut frame);
            frame[0]
        })
        .collect()
}

fn frames(sound: &[f32]) -> impl Iterator<Item = Frame> {
    sound.chunks_exact(FRAME).map(|chunk| std::array::from_fn(|i| chunk[i]))
}

/// What comes out of a chain for a microphone alone.
fn through(processor: &mut Processor, sound: &[f32]) -> Vec<f32> {
    frames(sound)
        .flat_map(|frame| {
            processor.render(&[0.0; FRAME]);
            let mut frame = [frame; 2];
            processor.capture(&mut frame);
            frame[0]
        })
        .collect()
}

/// What is left of an echo, with a voice near the microphone.
fn conversation(processor: &mut Processor, far: &[f32], microphone: &[f32]) -> Vec<f32> {
    frames(far)
        .zip(frames(microphone))
        .flat_map(|(far, near)| {
            processor.render(&far);
            let mut frame = [near; 2];
            processor.capture(&mut frame);
            frame[0]
        })
        .collect()
}

const ECHO: Settings = Settings { echo_cancelling: true, ..Settings::NONE };

fn tone(hertz: f32, amplitude: f32, seconds: usize) -> Vec<f32> {
    (0..seconds * RATE as usize).map(|i| amplitude * (TAU * hertz * i as f32 / RATE as f32).sin()).collect()
}

#[test]
fn without_any_stage_sound_stays_as_it_is_on_both_sides() {
    let mut processor = Processor::new(Settings::NONE);
    let (left, right) = (tone(300.0, 0.5, 1), tone(500.0, 0.5, 1));
    for (left, right) in frames(&left).zip(frames(&right)) {
        let mut frame = [left, right];
        assert_eq!(processor.capture(&mut frame), 1.0, "nobody knows who speaks");
        assert_eq!(frame, [left, right]);
    }
    assert_eq!(processor.picture(), Picture::default());
}

#[test]
fn echo_is_taken_away_by_more_than_35_db_in_an_ordinary_room() {
    let far = speech(12);
    let room = Room { erl_db: 10.0, ..Room::default() };
    let echo = room.echo(&far);
    let microphone: Vec<f32> = echo.iter().zip(room.noise(far.len())).map(|(echo, noise)| echo + noise).collect();
    let mut processor = Processor::new(ECHO);
    assert_eq!(processor.picture().echo, EchoState::Learning);
    let left = conversation(&mut processor, &far, &microphone);
    let late = 6 * RATE as usize;
    let erle_db = 20.0 * (rms(&echo[late..]) / rms(&left[late..])).log10();
    println!("echo return loss enhancement {erle_db:.1} dB, {:?}", processor.picture().echo);
    assert!(erle_db > 35.0, "{erle_db}");
    let EchoState::On { delay_ms, erle_db } = processor.picture().echo else { panic!("nothing is known of the echo") };
    assert!((delay_ms - room.delay_ms).abs() < 12.0, "{delay_ms}");
    assert!(erle_db > 20.0, "{erle_db}");
}

#[test]
fn who_speaks_into_the_echo_is_heard_and_the_echo_is_not() {
    let far = speech(32);
    let room = Room { erl_db: 10.0, delay_ms: 60.0, later_delay_ms: 60.0, ..Room::default() };
    let (echo, noise) = (room.echo(&far), room.noise(far.len()));
    // The near voice is the far one at another time, 6 dB louder than the echo, and begins when the room is known.
    let (begin, shift) = (26 * RATE as usize, 3 * RATE as usize + 1234);
    let gain = 2.0 * rms(&echo) / rms(&far);
    let near: Vec<f32> =
        (0..far.len()).map(|i| if i < begin { 0.0 } else { gain * far[(i - begin + shift) % far.len()] }).collect();
    let microphone: Vec<f32> = (0..far.len()).map(|i| echo[i] + noise[i] + near[i]).collect();
    let out = conversation(&mut Processor::new(ECHO), &far, &microphone);
    // The chain delays by 7 ms.
    let delay = 334;
    let (near, out) = (&near[begin..far.len() - delay], &out[begin + delay..]);
    let product: f32 = near.iter().zip(out).map(|(a, b)| a * b).sum();
    let alike = product / (rms(near) * rms(out) * near.len() as f32);
    let loudness = 20.0 * (rms(out) / rms(near)).log10();
    println!("likeness {alike:.3}, loudness {loudness:.1} dB");
    assert!(alike > 0.9 && loudness > -2.0, "{alike} {loudness}");
}

#[test]
fn with_a_headset_a_voice_stays_as_it_is_whoever_speaks_at_the_other_end() {
    let far = speech(20);
    let near: Vec<f32> = far.iter().cycle().skip(3 * RATE as usize + 1234).take(far.len()).copied().collect();
    // The other side speaks alone, then both do.
    let begin = 12 * RATE as usize;
    let noise = Room { noise_dbfs: -80.0, ..Room::default() }.noise(far.len());
    let said = |i: usize| if i < begin { 0.0 } else { near[i] };
    let microphone: Vec<f32> = noise.iter().enumerate().map(|(i, noise)| noise + said(i)).collect();
    let heard = |far: &[f32]| conversation(&mut Processor::new(ECHO), far, &microphone).split_off(begin);
    let (alone, together) = (heard(&vec![0.0; far.len()]), heard(&far));
    let difference: Vec<f32> = alone.iter().zip(&together).map(|(a, b)| a - b).collect();
    let below_db = 20.0 * (rms(&alone) / rms(&difference).max(1e-9)).log10();
    println!("the difference is {below_db:.1} dB below the voice");
    assert!(below_db > 40.0, "{below_db}");
}

#[test]
fn a_known_headset_stays_known_when_both_begin_at_once() {
    let voice = speech(16);
    let noise = Room { noise_dbfs: -80.0, ..Room::default() }.noise(4 * RATE as usize);
    // Never the same words within two seconds: that would be an echo.
    for (far_from, near_from) in (0..40).map(|i| (i * 5_000, i * 5_000 + 100_000 + i % 7 * 12_000)) {
        let far = &voice[far_from..][..noise.len()];
        let near: Vec<f32> = voice[near_from..].iter().zip(&noise).map(|(voice, noise)| voice + noise).collect();
        let mut canceller = EchoCanceller::new();
        canceller.expect_no_echo();
        for (number, (far, near)) in frames(far).zip(frames(&near)).enumerate() {
            canceller.render(&far);
            canceller.capture(&near);
            assert_eq!(canceller.hears_speaker(), Some(false), "{far_from} {near_from}, frame {number}");
        }
    }
}

#[test]
fn another_room_is_learnt_anew() {
    let far = speech(10);
    let mut processor = Processor::new(ECHO);
    for delay_ms in [120.0, 40.0] {
        let room = Room { delay_ms, later_delay_ms: delay_ms, erl_db: 10.0, ..Room::default() };
        let echo = room.echo(&far);
        let left = conversation(&mut processor, &far, &echo);
        let late = 6 * RATE as usize;
        let erle_db = 20.0 * (rms(&echo[late..]) / rms(&left[late..]).max(1e-9)).log10();
        assert!(erle_db > 30.0, "{delay_ms} ms: {erle_db} dB");
        processor.room_changed();
    }
}

#[test]
fn stages_come_and_go_without_a_click() {
    let sound = tone(400.0, 0.3, 4);
    let settings = [
        Settings { high_pass: true, ..Settings::NONE },
        ECHO,
        Settings { noise_suppression: true, ..Settings::NONE },
        Settings { gain_control: true, ..Settings::NONE },
        Settings::ALL,
    ];
    for settings in settings {
        let mut processor = Processor::new(Settings::NONE);
        let mut out = Vec::new();
        for (i, piece) in sound.chunks(RATE as usize / 2).enumerate() {
            processor.set(if i % 2 == 0 { Settings::NONE } else { settings });
            out.extend(through(&mut processor, piece));
        }
        // A sine of this loudness moves by 0.016 from sample to sample, faded against itself by no more than twice that.
        let step = out.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.04, "{settings:?}: a step of {step}");
    }
}

#[test]
fn a_new_room_comes_without_a_click() {
    let sound = tone(400.0, 0.3, 2);
    let mut processor = Processor::new(ECHO);
    let mut out = Vec::new();
    for piece in sound.chunks(RATE as usize / 4) {
        out.extend(through(&mut processor, piece));
        processor.room_changed();
    }
    let step = out[960..].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(step < 0.03, "a step of {step}");
}

#[test]
fn rumble_goes_and_voices_stay() {
    let mut processor = Processor::new(Settings { high_pass: true, ..Settings::NONE });
    let level = |sound: Vec<f32>, processor: &mut Processor| rms(&through(processor, &sound)[24_000..]) / rms(&sound);
    assert!(level(tone(15.0, 0.5, 1), &mut processor) < 0.08);
    assert!(level(tone(30.0, 0.5, 1), &mut processor) < 0.26);
    assert!(level(vec![0.2; 48_000], &mut processor) < 0.01);
    assert!(level(tone(90.0, 0.5, 1), &mut processor) > 0.9);
    assert!(level(tone(300.0, 0.5, 1), &mut processor) > 0.99);
}

#[test]
fn noise_goes_where_there_is_some_and_a_quiet_room_is_left_alone() {
    let settings = Settings { noise_suppression: true, ..Settings::NONE };
    let mut dice = Dice::new(3);
    let mut deep = 0.0;
    let mut noise = |loudness: f32| {
        let next = |_| {
            deep += 0.1 * (dice.white() - deep);
            deep * loudness
        };
        (0..8 * RATE as usize).map(next).collect::<Vec<f32>>()
    };
    let mut processor = Processor::new(settings);
    let (fan, room) = (noise(0.1), noise(0.0005));
    let out = through(&mut processor, &fan);
    assert_eq!(processor.picture().noise, NoiseState::On);
    let less_db = 20.0 * (rms(&fan[240_000..]) / rms(&out[240_000..])).log10();
    println!("noise less by {less_db:.1} dB");
    assert!(less_db > 10.0, "{less_db}");
    let out = through(&mut processor, &room);
    assert_eq!(processor.picture().noise, NoiseState::Calm);
    assert_eq!(out[240_000..], room[240_000..], "as it came, and without delay");
}

#[test]
fn a_quiet_voice_becomes_louder_and_a_loud_one_is_never_cut_off() {
    let settings = Settings { gain_control: true, ..Settings::NONE };
    let voice = speech(20);
    let scaled = |rms_wanted: f32| {
        let gain = rms_wanted / rms(&voice);
        voice.iter().map(|sample| (sample * gain).clamp(-1.0, 1.0)).collect::<Vec<f32>>()
    };
    let mut processor = Processor::new(settings);
    let quiet = scaled(0.006);
    let out = through(&mut processor, &quiet);
    let late = 14 * RATE as usize;
    let gain_db = 20.0 * (rms(&out[late..]) / rms(&quiet[late..])).log10();
    println!("gain {gain_db:.1} dB, {:?}", processor.picture());
    assert!(gain_db > 6.0, "{gain_db}");
    let out = through(&mut processor, &scaled(0.3));
    assert!(out.iter().all(|sample| sample.abs() <= 1.0));
}

#[test]
fn speech_is_told_from_noise_and_silence() {
    let mut processor = Processor::new(Settings::ALL);
    let mut mean = |sound: &[f32]| {
        let heard: Vec<f32> = frames(sound)
            .map(|frame| {
                processor.render(&[0.0; FRAME]);
                processor.capture(&mut [frame; 2])
            })
            .collect();
        heard[100..].iter().sum::<f32>() / (heard.len() - 100) as f32
    };
    let mut dice = Dice::new(3);
    let noise: Vec<f32> = (0..4 * RATE as usize).map(|_| dice.white() * 0.01).collect();
    let (silent, noisy, spoken) = (mean(&vec![0.0; 4 * RATE as usize]), mean(&noise), mean(&speech(6)));
    println!("silence {silent:.2}, noise {noisy:.2}, speech {spoken:.2}");
    assert!(silent < 0.1 && noisy < 0.45 && spoken > 0.6, "{silent} {noisy} {spoken}");
}

#[test]
fn what_is_no_sound_does_no_lasting_harm() {
    let mut processor = Processor::new(Settings::ALL);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE] {
        for _ in 0..20 {
            processor.render(&[bad; FRAME]);
            let mut frame = [[bad; FRAME]; 2];
            let speech = processor.capture(&mut frame);
            assert!((0.0..=1.0).contains(&speech));
            assert!(frame.iter().flatten().all(|sample| sample.abs() <= 1.0), "{bad}");
        }
    }
    let voice = speech(6);
    let out = through(&mut processor, &voice);
    assert!(rms(&out[3 * RATE as usize..]) > 0.5 * rms(&voice), "a voice is heard afterwards");
}

#[test]
fn the_far_side_may_come_in_bursts_or_not_at_all() {
    let mut processor = Processor::new(ECHO);
    let voice = speech(4);
    for (i, frame) in frames(&voice).enumerate() {
        // Nothing for 0.3 s, then everything at once, and after two seconds never again.
        if i % 30 == 29 && i < 200 {
            (0..30).for_each(|_| processor.render(&frame));
        }
        let mut frame = [frame; 2];
        processor.capture(&mut frame);
        assert!(frame.iter().flatten().all(|sample| sample.is_finite()));
    }
}
