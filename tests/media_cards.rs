//! Sound cards: real ones as far as cpal can tell, made of PulseAudio's null sinks. Each test runs its second half in
//! a process of its own, because the environment says which daemon to use.
#![cfg(all(feature = "desktop", target_os = "linux"))]

#[path = "common/likeness.rs"]
mod likeness;
#[path = "common/pulse.rs"]
mod pulse;
#[path = "common/sound.rs"]
mod sound;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use ahoy::media::{
    AudioNotice, AudioSession, Ringer, devices,
    spec::DeviceSpec,
    tones::{RingCue, Ringtone, ToneRegion},
};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use pulse::Pulse;
use sound::{config, wait};

/// Runs an ignored test of this file with an environment.
fn inner(name: &str, environment: Vec<(String, String)>) {
    let stderr = sound::inner(name, |command| command.envs(environment));
    assert!(!stderr.contains("ALSA lib"), "ALSA writes to the terminal");
}

/// Waits until an inner test says with a file how far it is.
fn wait_step(step: &Path, inner: &thread::JoinHandle<()>) {
    wait("the next step", || step.exists() || inner.is_finished());
}

fn speech() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech.wav")
}

#[test]
fn mouth_to_ear_through_sound_cards() {
    let pulse = Pulse::start(&["mouth", "ear"]);
    pulse.add_microphone("mic", "mouth");
    let mut environment = pulse.environment();
    // As a person would choose them for any program; the program itself asks for the default.
    environment.push(("PULSE_SOURCE".into(), "mic".into()));
    environment.push(("PULSE_SINK".into(), "ear".into()));
    inner("inner_mouth_to_ear", environment);
}

/// What a microphone hears, with the time of its first sample.
struct Recording {
    _stream: cpal::Stream,
    heard: Arc<Mutex<(Vec<f32>, Option<Instant>)>>,
    /// When something loud came last.
    loud: Arc<Mutex<Option<Instant>>>,
}

impl Recording {
    fn start(id: &str) -> Self {
        let host = cpal::default_host();
        let mut all = host.devices().expect("devices");
        let device = all.find(|device| device.id().is_ok_and(|found| found.id() == id)).expect("the monitor");
        let heard: Arc<Mutex<(Vec<f32>, Option<Instant>)>> = Arc::default();
        let loud: Arc<Mutex<Option<Instant>>> = Arc::default();
        let (shared, last_loud) = (heard.clone(), loud.clone());
        let config = cpal::StreamConfig { channels: 1, sample_rate: 48_000, buffer_size: cpal::BufferSize::Fixed(240) };
        let stream = device
            .build_input_stream::<f32, _, _>(
                config,
                move |data, _| {
                    let mut heard = shared.lock().expect("no panic");
                    heard.0.extend_from_slice(data);
                    if data.iter().any(|s| s.abs() > 0.01) {
                        *last_loud.lock().expect("no panic") = Some(Instant::now());
                    }
                    // Whatever came latest was on its way the shortest: the earliest estimate of the start is right.
                    let start = Instant::now() - Duration::from_secs_f64(heard.0.len() as f64 / 48_000.0);
                    heard.1 = Some(heard.1.map_or(start, |earlier| earlier.min(start)));
                },
                |error| eprintln!("{error}"),
                None,
            )
            .expect("a stream");
        stream.play().expect("it plays");
        Self { _stream: stream, heard, loud }
    }

    fn stop(self) -> (Vec<f32>, Instant) {
        let heard = self.heard.lock().expect("no panic");
        (heard.0.clone(), heard.1.expect("something was heard"))
    }
}

#[test]
#[ignore = "run by mouth_to_ear_through_sound_cards"]
fn inner_mouth_to_ear() {
    let found = devices();
    assert!(found.microphones.contains(&("pulseaudio:mic".into(), "mic".into())), "{found:?}");
    assert!(found.speakers.contains(&("pulseaudio:ear".into(), "ear".into())), "{found:?}");

    let bob = Arc::new(AudioSession::start(
        config(2, DeviceSpec::Null, DeviceSpec::Default),
        Box::new(|_| ()),
        Box::new(|notice| panic!("{notice:?}")),
    ));
    let to_bob = bob.clone();
    let alice = AudioSession::start(
        config(1, DeviceSpec::Default, DeviceSpec::Null),
        Box::new(move |packet| to_bob.receive(packet)),
        Box::new(|notice| panic!("{notice:?}")),
    );
    wait("the devices are open", || {
        alice.stats().microphone_in_use.as_deref() == Some("mic")
            && bob.stats().speaker_in_use.as_deref() == Some("ear")
    });
    // A machine too busy for real time tears holes into what is heard, and comes too late: the best of some tries counts.
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        let alike = once_through_the_cards();
        println!("mouth to ear: {alike:?}, {:?}", bob.stats().participants);
        if alike.correlation >= 0.8 && (5.0..400.0).contains(&alike.delay_ms) {
            break;
        }
        assert!(Instant::now() < deadline, "{alike:?}");
    }
}

/// Plays speech to the mouth, and compares it with what comes out at the ear.
fn once_through_the_cards() -> likeness::Likeness {
    let (mouth, ear) = (Recording::start("mouth.monitor"), Recording::start("ear.monitor"));
    for _ in 0..4 {
        let played =
            Command::new("paplay").args(["--device=mouth"]).arg(speech()).status().expect("paplay is installed");
        assert!(played.success());
    }
    let ((said, said_at), (heard, heard_at)) = (mouth.stop(), ear.stop());
    // Both recordings begin at the same moment.
    let offset = heard_at.max(said_at);
    let cut =
        |sound: &[f32], at: Instant| sound[(offset.duration_since(at).as_secs_f64() * 48_000.0) as usize..].to_vec();
    let (said, heard) = (cut(&said, said_at), cut(&heard, heard_at));
    likeness::compare((&said, 48_000), (&heard, 48_000), 1, 500)
}

#[test]
fn a_device_that_goes_away_is_replaced_and_taken_again() {
    let pulse = Pulse::start(&["mouth", "builtin"]);
    let mut headset = pulse.add_speaker("headset");
    let mut environment = pulse.environment();
    environment.push(("PULSE_SINK".into(), "builtin".into()));
    environment.push(("PULSE_SOURCE".into(), "mouth.monitor".into()));
    let steps = tempfile::tempdir().expect("a folder");
    environment.push(("STEPS".into(), steps.path().display().to_string()));
    let (pulled, plugged) = (steps.path().join("pull"), steps.path().join("plug"));
    let done = thread::spawn(move || inner("inner_unplug", environment));
    wait_step(&pulled, &done);
    pulse.unload(&headset);
    wait_step(&plugged, &done);
    headset = pulse.add_speaker("headset");
    done.join().expect("the inner test passes");
    pulse.unload(&headset);
}

#[test]
#[ignore = "run by a_device_that_goes_away_is_replaced_and_taken_again"]
fn inner_unplug() {
    let steps = PathBuf::from(std::env::var("STEPS").expect("set by the outer test"));
    let (notices, told) = mpsc::channel();
    let session = AudioSession::start(
        config(1, DeviceSpec::Named("headset".into()), DeviceSpec::Named("pulseaudio:headset".into())),
        Box::new(|_| ()),
        Box::new(move |notice| {
            let _ = notices.send(notice);
        }),
    );
    wait("the headset plays", || session.stats().speaker_in_use.as_deref() == Some("headset"));
    // There is no such microphone; the default one takes its place, and that is told.
    let substitute = told.recv_timeout(Duration::from_secs(20)).expect("a notice");
    assert!(matches!(substitute, AudioNotice::MicrophoneNow(_)), "{substitute:?}");

    std::fs::write(steps.join("pull"), "").expect("a file");
    let next = told.recv_timeout(Duration::from_secs(20)).expect("a notice");
    assert_eq!(next, AudioNotice::SpeakerNow("builtin".into()));
    assert_eq!(session.stats().speaker_in_use.as_deref(), Some("builtin"));

    std::fs::write(steps.join("plug"), "").expect("a file");
    let next = told.recv_timeout(Duration::from_secs(20)).expect("a notice");
    assert_eq!(next, AudioNotice::SpeakerNow("headset".into()));
    session.set_speaker(DeviceSpec::Default);
    wait("what is asked for is taken", || session.stats().speaker_in_use.as_deref() == Some("builtin"));
    assert!(told.try_recv().is_err(), "and not told");
}

#[test]
fn what_a_speaker_plays_is_no_microphone() {
    let pulse = Pulse::start(&["only"]);
    let mut environment = pulse.environment_without_microphone();
    // No way round by ALSA's PulseAudio plug-in.
    environment.push(("ALSA_CONFIG_PATH".into(), "/dev/null".into()));
    let steps = tempfile::tempdir().expect("a folder");
    environment.push(("STEPS".into(), steps.path().display().to_string()));
    let plug = steps.path().join("plug");
    let done = thread::spawn(move || inner("inner_no_microphone", environment));
    wait_step(&plug, &done);
    pulse.add_microphone("table", "only");
    done.join().expect("the inner test passes");
}

#[test]
#[ignore = "run by what_a_speaker_plays_is_no_microphone"]
fn inner_no_microphone() {
    let steps = PathBuf::from(std::env::var("STEPS").expect("set by the outer test"));
    let (notices, told) = mpsc::channel();
    let session = AudioSession::start(
        config(1, DeviceSpec::Default, DeviceSpec::Default),
        Box::new(|_| ()),
        Box::new(move |notice| {
            let _ = notices.send(notice);
        }),
    );
    wait("the speaker plays", || session.stats().speaker_in_use.as_deref() == Some("only"));
    assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(AudioNotice::MicrophoneLost));
    assert_eq!(session.stats().microphone_in_use, None);
    std::fs::write(steps.join("plug"), "").expect("a file");
    assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(AudioNotice::MicrophoneNow("table".into())));
}

#[test]
fn a_sound_system_that_dies_is_survived() {
    let pulse = Pulse::start(&["only"]);
    let steps = tempfile::tempdir().expect("a folder");
    let mut environment = pulse.environment();
    environment.push(("STEPS".into(), steps.path().display().to_string()));
    // No way round by ALSA's PulseAudio plug-in, which might start a daemon.
    environment.push(("ALSA_CONFIG_PATH".into(), "/dev/null".into()));
    let kill = steps.path().join("kill");
    let done = thread::spawn(move || inner("inner_daemon_dies", environment));
    wait_step(&kill, &done);
    drop(pulse);
    done.join().expect("the inner test passes");
}

#[test]
#[ignore = "run by a_sound_system_that_dies_is_survived"]
fn inner_daemon_dies() {
    let steps = PathBuf::from(std::env::var("STEPS").expect("set by the outer test"));
    let (notices, told) = mpsc::channel();
    let session = AudioSession::start(
        config(1, DeviceSpec::Default, DeviceSpec::Default),
        Box::new(|_| ()),
        Box::new(move |notice| {
            let _ = notices.send(notice);
        }),
    );
    wait("both devices are open", || {
        let stats = session.stats();
        stats.microphone_in_use.is_some() && stats.speaker_in_use.as_deref() == Some("only")
    });
    std::fs::write(steps.join("kill"), "").expect("a file");
    let mut both: Vec<AudioNotice> =
        (0..2).map(|_| told.recv_timeout(Duration::from_secs(30)).expect("a notice")).collect();
    both.sort_by_key(|notice| format!("{notice:?}"));
    assert_eq!(both, [AudioNotice::MicrophoneLost, AudioNotice::SpeakerLost]);
    let sent = session.stats().packets_sent;
    wait("the session goes on", || session.stats().packets_sent >= sent + 3);
}

#[test]
fn call_after_call_has_sound() {
    let pulse = Pulse::start(&["only"]);
    let mut environment = pulse.environment();
    // No way round by ALSA's PulseAudio plug-in.
    environment.push(("ALSA_CONFIG_PATH".into(), "/dev/null".into()));
    inner("inner_call_after_call", environment);
}

#[test]
#[ignore = "run by call_after_call_has_sound"]
fn inner_call_after_call() {
    // PulseAudio takes 64 connections: nothing may remain of a call.
    for _ in 0..80 {
        assert!(!devices().speakers.is_empty());
        let session = AudioSession::start(
            config(1, DeviceSpec::Default, DeviceSpec::Default),
            Box::new(|_| ()),
            Box::new(|notice| panic!("{notice:?}")),
        );
        wait("both devices are open", || {
            let stats = session.stats();
            stats.microphone_in_use.is_some() && stats.speaker_in_use.as_deref() == Some("only")
        });
    }
}

#[test]
fn the_ring_is_heard_and_stops() {
    let pulse = Pulse::start(&["bell"]);
    inner("inner_ring", pulse.environment());
}

#[test]
#[ignore = "run by the_ring_is_heard_and_stops"]
fn inner_ring() {
    let heard = Recording::start("bell.monitor");
    let ringer = Ringer::new();
    let bell = DeviceSpec::Named("bell".into());
    ringer.play(RingCue::Ringback, ToneRegion::Korea, Ringtone::default(), &bell, 1.0);
    let loud = || *heard.loud.lock().expect("no panic");
    wait("it rings", || loud().is_some());
    let stopped = Instant::now();
    ringer.stop();
    // Longer than any pause of the tone.
    wait("it stays quiet", || loud().is_some_and(|last| last.elapsed() > Duration::from_secs(5)));
    let after = loud().expect("it rang").saturating_duration_since(stopped);
    println!("the ring was heard for another {after:?}");
}

#[test]
fn without_any_sound_system_all_is_silent() {
    let nowhere = tempfile::tempdir().expect("a folder");
    let folder = nowhere.path().display().to_string();
    let environment = ["PULSE_RUNTIME_PATH", "XDG_RUNTIME_DIR", "HOME", "PULSE_SERVER", "ALSA_CONFIG_DIR"];
    // With and without ALSA's plug-ins, which are listed even where they lead nowhere.
    for names in [&environment[..], &environment[..4]] {
        inner("inner_no_sound", names.iter().map(|name| ((*name).to_owned(), folder.clone())).collect());
    }
}

#[test]
#[ignore = "run by without_any_sound_system_all_is_silent"]
fn inner_no_sound() {
    // Whatever this computer has, the session starts and ends; without a sound system it says so.
    static NOTICES: OnceLock<Mutex<Vec<AudioNotice>>> = OnceLock::new();
    let notices = NOTICES.get_or_init(Mutex::default);
    let session = AudioSession::start(
        config(1, DeviceSpec::Default, DeviceSpec::Default),
        Box::new(|_| ()),
        Box::new(|notice| notices.lock().expect("no panic").push(notice)),
    );
    let ringer = Ringer::new();
    ringer.play(RingCue::Ringtone, ToneRegion::Europe, Ringtone::Digital, &DeviceSpec::Default, 0.5);
    wait("pings are sent", || session.stats().packets_sent >= 3);
    wait("both ends are known", || {
        let stats = session.stats();
        let lost = notices.lock().expect("no panic").len();
        usize::from(stats.microphone_in_use.is_some()) + usize::from(stats.speaker_in_use.is_some()) + lost >= 2
    });
    ringer.stop();
    // A card that another program holds is listed all the same; without cards, only what can be opened is.
    let cards = std::fs::read_to_string("/proc/asound/cards").is_ok_and(|cards| !cards.contains("no soundcards"));
    if !cards {
        let (stats, listed) = (session.stats(), devices());
        assert_eq!(listed.microphones.is_empty(), stats.microphone_in_use.is_none(), "{listed:?}");
        assert_eq!(listed.speakers.is_empty(), stats.speaker_in_use.is_none(), "{listed:?}");
    }
}
