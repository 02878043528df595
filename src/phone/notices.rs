//! Short messages of the engine, for whoever reads or drives the phone.

use serde_json::{Value, json};

use crate::engine::{
    State,
    state::{GroupNews, GroupNotice, NoticeKind},
};

use super::pilot;

/// Which of them have been told.
#[derive(Default)]
pub(super) struct Notices {
    last: u64,
}

impl Notices {
    /// Those that are new, each once.
    pub(super) fn fresh<'a>(&mut self, state: &'a State) -> impl Iterator<Item = &'a NoticeKind> + use<'a> {
        let told = self.last;
        self.last = state.notices.iter().map(|notice| notice.id).fold(told, u64::max);
        state.notices.iter().filter(move |notice| notice.id > told).map(|notice| &notice.kind)
    }
}

/// A notice for programs: its kind, a sentence, and the code of what failed.
pub(super) fn json(notice: &NoticeKind) -> Value {
    let kind = match notice {
        NoticeKind::Failed(problem) => {
            return json!({ "kind": "failed", "code": problem.code, "message": problem.detail });
        }
        NoticeKind::DeviceChanged { .. } => "deviceChanged",
        NoticeKind::DeviceLost { .. } => "deviceLost",
        NoticeKind::MutedWhileSpeaking => "mutedWhileSpeaking",
        NoticeKind::HandStillUp => "handStillUp",
        NoticeKind::MissedWhileBusy(_) => "missedWhileBusy",
        NoticeKind::Group(_) => "group",
    };
    json!({ "kind": kind, "message": line(notice) })
}

/// The same as a line for people.
pub(super) fn line(kind: &NoticeKind) -> String {
    let device = |microphone: bool| if microphone { "microphone" } else { "speaker" };
    match kind {
        NoticeKind::Failed(problem) => pilot::sentence(problem),
        NoticeKind::DeviceChanged { microphone, name } => format!("The {} is now {name}", device(*microphone)),
        NoticeKind::DeviceLost { microphone } => format!("The {} is gone", device(*microphone)),
        NoticeKind::HandStillUp => "You speak, and your hand is still up".to_owned(),
        NoticeKind::MutedWhileSpeaking => "Somebody speaks into the closed microphone".to_owned(),
        NoticeKind::MissedWhileBusy(user) => format!("{user} called meanwhile and was told that the line is busy"),
        NoticeKind::Group(GroupNotice { group, by, what }) => match what {
            GroupNews::Added => format!("{by} brought you into {group}"),
            GroupNews::Removed => format!("{by} removed you from {group}"),
            GroupNews::Dismissed => format!("{by} dismissed {group}"),
            GroupNews::LetIn => format!("You are in {group} now"),
            GroupNews::TurnedDown(reason) => {
                format!("{group} declined your application {reason}").trim_end().to_owned()
            }
            GroupNews::NowOwner => format!("{by} handed {group} over to you"),
            GroupNews::NowAdmin => format!("{by} made you an administrator of {group}"),
            GroupNews::Applicant(_) => format!("{by} wants to join {group}"),
        },
    }
}
