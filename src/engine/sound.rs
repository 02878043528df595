//! The engine's hand on the sound floor: one session while in a room, the microphone test, the ringer, and the picture
//! of all that for the state.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    call::{Cue, Network},
    client::media::PathStats,
    media::{
        AudioNotice, AudioSession, AudioStats, Devices, Headsets, MicrophoneTest, Ringer, SessionConfig,
        session::{PacketSink, Treatment},
        spec::DeviceSpec,
        tones::RingCue,
    },
    protocol::SourceId,
};

use super::{
    calls::SILENT_MS,
    ring,
    settings::{Language, Settings},
    state::{Audio, AudioProblem, DeviceChoice, LinkQuality, NoticeKind, ParticipantAudio, Processing, Quality},
};

/// The level of silence, dBFS.
const SILENT_DBFS: f32 = -127.0;

/// Takes notices of the sound floor to the actor.
pub(crate) type Notices = Arc<dyn Fn(AudioNotice) + Send + Sync>;

/// The session of a room, with what is watched about it.
struct Talk {
    source: SourceId,
    /// The relay lets nothing through that this device says.
    closed: bool,
    session: Arc<AudioSession>,
}

/// Microphones and speakers that can be chosen.
type Choices = (Arc<[DeviceChoice]>, Arc<[DeviceChoice]>);

/// All sound of one engine.
pub(crate) struct Desk {
    notices: Notices,
    ringer: Ringer,
    playing: Option<ring::Sound>,
    talk: Option<Talk>,
    test: Option<(MicrophoneTest, bool)>,
    /// What calls have found out about microphones and speakers.
    headsets: Headsets,
    volumes: BTreeMap<SourceId, f32>,
    /// The own sources of talks that stopped with a closed microphone: if one goes on, it does so with a closed one.
    left_muted: BTreeSet<SourceId>,
    devices: Option<Choices>,
    microphone_lost: bool,
    speaker_lost: bool,
    microphone_now: Option<String>,
    speaker_now: Option<String>,
    pub(crate) muted: bool,
}

impl Desk {
    pub(crate) fn new(notices: Notices) -> Self {
        Self {
            notices,
            ringer: Ringer::new(),
            playing: None,
            talk: None,
            test: None,
            headsets: Headsets::default(),
            volumes: BTreeMap::new(),
            left_muted: BTreeSet::new(),
            devices: None,
            microphone_lost: false,
            speaker_lost: false,
            microphone_now: None,
            speaker_now: None,
            muted: false,
        }
    }

    /// Whether levels change by themselves now.
    pub(crate) fn is_metering(&self) -> bool {
        self.talk.is_some() || self.test.is_some()
    }

    /// Begins to send and to hear in a room, or goes on after a hold as it was. What comes in from the network goes to the
    /// returned session. With `closed`, nothing is sent whatever the person wishes.
    pub(crate) fn start_talk(
        &mut self,
        source: SourceId,
        settings: &Settings,
        closed: bool,
        sink: PacketSink,
    ) -> Arc<AudioSession> {
        self.stop_talk();
        self.stop_test();
        self.muted = self.left_muted.remove(&source);
        let muted = self.muted;
        let config = SessionConfig { muted, closed, ..config(source, settings, self.headsets.clone()) };
        let notices = self.notices.clone();
        let session = Arc::new(AudioSession::start(config, sink, Box::new(move |notice| notices(notice))));
        for (participant, volume) in &self.volumes {
            session.set_participant_volume(*participant, *volume);
        }
        self.talk = Some(Talk { source, closed, session: session.clone() });
        session
    }

    /// The session that runs, if it is one of this source.
    pub(crate) fn talk_as(&self, source: SourceId) -> Option<Arc<AudioSession>> {
        self.talk.as_ref().filter(|talk| talk.source == source).map(|talk| talk.session.clone())
    }

    /// Ends it. The session ends with its last owner: whoever feeds it lets go at the same time.
    pub(crate) fn stop_talk(&mut self) -> Option<Arc<AudioSession>> {
        self.microphone_now = None;
        self.speaker_now = None;
        self.microphone_lost = false;
        self.speaker_lost = false;
        let talk = self.talk.take()?;
        if std::mem::take(&mut self.muted) {
            self.left_muted.insert(talk.source);
        }
        Some(talk.session)
    }

    /// No call is on any more: the next one begins afresh, whatever numbers it has.
    pub(crate) fn forget_talks(&mut self) {
        self.left_muted.clear();
        self.volumes.clear();
    }

    pub(crate) fn set_muted(&mut self, muted: bool) {
        if let Some(talk) = &self.talk {
            self.muted = muted;
            talk.session.set_muted(muted);
        }
    }

    /// In a lesson: whether the relay lets through what this device says. Whoever is given the floor can speak at once.
    pub(crate) fn set_closed(&mut self, closed: bool) {
        let Some(talk) = &mut self.talk else { return };
        if std::mem::replace(&mut talk.closed, closed) == closed {
            return;
        }
        self.muted &= closed;
        talk.session.set_muted(self.muted);
        talk.session.set_closed(closed);
    }

    /// How loud this device's person is for others, dBFS; `None` while they hear nothing.
    pub(crate) fn audible_dbfs(&self) -> Option<f32> {
        let talk = self.talk.as_ref().filter(|talk| !talk.closed && !self.muted)?;
        Some(talk.session.microphone_level_dbfs())
    }

    pub(crate) fn set_participant_volume(&mut self, source: SourceId, volume: f32) {
        if !volume.is_finite() {
            return;
        }
        let volume = volume.clamp(0.0, 3.0);
        if let Some(talk) = &self.talk {
            self.volumes.insert(source, volume);
            talk.session.set_participant_volume(source, volume);
        }
    }

    /// A participant has left the room.
    pub(crate) fn forget(&self, source: SourceId) {
        if let Some(talk) = &self.talk {
            talk.session.forget(source);
        }
    }

    /// New settings take effect on whatever runs.
    pub(crate) fn apply(&mut self, old: &Settings, new: &Settings) {
        if let Some(talk) = &self.talk {
            if old.microphone != new.microphone {
                talk.session.set_microphone(new.microphone.clone());
            }
            if old.speaker != new.speaker {
                talk.session.set_speaker(new.speaker.clone());
            }
            talk.session.set_treatment(treatment(new));
            talk.session.set_microphone_gain(new.microphone_gain);
            talk.session.set_speaker_volume(new.speaker_volume);
        }
        if old.microphone != new.microphone {
            self.microphone_lost = false;
        }
        if old.speaker != new.speaker {
            self.speaker_lost = false;
        }
        if let Some((_, hear)) = self.test
            && (&old.microphone, &old.speaker, old.microphone_gain, treatment(old))
                != (&new.microphone, &new.speaker, new.microphone_gain, treatment(new))
        {
            self.start_test(new, hear);
        }
    }

    /// Opens the microphone for the meter. In a call the call's own meter serves.
    pub(crate) fn start_test(&mut self, settings: &Settings, hear: bool) {
        if self.talk.is_some() {
            return;
        }
        // The old one goes first: some sound systems open a device once only.
        self.test = None;
        let notices = self.notices.clone();
        let config = config(SourceId(0), settings, Headsets::default());
        let test = MicrophoneTest::start(config, hear, Box::new(move |notice| notices(notice)));
        self.test = Some((test, hear));
    }

    pub(crate) fn stop_test(&mut self) {
        self.test = None;
    }

    /// Brings the ringer to what is wanted. Whatever plays and is not wanted stops at once.
    pub(crate) fn ring(&mut self, wanted: Option<ring::Sound>, korean: bool) {
        match (&self.playing, &wanted) {
            (None, None) => return,
            (Some(playing), Some(next)) if !playing.is_replaced_by(next) => return,
            (_, None) => self.ringer.stop(),
            (_, Some(sound)) => {
                let tones = sound.tones.resolve(korean);
                self.ringer.play(ring_cue(sound.cue), tones, sound.ringtone, &sound.device, sound.volume);
            }
        }
        tracing::debug!(cue = ?wanted.as_ref().map(|sound| sound.cue), "the sound beside the voices");
        self.playing = wanted;
    }

    /// Plays a test sound, unless something real is to be heard.
    pub(crate) fn try_out(&self, cue: RingCue, settings: &Settings, korean: bool) {
        if self.playing.is_some() || self.talk.is_some() {
            return;
        }
        let (device, volume) = if cue == RingCue::RingtoneOnce {
            (&settings.ring_device, settings.ring_volume)
        } else {
            (&settings.speaker, settings.speaker_volume.min(1.0))
        };
        self.ringer.play(cue, settings.tones.resolve(korean), settings.ringtone, device, volume);
    }

    /// A fresh list of devices.
    pub(crate) fn set_devices(&mut self, devices: &Devices) {
        self.devices = Some((choices(&devices.microphones), choices(&devices.speakers)));
    }

    /// Takes a notice of the sound floor in; returns what the person should read.
    pub(crate) fn notice(&mut self, notice: AudioNotice) -> Option<NoticeKind> {
        match notice {
            AudioNotice::MicrophoneLost => {
                self.microphone_lost = true;
                // At the start of a call without any microphone this is a lasting state, not news.
                self.microphone_now.take().map(|_| NoticeKind::DeviceLost { microphone: true })
            }
            AudioNotice::SpeakerLost => {
                self.speaker_lost = true;
                self.speaker_now.take().map(|_| NoticeKind::DeviceLost { microphone: false })
            }
            AudioNotice::MicrophoneNow(name) => {
                let moved = self.microphone_lost || self.microphone_now.as_ref().is_some_and(|now| *now != name);
                self.microphone_lost = false;
                self.microphone_now = Some(name.clone());
                moved.then_some(NoticeKind::DeviceChanged { microphone: true, name })
            }
            AudioNotice::SpeakerNow(name) => {
                let moved = self.speaker_lost || self.speaker_now.as_ref().is_some_and(|now| *now != name);
                self.speaker_lost = false;
                self.speaker_now = Some(name.clone());
                moved.then_some(NoticeKind::DeviceChanged { microphone: false, name })
            }
            AudioNotice::MutedWhileSpeaking => Some(NoticeKind::MutedWhileSpeaking),
        }
    }

    /// The picture for the state; `path` is the way to the relay.
    pub(crate) fn picture(
        &self,
        settings: &Settings,
        ring_silenced: bool,
        (path, network): (&PathStats, Network),
    ) -> Audio {
        let stats = self.talk.as_ref().map(|talk| talk.session.stats());
        let (microphones, speakers) = self.devices.clone().unwrap_or_default();
        Audio {
            microphones,
            speakers,
            microphone_in_use: stats.as_ref().and_then(|stats| stats.microphone_in_use.clone()),
            speaker_in_use: stats.as_ref().and_then(|stats| stats.speaker_in_use.clone()),
            problem: self.problem(settings),
            muted: self.muted,
            microphone_level_dbfs: match (&stats, &self.test) {
                (Some(stats), _) => stats.microphone_level_dbfs,
                (None, Some((test, _))) => test.level_dbfs(),
                (None, None) => SILENT_DBFS,
            },
            testing: self.test.is_some(),
            hearing_self: self.test.as_ref().is_some_and(|(_, hear)| *hear),
            participants: stats.as_ref().map_or_else(Arc::default, |stats| self.participants(stats)),
            link: stats.as_ref().map(|stats| link(stats, path, network)),
            processing: stats.as_ref().map(|stats| Processing::of(&stats.processing, treatment(settings))),
            ring_silenced,
        }
    }

    fn participants(&self, stats: &AudioStats) -> Arc<[ParticipantAudio]> {
        let of = |heard: &crate::media::ParticipantStats| ParticipantAudio {
            source: heard.source,
            level_dbfs: heard.level_dbfs,
            volume: self.volumes.get(&heard.source).copied().unwrap_or(1.0),
            concealed: heard.concealed,
            // Milliseconds of a bounded buffer; the fraction is nobody's business.
            playout_delay_ms: heard.playout_delay_ms.max(0.0) as u32,
        };
        stats.participants.iter().map(of).collect()
    }

    fn problem(&self, settings: &Settings) -> Option<AudioProblem> {
        let needs_card = |spec: &DeviceSpec| matches!(spec, DeviceSpec::Default | DeviceSpec::Named(_));
        let (mut no_microphone, mut no_speaker) = (needs_card(&settings.microphone), needs_card(&settings.speaker));
        // Before the first list nothing is known to be missing.
        no_microphone &= self.devices.as_ref().is_some_and(|(microphones, _)| microphones.is_empty());
        no_speaker &= self.devices.as_ref().is_some_and(|(_, speakers)| speakers.is_empty());
        match (no_microphone, no_speaker) {
            (true, true) => Some(AudioProblem::NoDevices),
            (true, false) => Some(AudioProblem::NoMicrophone),
            (false, true) => Some(AudioProblem::NoSpeaker),
            (false, false) if self.microphone_lost => Some(AudioProblem::MicrophoneLost),
            (false, false) if self.speaker_lost => Some(AudioProblem::SpeakerLost),
            (false, false) => None,
        }
    }
}

/// How a session begins: with an open microphone.
fn config(source: SourceId, settings: &Settings, headsets: Headsets) -> SessionConfig {
    SessionConfig {
        source,
        microphone: settings.microphone.clone(),
        speaker: settings.speaker.clone(),
        muted: false,
        closed: false,
        microphone_gain: settings.microphone_gain,
        speaker_volume: settings.speaker_volume,
        treatment: treatment(settings),
        headsets,
    }
}

fn treatment(settings: &Settings) -> Treatment {
    Treatment {
        high_pass: settings.high_pass,
        echo_cancelling: settings.echo_cancelling,
        noise_suppression: settings.noise_suppression,
        gain_control: settings.gain_control,
        levelling: settings.levelling,
        music: settings.music_mode,
    }
}

fn choices(devices: &[(String, String)]) -> Arc<[DeviceChoice]> {
    devices.iter().map(|(id, name)| DeviceChoice { id: id.clone(), name: name.clone() }).collect()
}

fn ring_cue(cue: Cue) -> RingCue {
    match cue {
        Cue::Ringtone => RingCue::Ringtone,
        Cue::Ringback => RingCue::Ringback,
        Cue::Waiting => RingCue::Waiting,
        Cue::Busy => RingCue::Busy,
        Cue::Declined => RingCue::Declined,
        Cue::Failed => RingCue::Failed,
        Cue::Ended => RingCue::Ended,
    }
}

/// Whether tones are Korean: by the chosen language, else by the system's.
pub(crate) fn is_korean(settings: &Settings) -> bool {
    match settings.language {
        Some(language) => language == Language::Korean,
        None => sys_locale::get_locale().is_some_and(|locale| locale.to_lowercase().starts_with("ko")),
    }
}

fn link(stats: &AudioStats, path: &PathStats, network: Network) -> LinkQuality {
    let worst = |of: fn(&crate::media::ParticipantStats) -> f32| stats.participants.iter().map(of).fold(0.0, f32::max);
    let loss = worst(|heard| heard.loss).max(path.loss_up).max(path.loss_down);
    let jitter_ms = worst(|heard| heard.jitter_ms).max(path.jitter_up_ms).max(path.jitter_down_ms);
    let concealed = worst(|heard| heard.concealed);
    LinkQuality {
        transport: path.transport,
        rtt_ms: path.rtt_ms,
        loss_up: path.loss_up,
        loss_down: path.loss_down,
        jitter_up_ms: path.jitter_up_ms,
        jitter_down_ms: path.jitter_down_ms,
        loss,
        jitter_ms,
        verdict: match network {
            Network::Weak => Quality::Weak,
            // Without the server alone, what is said is heard.
            Network::Lost if path.silent_ms >= SILENT_MS => Quality::Down,
            Network::Lost | Network::Good => verdict(path.rtt_ms, loss, jitter_ms, concealed),
        },
    }
}

/// The published limits: beyond "poor" of Microsoft's call quality dashboard it is bad, beyond what is called good for
/// voice (loss 2 %, delay such that people begin to speak into each other) weak.
fn verdict(rtt_ms: f32, loss: f32, jitter_ms: f32, concealed: f32) -> Quality {
    if rtt_ms > 500.0 || loss > 0.10 || jitter_ms > 60.0 || concealed > 0.07 {
        Quality::Bad
    } else if rtt_ms > 250.0 || loss > 0.02 || jitter_ms > 30.0 || concealed > 0.03 {
        Quality::Weak
    } else {
        Quality::Good
    }
}

#[cfg(test)]
#[path = "sound_tests.rs"]
mod tests;
