//! ALSA where there is no sound server that speaks PulseAudio's language: its own library and plug-ins are real, and so
//! is the clock of the cards, which a PulseAudio daemon keeps that only the plug-ins know of.
#![cfg(all(feature = "desktop", target_os = "linux"))]

#[path = "common/pulse.rs"]
mod pulse;
#[path = "common/sound.rs"]
mod sound;

use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use ahoy::media::{AudioNotice, AudioSession, devices, spec::DeviceSpec};
use pulse::Pulse;
use sound::{Loop, config, wait};

/// Runs an ignored test of this file with nothing but ALSA, set up like this.
fn inner(name: &str, folder: &Path, settings: &str) {
    let path = folder.join("asound.conf");
    // As a person's own settings come after those of the system.
    std::fs::write(&path, format!("</usr/share/alsa/alsa.conf>\n{settings}\n")).expect("a file");
    let stderr = sound::inner(name, |command| {
        command
            .env("ALSA_CONFIG_PATH", path)
            .envs(["HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"].map(|name| (name, folder.join("nowhere"))))
            .env("FOLDER", folder)
            .env_remove("PULSE_SERVER")
    });
    assert!(!stderr.contains("ALSA lib"), "ALSA writes to the terminal");
}

#[test]
fn sound_flows_both_ways_over_alsa_alone() {
    let pulse = Pulse::start(&["only"]);
    let folder = tempfile::tempdir().expect("a folder");
    let server = &pulse.environment()[0].1;
    // The speaker is written to a file on its way; the microphone hears it. The plug-in tells when it runs dry.
    let settings = format!(
        r#"
        pcm.speaker {{ type pulse server "{server}" device "only" handle_underrun 1 }}
        pcm.microphone {{ type pulse server "{server}" device "only.monitor" }}
        pcm.recorded {{ type file slave.pcm "speaker" file "{}" format "wav" }}
        pcm.!default {{ type asym playback.pcm "recorded" capture.pcm "microphone" }}
        "#,
        folder.path().join("played.wav").display()
    );
    inner("inner_both_ways", folder.path(), &settings);
    let played = std::fs::metadata(folder.path().join("played.wav")).expect("the speaker was written to a file");
    assert!(played.len() > 48_000, "{} bytes", played.len());
}

#[test]
#[ignore = "run by sound_flows_both_ways_over_alsa_alone"]
fn inner_both_ways() {
    let found = devices();
    let default = |list: &[(String, String)]| list.iter().any(|(id, _)| id == "alsa:default");
    assert!(default(&found.microphones) && default(&found.speakers), "{found:?}");
    let log = Log::default();
    let to = log.clone();
    tracing_subscriber::fmt().with_env_filter("ahoy::media::device=debug").with_writer(move || to.clone()).init();
    let both = Loop::start(|notice| panic!("{notice:?}"));
    wait("the tone goes out of one card and into the other", || both.is_heard());
    let until = both.cards.stats().packets_sent + 300;
    wait("it goes on", || both.cards.stats().packets_sent >= until);
    wait("it is still heard", || both.is_heard());
    // The plug-in lets its server hold far more than it was asked for; two seconds would be a fault of ours.
    let delay = both.delay();
    println!("from mouth to ear and back: {delay:?}");
    assert!(delay < Duration::from_secs(2), "{delay:?}");

    // Whoever is kept from running for longer than the buffers last runs dry.
    let before = log.longer();
    wait("longer buffers", || {
        shell("kill -STOP $PPID; sleep 0.1; kill -CONT $PPID; sleep 0.3");
        log.longer() > before
    });
    wait("it is heard again", || both.is_heard());
    let after = both.delay();
    println!("and with longer buffers: {after:?}");
    assert!(after < delay + Duration::from_millis(400), "{after:?}");
}

fn shell(script: &str) {
    assert!(Command::new("sh").args(["-c", script]).status().expect("a shell").success(), "{script}");
}

/// What the program tells of itself.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// How often it took longer buffers for the speaker.
    fn longer(&self) -> usize {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).matches("The buffers of the speaker are").count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A device that takes and gives as much as anybody likes, at once.
#[test]
fn a_card_without_a_clock_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    inner("inner_without_clock", folder.path(), "pcm.!default { type null }");
}

#[test]
#[ignore = "run by a_card_without_a_clock_is_left_alone"]
fn inner_without_clock() {
    let (notices, told) = mpsc::channel();
    let session = AudioSession::start(
        config(1, DeviceSpec::Default, DeviceSpec::Default),
        Box::new(|_| ()),
        Box::new(move |notice| {
            let _ = notices.send(notice);
        }),
    );
    let mut both: Vec<AudioNotice> =
        (0..2).map(|_| told.recv_timeout(Duration::from_secs(60)).expect("a notice")).collect();
    both.sort_by_key(|notice| format!("{notice:?}"));
    assert_eq!(both, [AudioNotice::MicrophoneLost, AudioNotice::SpeakerLost]);
    let stats = session.stats();
    assert_eq!((stats.microphone_in_use, stats.speaker_in_use), (None, None));
    assert!(!threads().iter().any(|name| name.starts_with("cpal_alsa")), "{:?}", threads());
    session.set_microphone(DeviceSpec::Tone(440.0));
    wait("the session goes on", || session.stats().packets_sent > stats.packets_sent + 300);
    let since: Vec<AudioNotice> = told.try_iter().collect();
    assert_eq!(since, [AudioNotice::MicrophoneNow("tone:440".into())], "and the cards are not tried over and over");
}

/// The names of all threads of this program.
fn threads() -> Vec<String> {
    let all = std::fs::read_dir("/proc/self/task").expect("a list of threads");
    let names = all.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}
