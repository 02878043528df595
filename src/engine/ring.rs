//! Which sound belongs to the calls as they stand: a pure function, so that nothing can ring after its call.

use crate::{
    call::{CallView, Cue},
    media::spec::DeviceSpec,
    protocol::InviteId,
};

use super::settings::{Ringtone, Settings, ToneRegion};

/// The one sound that is to be heard now.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// For which call.
    pub call_id: InviteId,
    /// What.
    pub cue: Cue,
    /// Where.
    pub device: DeviceSpec,
    /// How loud, 0.0 to 1.0 (ringtone) or 2.0 (tones).
    pub volume: f32,
    /// Which ringtone.
    pub ringtone: Ringtone,
    /// Whose tones.
    pub tones: ToneRegion,
}

impl Sound {
    /// Whether `next` needs a new start of the player. A sound that plays once does not start again because a setting
    /// changed meanwhile.
    pub fn is_replaced_by(&self, next: &Self) -> bool {
        if self.cue.is_loop() { self != next } else { (&self.call_id, self.cue) != (&next.call_id, next.cue) }
    }
}

/// What is to be heard: the ringtone of an incoming call unless silenced, else the tone of the live call, else the one
/// that says how the last call ended. Nothing rings into a conversation: there, it is a soft tone.
pub fn wanted(views: &[CallView], silenced: bool, settings: &Settings) -> Option<Sound> {
    let talking = views.iter().any(CallView::is_talk);
    let of = |view: &CallView| {
        let cue = view.cue()?;
        if cue == Cue::Ringtone && silenced {
            return None;
        }
        let cue = if cue == Cue::Ringtone && talking { Cue::Waiting } else { cue };
        let ring = cue == Cue::Ringtone;
        Some(Sound {
            call_id: view.call_id.clone(),
            cue,
            device: match (ring, &settings.speaker) {
                (true, _) => settings.ring_device.clone(),
                // The recording of a call has voices in it, and a tone afterwards must not write over it.
                (false, DeviceSpec::File(_)) => DeviceSpec::Null,
                (false, speaker) => speaker.clone(),
            },
            volume: if ring { settings.ring_volume } else { settings.speaker_volume },
            ringtone: settings.ringtone,
            tones: settings.tones,
        })
    };
    let mut live = views.iter().filter(|view| view.is_live()).peekable();
    if live.peek().is_none() {
        // Only the latest end is told; the machine puts the newest call last among equals.
        return views.last().and_then(of);
    }
    let sounds: Vec<Sound> = live.filter_map(of).collect();
    let incoming = sounds.iter().find(|sound| matches!(sound.cue, Cue::Ringtone | Cue::Waiting));
    incoming.or(sounds.first()).cloned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        call::{Direction, EndReason, Network, Phase},
        protocol::UserId,
    };

    fn view(id: &str, direction: Direction, phase: Phase, end: Option<EndReason>) -> CallView {
        CallView {
            call_id: InviteId::new(id).expect("valid"),
            peer: UserId::new("bob").expect("valid"),
            group: None,
            others: Arc::default(),
            direction,
            phase,
            room: None,
            participants: Arc::default(),
            talking_since_ms: (phase == Phase::InCall).then_some(1),
            ring_deadline_ms: None,
            end,
            detail: None,
            duration_s: 0,
            on_hold: false,
            network: Network::Good,
            lesson: None,
            lesson_over: None,
        }
    }

    fn incoming() -> CallView {
        view("in", Direction::Incoming, Phase::Incoming, None)
    }

    fn cue(views: &[CallView], silenced: bool) -> Option<Cue> {
        wanted(views, silenced, &Settings::default()).map(|sound| sound.cue)
    }

    #[test]
    fn each_state_has_its_sound() {
        assert_eq!(cue(&[], false), None);
        assert_eq!(cue(&[incoming()], false), Some(Cue::Ringtone));
        assert_eq!(cue(&[incoming()], true), None);
        let out = |phase, end| view("out", Direction::Outgoing, phase, end);
        assert_eq!(cue(&[out(Phase::Calling, None)], false), None);
        assert_eq!(cue(&[out(Phase::Ringing, None)], true), Some(Cue::Ringback));
        assert_eq!(cue(&[out(Phase::InCall, None)], false), None);
        assert_eq!(cue(&[out(Phase::Ended, Some(EndReason::Busy))], false), Some(Cue::Busy));
        assert_eq!(cue(&[out(Phase::Ended, Some(EndReason::Cancelled))], false), None);
    }

    #[test]
    fn nothing_rings_into_a_conversation() {
        let talking = view("now", Direction::Outgoing, Phase::InCall, None);
        let on_hold = CallView { on_hold: true, ..talking.clone() };
        assert_eq!(cue(&[talking.clone(), incoming()], true), None);
        assert_eq!(cue(&[on_hold, incoming()], false), Some(Cue::Ringtone), "nobody is talking");
        let headphones = DeviceSpec::Named("headphones".into());
        let settings = Settings { speaker: headphones.clone(), ..Settings::default() };
        let sound = wanted(&[talking, incoming()], false, &settings).expect("a tone");
        assert_eq!((sound.cue, sound.device), (Cue::Waiting, headphones), "where the voice is");
    }

    #[test]
    fn a_new_call_ends_the_sound_of_the_last() {
        let ended = view("old", Direction::Outgoing, Phase::Ended, Some(EndReason::Declined));
        assert_eq!(cue(std::slice::from_ref(&ended), false), Some(Cue::Declined));
        let calling = view("new", Direction::Outgoing, Phase::Calling, None);
        assert_eq!(cue(&[calling, ended.clone()], false), None);
        assert_eq!(cue(&[incoming(), ended], false), Some(Cue::Ringtone));
    }

    #[test]
    fn the_ringtone_has_its_own_device_and_loudness() {
        let settings =
            Settings { ring_device: DeviceSpec::Named("desk".into()), ring_volume: 0.3, ..Settings::default() };
        let sound = wanted(&[incoming()], false, &settings).expect("rings");
        assert_eq!((sound.device, sound.volume), (DeviceSpec::Named("desk".into()), 0.3));
        let ringing = view("out", Direction::Outgoing, Phase::Ringing, None);
        let device =
            |settings: &Settings| wanted(std::slice::from_ref(&ringing), false, settings).expect("sounds").device;
        assert_eq!(device(&settings), DeviceSpec::Default);
        let recording = Settings { speaker: DeviceSpec::File("voices.wav".into()), ..settings };
        assert_eq!(device(&recording), DeviceSpec::Null);
    }

    #[test]
    fn a_changed_setting_restarts_loops_only() {
        let loud = Settings { speaker_volume: 2.0, ring_volume: 1.0, ..Settings::default() };
        let sounds = |view: &CallView| {
            let one = std::slice::from_ref(view);
            (wanted(one, false, &Settings::default()).expect("one"), wanted(one, false, &loud).expect("two"))
        };
        let (soft, hard) = sounds(&incoming());
        assert!(soft.is_replaced_by(&hard) && !soft.is_replaced_by(&soft));
        let (soft, hard) = sounds(&view("out", Direction::Outgoing, Phase::Ended, Some(EndReason::Busy)));
        assert!(!soft.is_replaced_by(&hard));
    }
}
