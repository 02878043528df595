//! Words for what the engine says in types: reasons, problems, steps. Every one has a sentence of its own.

use crate::{
    call::{Direction, EndReason, log::LogRow},
    engine::{
        settings::{Language, Ringtone, Theme, ToneRegion},
        state::{
            AudioProblem, ConnectStep, EchoState, GroupNews, GroupNotice, NoticeKind, Problem, Quality, State,
            Transport,
        },
    },
    protocol::{
        api::{GroupType, Role, Weekday},
        event::Presence,
    },
};

use super::{format::duration_words, text::Text};

/// How a call ended: a title, and a sentence that says more.
pub(crate) fn end_reason(text: Text, reason: EndReason, name: &str, detail: Option<&str>) -> (String, String) {
    let (title, line) = match reason {
        EndReason::HungUp => ("end-hung-up", "end-hung-up-line"),
        EndReason::Declined => ("end-declined", "end-declined-line"),
        EndReason::NoAnswer => ("end-no-answer", "end-no-answer-line"),
        EndReason::Offline => ("end-offline", "end-offline-line"),
        EndReason::Busy => ("end-busy", "end-busy-line"),
        EndReason::NotAvailable => ("end-not-available", "end-not-available-line"),
        EndReason::Cancelled => ("end-cancelled", "end-cancelled-line"),
        EndReason::AnsweredElsewhere => ("end-answered-elsewhere", "end-answered-elsewhere-line"),
        EndReason::DeclinedElsewhere => ("end-declined-elsewhere", "end-declined-elsewhere-line"),
        EndReason::EndedByServer => ("end-by-server", "end-by-server-line"),
        EndReason::ConnectionLost => ("end-connection-lost", "end-connection-lost-line"),
        EndReason::Failed => ("end-failed", "end-failed-line"),
    };
    let device = detail.map_or_else(|| text.tr("another-device"), str::to_owned);
    (text.tr(title), text.tr_with(line, &[("name", name), ("device", &device)]))
}

/// What happened, as a row of the log says it.
pub(crate) fn log_result(text: Text, row: &LogRow) -> String {
    let device = row.device_name.clone().unwrap_or_else(|| text.tr("another-device"));
    let duration = duration_words(text, row.duration_s);
    let values = [("device", device.as_str()), ("duration", &duration)];
    let Some(result) = row.result else { return text.tr("log-going-on") };
    match (result, row.direction) {
        (EndReason::AnsweredElsewhere, _) => text.tr_with("log-answered-elsewhere", &values),
        (EndReason::DeclinedElsewhere, _) => text.tr_with("log-declined-elsewhere", &values),
        (EndReason::ConnectionLost, _) => text.tr_with("log-connection-lost", &values),
        _ if row.answered => match row.direction {
            Direction::Outgoing => text.tr_with("log-outgoing", &values),
            Direction::Incoming => text.tr_with("log-incoming", &values),
        },
        (EndReason::Busy, Direction::Incoming) => text.tr("log-missed-busy"),
        (EndReason::NotAvailable, Direction::Incoming) => text.tr("log-missed-do-not-disturb"),
        (EndReason::NotAvailable, Direction::Outgoing) => text.tr("log-not-available"),
        (EndReason::NoAnswer | EndReason::Cancelled | EndReason::Offline, Direction::Incoming) => text.tr("log-missed"),
        (EndReason::Declined, Direction::Incoming) => text.tr("log-declined-by-me"),
        (EndReason::Declined, Direction::Outgoing) => text.tr("log-declined"),
        (EndReason::NoAnswer, Direction::Outgoing) => text.tr("log-no-answer"),
        (EndReason::Offline, Direction::Outgoing) => text.tr("log-offline"),
        (EndReason::Busy, Direction::Outgoing) => text.tr("log-busy"),
        (EndReason::Cancelled, Direction::Outgoing) => text.tr("log-cancelled"),
        (EndReason::HungUp | EndReason::EndedByServer | EndReason::Failed, _) => text.tr("log-failed"),
    }
}

/// A problem, in a sentence that says what to do.
pub(crate) fn problem(text: Text, problem: &Problem) -> String {
    let id = code_id(problem.code);
    let sentence = text.tr(&id);
    if sentence == id { text.tr_with("code-unknown", &[("detail", &problem.detail)]) } else { sentence }
}

fn code_id(code: i32) -> String {
    // A minus sign in front of a number would make `code--32700`.
    if code < 0 { format!("code-minus-{}", code.unsigned_abs()) } else { format!("code-{code}") }
}

/// What a notice says.
pub(crate) fn notice(text: Text, state: &State, kind: &NoticeKind) -> String {
    match kind {
        NoticeKind::Failed(failed) => problem(text, failed),
        NoticeKind::DeviceChanged { microphone: true, name } => {
            text.tr_with("notice-microphone-changed", &[("device", name)])
        }
        NoticeKind::DeviceChanged { microphone: false, name } => {
            text.tr_with("notice-speaker-changed", &[("device", name)])
        }
        NoticeKind::DeviceLost { microphone: true } => text.tr("notice-microphone-lost"),
        NoticeKind::DeviceLost { microphone: false } => text.tr("notice-speaker-lost"),
        NoticeKind::MutedWhileSpeaking => text.tr("notice-muted-speaking"),
        NoticeKind::HandStillUp => text.tr("notice-hand-still-up"),
        NoticeKind::MissedWhileBusy(user) => text.tr_with("notice-missed-while-busy", &[("name", state.name_of(user))]),
        NoticeKind::Group(notice) => group_notice(text, state, notice),
    }
}

/// What happened to this user with a group.
fn group_notice(text: Text, state: &State, notice: &GroupNotice) -> String {
    let (id, name) = match &notice.what {
        GroupNews::Added => ("notice-group-added", state.name_of(&notice.by)),
        GroupNews::Removed => ("notice-group-removed", state.name_of(&notice.by)),
        GroupNews::Dismissed => ("notice-group-dismissed", state.name_of(&notice.by)),
        GroupNews::LetIn => ("notice-group-let-in", ""),
        GroupNews::TurnedDown(reason) if reason.is_empty() => ("notice-group-turned-down", ""),
        GroupNews::TurnedDown(reason) => ("notice-group-turned-down-because", reason.as_str()),
        GroupNews::NowOwner => ("notice-group-now-owner", state.name_of(&notice.by)),
        GroupNews::NowAdmin => ("notice-group-now-admin", state.name_of(&notice.by)),
        GroupNews::Applicant(name) => ("notice-group-applicant", name.as_str()),
    };
    text.tr_with(id, &[("group", &notice.group), ("name", name)])
}

/// A kind of group, in a word.
pub(crate) fn group_kind(text: Text, kind: GroupType) -> String {
    text.tr(match kind {
        GroupType::Work => "group-kind-private",
        GroupType::Meeting => "group-kind-class",
        GroupType::Public => "group-kind-public",
    })
}

/// What a member is in a group of that kind; nothing for an ordinary member.
pub(crate) fn group_role(text: Text, kind: GroupType, role: Role) -> Option<String> {
    let id = match (role, kind) {
        (Role::Member, _) => return None,
        (Role::Admin, _) => "group-role-admin",
        (Role::Owner, GroupType::Meeting) => "group-role-teacher",
        (Role::Owner, GroupType::Work | GroupType::Public) => "group-role-owner",
    };
    Some(text.tr(id))
}

/// What is wrong with the sound.
pub(crate) fn audio_problem(text: Text, problem: AudioProblem) -> String {
    text.tr(match problem {
        AudioProblem::NoMicrophone => "audio-no-microphone",
        AudioProblem::NoSpeaker => "audio-no-speaker",
        AudioProblem::NoDevices => "audio-no-devices",
        AudioProblem::MicrophoneLost => "audio-microphone-lost",
        AudioProblem::SpeakerLost => "audio-speaker-lost",
    })
}

/// What is being done while connecting.
pub(crate) fn connect_step(text: Text, step: ConnectStep) -> String {
    text.tr(match step {
        ConnectStep::StartingServer => "step-starting-server",
        ConnectStep::Reaching => "step-reaching",
        ConnectStep::SigningIn => "step-signing-in",
        ConnectStep::Catching => "step-catching",
    })
}

/// The link, in a word.
pub(crate) fn quality(text: Text, quality: Quality) -> String {
    text.tr(match quality {
        Quality::Good => "quality-good",
        Quality::Weak => "quality-weak",
        Quality::Bad => "quality-bad",
        Quality::Down => "quality-down",
    })
}

/// What packets travel over.
pub(crate) fn transport(text: Text, transport: Option<Transport>) -> String {
    text.tr(match transport {
        Some(Transport::Quic) => "transport-quic",
        Some(Transport::WebSocket) => "transport-websocket",
        None => "transport-none",
    })
}

/// What the echo canceller does.
pub(crate) fn echo(text: Text, echo: EchoState) -> String {
    match echo {
        EchoState::Off => text.tr("echo-off"),
        EchoState::Learning => text.tr("echo-learning"),
        EchoState::On { delay_ms, erle_db } => {
            text.tr_with("echo-on", &[("ms", &format!("{delay_ms:.0}")), ("db", &format!("{erle_db:.0}"))])
        }
    }
}

/// Whether somebody can be reached.
pub(crate) fn presence(text: Text, presence: Presence) -> String {
    text.tr(match presence {
        Presence::Online => "presence-online",
        Presence::InCall => "presence-in-call",
        Presence::DoNotDisturb => "presence-do-not-disturb",
        Presence::Offline => "presence-offline",
    })
}

/// Name of a day of the week, and its short form.
pub(crate) fn weekday(text: Text, day: Weekday) -> (String, String) {
    let (name, short) = match day {
        Weekday::Monday => ("weekday-monday", "weekday-short-monday"),
        Weekday::Tuesday => ("weekday-tuesday", "weekday-short-tuesday"),
        Weekday::Wednesday => ("weekday-wednesday", "weekday-short-wednesday"),
        Weekday::Thursday => ("weekday-thursday", "weekday-short-thursday"),
        Weekday::Friday => ("weekday-friday", "weekday-short-friday"),
        Weekday::Saturday => ("weekday-saturday", "weekday-short-saturday"),
        Weekday::Sunday => ("weekday-sunday", "weekday-short-sunday"),
    };
    (text.tr(name), text.tr(short))
}

/// Name of a ringtone.
pub(crate) fn ringtone(text: Text, ringtone: Ringtone) -> String {
    text.tr(match ringtone {
        Ringtone::Classic => "ringtone-classic",
        Ringtone::Chime => "ringtone-chime",
        Ringtone::Digital => "ringtone-digital",
        Ringtone::Marimba => "ringtone-marimba",
    })
}

/// Name of a set of tones.
pub(crate) fn tone_region(text: Text, region: ToneRegion) -> String {
    text.tr(match region {
        ToneRegion::Automatic => "tones-automatic",
        ToneRegion::Korea => "tones-korea",
        ToneRegion::NorthAmerica => "tones-north-america",
        ToneRegion::Europe => "tones-europe",
        ToneRegion::UnitedKingdom => "tones-united-kingdom",
        ToneRegion::Japan => "tones-japan",
    })
}

/// Name of a theme.
pub(crate) fn theme(text: Text, theme: Theme) -> String {
    text.tr(match theme {
        Theme::System => "theme-system",
        Theme::Light => "theme-light",
        Theme::Dark => "theme-dark",
    })
}

/// Name of a language, in itself.
pub(crate) fn language(text: Text, language: Option<Language>) -> String {
    text.tr(match language {
        None => "language-system",
        Some(Language::English) => "language-english",
        Some(Language::Korean) => "language-korean",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Code;

    #[test]
    fn every_code_has_a_sentence_in_both_languages() {
        for language in [Language::English, Language::Korean] {
            let text = Text::new(language);
            for code in Code::ALL {
                assert!(text.has(&code_id(*code as i32)), "{code:?} has none in {language:?}");
            }
        }
    }

    #[test]
    fn a_code_from_the_future_shows_its_own_sentence() {
        let text = Text::new(Language::English);
        let future = Problem { code: 99_999, detail: "the moon is full".into() };
        assert!(problem(text, &future).contains("the moon is full"));
    }
}
