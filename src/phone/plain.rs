//! Lines for people.

use std::collections::BTreeMap;

use crate::{
    call::{CallView, Direction, Network, Phase},
    engine::{
        Engine, EngineEvent, State,
        state::{ConnectStep, Session},
    },
    protocol::InviteId,
};

use super::{
    Mode,
    notices::{self, Notices},
    pilot,
};

/// Prints what changes.
#[derive(Default)]
pub(crate) struct Plain {
    session: Option<String>,
    calls: BTreeMap<InviteId, String>,
    notices: Notices,
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
            let line = call_line(state, view);
            if self.calls.get(&view.call_id) != Some(&line) {
                println!("{line}");
                self.calls.insert(view.call_id.clone(), line);
            }
        }
        self.calls.retain(|call, _| state.calls.iter().any(|view| view.call_id == *call));
        for kind in self.notices.fresh(state) {
            println!("{}", notices::line(kind));
        }
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
        Phase::InCall if view.lesson.is_some() => "In the lesson".to_owned(),
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
