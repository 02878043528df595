//! Two sessions in one process talk to each other: speech in, speech out.
#![cfg(feature = "desktop")]

#[path = "common/likeness.rs"]
mod likeness;
#[path = "common/sound.rs"]
mod sound;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use ahoy::{
    media::{AudioNotice, AudioSession, MicrophoneTest, PacketSink, ParticipantStats, spec::DeviceSpec},
    protocol::{
        SourceId,
        media::{HEADER_BYTES, Header, Kind},
    },
};
use sound::{config, wait};

fn speech() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech.wav")
}

/// What a relay does: passes everything on, except for `lost` of 1000 packets.
fn relay(to: Arc<OnceLock<AudioSession>>, lost: u32) -> PacketSink {
    let mut state = 12_345u32;
    Box::new(move |packet| {
        let Ok((header, _)) = Header::parse(&packet) else { panic!("a session sent what is no packet") };
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if let Some(to) = to.get()
            && (header.kind != Kind::Audio || (state >> 8) % 1000 >= lost)
        {
            to.receive(packet);
        }
    })
}

/// Talks from a file to a file for some seconds; returns the likeness of what arrives and how it was heard.
fn talk(lost: u32) -> (likeness::Likeness, ParticipantStats) {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("heard.wav");
    let (alice, bob): (Arc<OnceLock<AudioSession>>, Arc<OnceLock<AudioSession>>) = Default::default();
    let to_bob = relay(bob.clone(), lost);
    let to_alice = relay(alice.clone(), 0);
    let started = AudioSession::start(
        config(2, DeviceSpec::Null, DeviceSpec::File(recording.clone())),
        to_alice,
        Box::new(|notice| panic!("{notice:?}")),
    );
    assert!(bob.set(started).is_ok());
    let started = AudioSession::start(
        config(1, DeviceSpec::File(speech()), DeviceSpec::Null),
        to_bob,
        Box::new(|notice| panic!("{notice:?}")),
    );
    assert!(alice.set(started).is_ok());
    let (alice_now, bob_now) = (alice.get().expect("started"), bob.get().expect("started"));

    let length = || hound::WavReader::open(&recording).map_or(0, |file| file.duration() / 48_000);
    wait("the recording is 6 s long", || length() >= 6);
    // A machine too busy for real time adds to what must be made up: the best moment counts.
    let least = std::cell::Cell::new(f32::INFINITY);
    wait("the recording is 14 s long", || {
        let concealed = bob_now.stats().participants.first().map_or(f32::INFINITY, |heard| heard.concealed);
        least.set(least.get().min(concealed));
        length() >= 14
    });
    let stats = bob_now.stats();
    assert_eq!(stats.participants.len(), 1);
    let heard = ParticipantStats { concealed: least.get(), ..stats.participants[0] };
    assert_eq!(heard.source, SourceId(1));
    assert_eq!((stats.packets_rejected, alice_now.stats().packets_rejected), (0, 0));
    assert!(heard.playout_delay_ms < 200.0, "{heard:?}");

    let (said, heard_sound) = (likeness::read(&speech()), likeness::read(&recording));
    let alike = likeness::compare((&said.0, said.1), (&heard_sound.0, heard_sound.1), 2, 600);
    println!("lost {lost} of 1000: {alike:?}, {heard:?}");
    (alike, heard)
}

#[test]
fn what_is_said_arrives() {
    let (alike, heard) = talk(0);
    assert!(alike.correlation >= 0.8, "{alike:?}");
    assert!(alike.delay_ms < 400.0, "{alike:?}");
    assert_eq!(heard.loss, 0.0);
}

#[test]
fn what_is_said_arrives_when_packets_are_lost() {
    let (alike, heard) = talk(50);
    assert!(alike.correlation >= 0.8, "{alike:?}");
    assert!(alike.delay_ms < 500.0, "{alike:?}");
    assert!(heard.loss > 0.005, "the loss is seen: {heard:?}");
    // What is lost is reported, so that the sender repeats itself, so that next to nothing need be made up.
    assert!(heard.concealed < 0.04, "{heard:?}");
}

#[test]
fn mute_gain_volumes_and_leaving_do_what_they_say() {
    let (alice, bob): (Arc<OnceLock<AudioSession>>, Arc<OnceLock<AudioSession>>) = Default::default();
    let warnings = Arc::new(AtomicU32::new(0));
    let counted = warnings.clone();
    let _ = bob.set(AudioSession::start(
        config(2, DeviceSpec::Null, DeviceSpec::Null),
        relay(alice.clone(), 0),
        Box::new(|_| ()),
    ));
    let _ = alice.set(AudioSession::start(
        config(1, DeviceSpec::Tone(440.0), DeviceSpec::Null),
        relay(bob.clone(), 0),
        Box::new(move |notice| {
            assert_eq!(notice, AudioNotice::MutedWhileSpeaking);
            counted.fetch_add(1, Ordering::SeqCst);
        }),
    ));
    let (alice, bob) = (alice.get().expect("started"), bob.get().expect("started"));
    let level = || bob.stats().participants.first().map_or(-127.0, |heard| heard.level_dbfs);
    wait("the tone arrives", || (level() + 20.0).abs() < 2.0);
    alice.set_microphone_gain(2.0);
    wait("the gain doubles it", || (level() + 14.0).abs() < 2.0);
    alice.set_muted(true);
    wait("muted is silent", || level() < -60.0);
    assert!(alice.stats().microphone_level_dbfs > -16.0, "the meter still shows the microphone");
    wait("who speaks into a closed microphone is told", || warnings.load(Ordering::SeqCst) == 1);
    let sent = alice.stats().packets_sent;
    alice.set_muted(false);
    wait("and is heard again", || (level() + 14.0).abs() < 2.0);
    assert!(alice.stats().packets_sent > sent);
    alice.set_microphone(DeviceSpec::Null);
    wait("another microphone", || alice.stats().microphone_in_use.as_deref() == Some("null") && level() < -60.0);
    bob.forget(SourceId(1));
    wait("only pauses are sent", || alice.stats().microphone_level_dbfs < -60.0);
}

#[test]
fn a_speaker_that_is_off_knows_who_speaks_and_sounds_once_it_is_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("heard.wav");
    let (alice, bob): (Arc<OnceLock<AudioSession>>, Arc<OnceLock<AudioSession>>) = Default::default();
    let start = |own, microphone, speaker, other: &Arc<OnceLock<AudioSession>>| {
        AudioSession::start(config(own, microphone, speaker), relay(other.clone(), 0), Box::new(|_| ()))
    };
    let _ = bob.set(start(2, DeviceSpec::Off, DeviceSpec::Off, &alice));
    let _ = alice.set(start(1, DeviceSpec::Tone(440.0), DeviceSpec::Null, &bob));
    let (alice, bob) = (alice.get().expect("started"), bob.get().expect("started"));
    let level = || bob.stats().participants.first().map_or(-127.0, |heard| heard.level_dbfs);
    wait("the sender says how loud the tone is", || (level() + 20.0).abs() < 2.0);
    assert_eq!(bob.stats().speaker_in_use.as_deref(), Some("off"));
    alice.set_muted(true);
    wait("muted is silent", || level() < -60.0);
    alice.set_muted(false);
    wait("and loud again", || (level() + 20.0).abs() < 2.0);
    bob.set_speaker(DeviceSpec::File(recording.clone()));
    wait("the recording", || bob.stats().speaker_in_use.is_some_and(|speaker| speaker.starts_with("file:")));
    wait("the tone is in it", || {
        let recorded = std::fs::read(&recording).unwrap_or_default();
        let samples = recorded.get(44..).unwrap_or_default().chunks_exact(2);
        samples.filter(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() > 2000).count() > 20_000
    });
    wait("as loud as before", || (level() + 20.0).abs() < 2.0);
    bob.set_speaker(DeviceSpec::Off);
    wait("off again", || bob.stats().speaker_in_use.as_deref() == Some("off"));
    wait("and it is still known who speaks", || (level() + 20.0).abs() < 2.0);
    alice.set_microphone(DeviceSpec::Off);
    wait("no microphone, no sound", || level() < -60.0 && alice.stats().microphone_level_dbfs < -100.0);
    assert_eq!(bob.stats().packets_rejected + alice.stats().packets_rejected, 0);
}

#[test]
fn silence_is_cheap_and_noise_is_counted() {
    let sent = Arc::new(AtomicU32::new(0));
    let counted = sent.clone();
    let session = AudioSession::start(
        config(1, DeviceSpec::Null, DeviceSpec::Null),
        Box::new(move |packet| {
            let (header, _) = Header::parse(&packet).expect("a packet");
            counted.fetch_add(u32::from(header.kind == Kind::Audio), Ordering::SeqCst);
        }),
        Box::new(|_| ()),
    );
    for i in 0..5000u32 {
        let noise: Vec<u8> =
            (0..i % 200).map(|j| (i.wrapping_mul(2_654_435_761).wrapping_add(j * 97) >> 13) as u8).collect();
        session.receive(noise);
    }
    // And Opus noise from 200 strangers, behind a good header.
    for i in 0..2000u32 {
        let mut packet = vec![1, Kind::Audio as u8, 0, 0];
        packet.extend((1000 + i % 200).to_be_bytes());
        packet.extend((i / 200).to_be_bytes());
        packet.extend((i / 200 * 480).to_be_bytes());
        assert_eq!(packet.len(), HEADER_BYTES);
        packet.extend((0..i % 60).map(|j| (i.wrapping_mul(97) ^ (j * 31)) as u8));
        session.receive(packet);
    }
    wait("noise is counted", || session.stats().packets_rejected >= 4000);
    assert!(session.stats().participants.len() <= 64);
    let before = sent.load(Ordering::SeqCst);
    let begun = Instant::now();
    wait("two seconds", || begun.elapsed() > Duration::from_secs(2));
    // Ten a second would be plenty; sound would be a hundred.
    let rate = (sent.load(Ordering::SeqCst) - before) as f32 / begun.elapsed().as_secs_f32();
    assert!(rate < 20.0, "{rate} packets a second of silence");
}

#[test]
fn a_missing_file_is_told_and_nothing_ends() {
    let (notices, told) = std::sync::mpsc::channel();
    let session = AudioSession::start(
        config(1, DeviceSpec::File("/no/such/file.wav".into()), DeviceSpec::File("/no/such/folder/out.wav".into())),
        Box::new(|_| ()),
        Box::new(move |notice| {
            let _ = notices.send(notice);
        }),
    );
    let mut first: Vec<AudioNotice> =
        (0..2).map(|_| told.recv_timeout(Duration::from_secs(20)).expect("a notice")).collect();
    first.sort_by_key(|notice| format!("{notice:?}"));
    assert_eq!(first, [AudioNotice::MicrophoneLost, AudioNotice::SpeakerLost]);
    assert_eq!(session.stats().microphone_in_use, None);
    session.set_microphone(DeviceSpec::Tone(1000.0));
    wait("another microphone helps", || session.stats().microphone_level_dbfs > -22.0);
    assert_eq!(session.stats().microphone_in_use.as_deref(), Some("tone:1000"));
}

#[test]
fn one_can_hear_oneself() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("me.wav");
    let test = MicrophoneTest::start(
        config(0, DeviceSpec::Tone(600.0), DeviceSpec::File(path.clone())),
        true,
        Box::new(|_| ()),
    );
    wait("the meter moves", || test.level_dbfs() > -22.0);
    wait("two seconds are recorded", || hound::WavReader::open(&path).is_ok_and(|file| file.duration() >= 96_000));
    drop(test);
    let (sound, _) = likeness::read(&path);
    let tail = &sound[sound.len() - 24_000..];
    let rms = (tail.iter().map(|s| s * s).sum::<f32>() / tail.len() as f32).sqrt();
    assert!((0.05..0.2).contains(&rms), "{rms}");
}
