//! Lines for people.

use std::collections::BTreeMap;

use crate::{
    call::{CallView, Direction, Network, Phase},
    engine::{
        Engine, EngineEvent, State,
        state::{ConnectStep, GroupNews, GroupNotice, NoticeKind, Session},
    },
    protocol::InviteId,
};

use super::{Mode, pilot};

/// Prints what changes.
#[derive(Default)]
pub(crate) struct Plain {
    session: Option<String>,
    calls: BTreeMap<InviteId, Phase>,
    notice: u64,
}

impl Mode for Plain {
    fn state(&mut self, state: &State) {
        if let Some(line) = session_line(state)
            && self.session.as_ref() != Some(&line)
        {
            println!("{line}");
            self.session = Some(line);
        }
        for view in state.calls.iter() {
            if self.calls.insert(view.call_id.clone(), view.phase) != Some(view.phase) {
                println!("{}", call_line(state, view));
            }
        }
        self.calls.retain(|call, _| state.calls.iter().any(|view| view.call_id == *call));
        for notice in state.notices.iter().filter(|notice| notice.id > self.notice) {
            println!("{}", notice_line(&notice.kind));
        }
        self.notice = state.notices.iter().map(|notice| notice.id).fold(self.notice, u64::max);
    }

    fn event(&mut self, _: Result<EngineEvent, u64>) {}

    async fn input(&mut self, _: &Engine) -> Option<()> {
        std::future::pending().await
    }

    async fn end(&mut self, problem: Option<&str>) {
        if let Some(problem) = problem {
            eprintln!("{problem}");
        }
    }
}

fn session_line(state: &State) -> Option<String> {
    Some(match &state.session {
        Session::Starting | Session::SignedOut { .. } | Session::CertificateChanged { .. } => return None,
        Session::Connecting(ConnectStep::StartingServer) => "Starting the server".to_owned(),
        Session::Connecting(ConnectStep::Reaching) => "Connecting".to_owned(),
        Session::Connecting(ConnectStep::SigningIn) => "Signing in".to_owned(),
        Session::Connecting(ConnectStep::Catching) => "Catching up".to_owned(),
        Session::Online => match &state.me {
            Some(me) => format!("Online as {} at {}", me.user, me.server),
            None => "Online".to_owned(),
        },
        Session::Offline { problem, .. } => format!("Offline: {}", pilot::sentence(problem)),
    })
}

fn call_line(state: &State, view: &CallView) -> String {
    let peer = state.name_of(&view.peer);
    match view.phase {
        Phase::Calling => format!("Calling {peer}"),
        Phase::Ringing => format!("Ringing at {peer}"),
        Phase::Incoming => format!("Incoming call from {peer}"),
        Phase::Connecting => format!("Connecting with {peer}"),
        Phase::InCall if view.network == Network::Weak => format!("Talking with {peer}, weak connection"),
        Phase::InCall => format!("Talking with {peer}"),
        Phase::Reconnecting if view.network == Network::Lost => format!("Reconnecting with {peer}"),
        Phase::Reconnecting => format!("Waiting until {peer} reconnects"),
        Phase::Ended => {
            let who = if view.direction == Direction::Outgoing { "to" } else { "from" };
            format!("Call {who} {peer} is over: {}", pilot::end_words(view))
        }
    }
}

fn notice_line(kind: &NoticeKind) -> String {
    let device = |microphone: bool| if microphone { "microphone" } else { "speaker" };
    match kind {
        NoticeKind::Failed(problem) => pilot::sentence(problem),
        NoticeKind::DeviceChanged { microphone, name } => format!("The {} is now {name}", device(*microphone)),
        NoticeKind::DeviceLost { microphone } => format!("The {} is gone", device(*microphone)),
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
