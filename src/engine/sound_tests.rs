//! The lamp of the link, talks that go on after a hold, microphones that the relay closes, and news of devices.

use super::*;

#[test]
fn the_lamp_follows_the_published_limits() {
    assert_eq!(verdict(20.0, 0.0, 5.0, 0.0), Quality::Good);
    assert_eq!(verdict(20.0, 0.03, 5.0, 0.0), Quality::Weak);
    assert_eq!(verdict(300.0, 0.0, 5.0, 0.0), Quality::Weak);
    assert_eq!(verdict(20.0, 0.0, 35.0, 0.0), Quality::Weak);
    assert_eq!(verdict(20.0, 0.11, 5.0, 0.0), Quality::Bad);
    assert_eq!(verdict(501.0, 0.0, 5.0, 0.0), Quality::Bad);
    assert_eq!(verdict(20.0, 0.0, 5.0, 0.08), Quality::Bad);
    let path = PathStats { loss_up: 0.03, ..PathStats::default() };
    let link = |path, network| link(&AudioStats::default(), path, network).verdict;
    assert_eq!(link(&path, Network::Good), Quality::Weak, "either direction counts");
    let path = PathStats::default();
    assert_eq!([Network::Weak, Network::Lost].map(|network| link(&path, network)), [Quality::Weak, Quality::Good]);
    let path = PathStats { silent_ms: SILENT_MS, ..path };
    assert_eq!(link(&path, Network::Lost), Quality::Down);
}

fn desk() -> Desk {
    Desk::new(Arc::new(|_| {}))
}

#[test]
fn a_talk_goes_on_after_a_hold_as_it_was() {
    let mut desk = desk();
    let settings = Settings { microphone: DeviceSpec::Tone(440.0), speaker: DeviceSpec::Null, ..Settings::default() };
    let start = |desk: &mut Desk, source| {
        desk.start_talk(SourceId(source), &settings, false, Box::new(|_| ()));
        desk.muted
    };
    assert!(!start(&mut desk, 1));
    desk.set_muted(true);
    desk.set_participant_volume(SourceId(7), 2.0);
    assert!(desk.stop_talk().is_some() && desk.stop_talk().is_none() && !desk.muted);
    assert!(!start(&mut desk, 2), "another one begins with an open microphone");
    assert!(start(&mut desk, 1));
    assert_eq!(desk.volumes.get(&SourceId(7)), Some(&2.0));
    desk.set_muted(false);
    assert!(!start(&mut desk, 1));
    desk.set_muted(true);
    desk.stop_talk();
    desk.forget_talks();
    assert!(!start(&mut desk, 1) && desk.volumes.is_empty(), "another call, by the same number");
}

#[test]
fn whoever_gets_the_floor_can_speak_at_once() {
    let mut desk = desk();
    let settings = Settings { microphone: DeviceSpec::Null, speaker: DeviceSpec::Null, ..Settings::default() };
    let session = desk.start_talk(SourceId(1), &settings, true, Box::new(|_| ()));
    assert!(!desk.muted && !session.is_sending(), "the person has closed nothing");
    assert_eq!(desk.audible_dbfs(), None);
    desk.set_muted(true);
    desk.set_closed(true);
    assert!(desk.muted && !session.is_sending());
    desk.set_closed(false);
    assert!(!desk.muted && session.is_sending() && desk.audible_dbfs().is_some());
    desk.set_muted(true);
    assert!(!session.is_sending() && desk.audible_dbfs().is_none());
    desk.set_closed(false);
    assert!(desk.muted, "nothing has changed");
    desk.set_closed(true);
    desk.set_muted(false);
    assert!(!desk.muted && !session.is_sending());
}

#[test]
fn missing_devices_are_a_problem_only_where_a_sound_card_is_asked_for() {
    let mut desk = desk();
    let settings = Settings::default();
    assert_eq!(desk.problem(&settings), None, "not known yet");
    desk.set_devices(&Devices::default());
    assert_eq!(desk.problem(&settings), Some(AudioProblem::NoDevices));
    let file = Settings { microphone: DeviceSpec::Tone(440.0), ..settings.clone() };
    assert_eq!(desk.problem(&file), Some(AudioProblem::NoSpeaker));
    desk.set_devices(&Devices { microphones: Vec::new(), speakers: vec![("s".into(), "S".into())] });
    assert_eq!(desk.problem(&settings), Some(AudioProblem::NoMicrophone));
}

#[test]
fn only_news_about_devices_is_told() {
    let mut desk = desk();
    let now = |name: &str| AudioNotice::MicrophoneNow(name.to_owned());
    assert_eq!(desk.notice(now("a")), None, "the first one is no news");
    assert_eq!(desk.notice(AudioNotice::MicrophoneLost), Some(NoticeKind::DeviceLost { microphone: true }));
    assert_eq!(desk.notice(AudioNotice::MicrophoneLost), None);
    let back = NoticeKind::DeviceChanged { microphone: true, name: "b".into() };
    assert_eq!(desk.notice(now("b")), Some(back));
    assert_eq!(desk.notice(now("b")), None);
}
