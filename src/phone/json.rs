//! Lines for programs: JSON-RPC 2.0 over stdin and stdout. Nothing else ever goes to stdout.

use std::io::{BufRead, Write};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    call::{CallView, Phase},
    engine::{
        Command, Engine, EngineEvent, LessonCommand, Settings, State,
        state::{AudioProblem, ConnectStep, EchoState, NoiseState, Problem, Processing, Quality, Session, Transport},
    },
    media::spec::DeviceSpec,
    protocol::{ApiError, Code, InviteId, rpc},
};

use super::{
    Mode, class, groups,
    lines::{self, Ask, BadLine, LINE_MAX_BYTES, Line},
    notices::{self, Notices},
    taken,
};

/// Lines that wait in either direction. A program that does not read what it is told slows the phone's news down, not
/// its calls.
const QUEUE: usize = 256;

/// A line of stdin.
enum Raw {
    Text(String),
    TooLong,
}

/// The JSON mode.
pub(crate) struct Json {
    lines: mpsc::Receiver<Raw>,
    out: mpsc::UnboundedSender<String>,
    writer: Option<std::thread::JoinHandle<()>>,
    summary: Value,
    notices: Notices,
}

impl Json {
    /// Starts to read stdin.
    pub(crate) fn start() -> Self {
        let (feed, lines) = mpsc::channel(QUEUE);
        std::thread::spawn(move || read_lines(std::io::stdin().lock(), |line| feed.blocking_send(line).is_ok()));
        // Bounded by what the engine's own queues let through: replies by the requests that may wait, news by the
        // event queue, which drops and says so.
        let (out, mut texts) = mpsc::unbounded_channel::<String>();
        let writer = std::thread::spawn(move || {
            let mut stdout = std::io::stdout().lock();
            while let Some(text) = texts.blocking_recv() {
                if writeln!(stdout, "{text}").and_then(|()| stdout.flush()).is_err() {
                    // Nobody reads any more; the end of stdin will tell what that means.
                    break;
                }
            }
        });
        Self { lines, out, writer: Some(writer), summary: Value::Null, notices: Notices::default() }
    }

    fn say(&self, text: String) {
        // The writer is gone only if nobody reads stdout.
        let _ = self.out.send(text);
    }

    fn act(&self, engine: &Engine, id: Option<Value>, ask: Ask) -> Option<()> {
        let mut quit = false;
        let outcome = match class::resolve(&engine.state(), ask) {
            Err(error) => Err(error),
            Ok(Ask::Protocol(request)) => {
                let (answer, out) = (engine.request(request), self.out.clone());
                tokio::spawn(async move {
                    let outcome = answer.await;
                    if let Some(id) = id {
                        let _ = out.send(lines::reply(&id, &outcome));
                    }
                });
                return Some(());
            }
            Ok(Ask::Quit) => {
                quit = true;
                Ok(json!({}))
            }
            Ok(ask) => command(engine, &engine.state(), ask),
        };
        if let Some(id) = id {
            self.say(lines::reply(&id, &outcome));
        }
        (!quit).then_some(())
    }
}

impl Mode for Json {
    fn state(&mut self, state: &State) {
        let summary = summary(state);
        if summary != self.summary {
            self.say(rpc::notification("stateChanged", &summary));
            self.summary = summary;
        }
        for kind in self.notices.fresh(state) {
            self.say(rpc::notification("notice", &notices::json(kind)));
        }
    }

    fn event(&mut self, event: Result<EngineEvent, u64>) {
        self.say(match event {
            Ok(EngineEvent::Callback(delivery)) => delivery.to_wire(),
            Ok(EngineEvent::CallChanged(view)) => rpc::notification("callChanged", &*view),
            Err(lost) => rpc::notification("eventsLost", &json!({ "count": lost })),
        });
    }

    async fn input(&mut self, engine: &Engine) -> Option<()> {
        // The end of stdin is the end of the phone.
        let parsed = match self.lines.recv().await? {
            Raw::Text(text) if text.trim().is_empty() => return Some(()),
            Raw::Text(text) => lines::parse(&text),
            Raw::TooLong => {
                let message = format!("The line is longer than {LINE_MAX_BYTES} bytes.");
                Err(BadLine { id: Value::Null, error: ApiError::new(Code::InvalidRequest, message) })
            }
        };
        match parsed {
            Ok(Line { id, ask }) => self.act(engine, id, ask),
            Err(BadLine { id, error }) => {
                self.say(lines::reply(&id, &Err(error)));
                Some(())
            }
        }
    }

    async fn end(&mut self, problem: Option<&str>) {
        if let Some(problem) = problem {
            eprintln!("{problem}");
        }
        // What was said is written before the program ends; answers still under way are dropped with their requests.
        self.out = mpsc::unbounded_channel().0;
        if let Some(writer) = self.writer.take() {
            let written = tokio::task::spawn_blocking(move || writer.join());
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), written).await;
        }
    }
}

/// Does what the phone itself is asked.
fn command(engine: &Engine, state: &State, ask: Ask) -> Result<Value, ApiError> {
    let done = |command| {
        engine.send(command);
        Ok(json!({}))
    };
    let change = |change: &dyn Fn(&mut Settings)| {
        let mut settings = Settings::clone(&state.settings);
        change(&mut settings);
        done(Command::ChangeSettings(Box::new(settings)))
    };
    let of = |call: InviteId| json!({ "callID": call });
    match ask {
        Ask::Call(_)
        | Ask::CallGroup(..)
        | Ask::JoinCall(_)
        | Ask::Lesson(LessonCommand::Start { .. } | LessonCommand::ShowReports(_))
            if state.session != Session::Online =>
        {
            Err(ApiError::new(Code::NotLoggedIn, "The phone is not online; wait for stateChanged."))
        }
        Ask::Call(_) | Ask::CallGroup(..) | Ask::JoinCall(_) | Ask::Lesson(LessonCommand::Start { .. })
            if taken::is_one_too_many(&state.calls, &ask) =>
        {
            Err(ApiError::new(Code::InvalidOperation, "There is a call already; hang up first."))
        }
        Ask::Call(users) => done(Command::CallPeople(users)),
        Ask::CallGroup(group, users) => done(Command::CallGroup { group, users }),
        Ask::JoinCall(group) if !state.group_calls.iter().any(|call| call.group == group) => {
            Err(ApiError::new(Code::NotFound, "There is no call in this group (any more)."))
        }
        Ask::JoinCall(group) => done(Command::JoinCall(group)),
        Ask::Lesson(wish) => done(Command::Lesson(wish)),
        Ask::AddToCall(call, users) => {
            let call = find(state, call, CallView::is_live, "There is no such call, or it is over.")?;
            engine.send(Command::AddToCall { call: call.clone(), users });
            Ok(of(call))
        }
        Ask::StopRinging(call, users) => {
            let call = find(state, call, CallView::is_live, "There is no such call, or it is over.")?;
            engine.send(Command::StopRinging { call: call.clone(), users });
            Ok(of(call))
        }
        Ask::Answer(call) => {
            let call = find(state, call, |view| view.phase == Phase::Incoming, "No call rings here.")?;
            engine.send(Command::Accept(call.clone()));
            Ok(of(call))
        }
        Ask::Decline(call) => {
            let call = find(state, call, |view| view.phase == Phase::Incoming, "No call rings here.")?;
            engine.send(Command::Reject(call.clone()));
            Ok(of(call))
        }
        Ask::Hold(call) => {
            let call = find(state, call, CallView::is_talk, "There is no talk that could be put on hold.")?;
            engine.send(Command::Hold(call.clone()));
            Ok(of(call))
        }
        Ask::Resume(call) => {
            let held = |view: &CallView| view.is_live() && view.on_hold;
            let call = find(state, call, held, "No call is on hold here.")?;
            engine.send(Command::Resume(call.clone()));
            Ok(of(call))
        }
        Ask::SetCallWaiting(on) => change(&|settings| settings.call_waiting = on),
        Ask::HangUp(call) => {
            let call = find(state, call, CallView::is_live, "There is no such call, or it is over.")?;
            engine.send(Command::HangUp(call.clone()));
            Ok(of(call))
        }
        Ask::SetMuted(muted) => done(Command::SetMuted(muted)),
        Ask::SetMicrophone(device) => change(&|settings| settings.microphone = device.clone()),
        Ask::SetSpeaker(device) => change(&|settings| {
            settings.ring_device =
                if matches!(device, DeviceSpec::File(_)) { DeviceSpec::Null } else { device.clone() };
            settings.speaker = device.clone();
        }),
        Ask::GetState => Ok(picture(state)),
        Ask::GetLog => Ok(json!({ "rows": *state.log })),
        Ask::GetStats => Ok(stats(state)),
        Ask::Protocol(_) | Ask::OfLesson(_) | Ask::EndLesson(_) | Ask::Quit => {
            Err(ApiError::new(Code::Internal, "Not a command of the phone."))
        }
    }
}

fn find(
    state: &State,
    call: Option<InviteId>,
    fits: impl Fn(&CallView) -> bool,
    otherwise: &str,
) -> Result<InviteId, ApiError> {
    let wanted = |view: &&CallView| fits(view) && call.as_ref().is_none_or(|call| *call == view.call_id);
    let found = state.calls.iter().find(wanted).map(|view| view.call_id.clone());
    found.ok_or_else(|| ApiError::new(Code::InvalidInviteId, otherwise))
}

fn problem(problem: &Problem) -> Value {
    json!({ "code": problem.code, "message": problem.detail })
}

/// Where the phone stands, without what changes all the time.
fn summary(state: &State) -> Value {
    let (session, reason) = match &state.session {
        Session::Starting => ("starting", Value::Null),
        Session::SignedOut { problem: reason } => ("signedOut", reason.as_ref().map_or(Value::Null, problem)),
        Session::Connecting(step) => (
            match step {
                ConnectStep::StartingServer => "startingServer",
                ConnectStep::Reaching => "connecting",
                ConnectStep::SigningIn => "signingIn",
                ConnectStep::Catching => "catchingUp",
            },
            Value::Null,
        ),
        Session::CertificateChanged { pinned, shown, .. } => {
            ("certificateChanged", json!({ "pinned": pinned, "shown": shown }))
        }
        Session::Online => ("online", Value::Null),
        Session::Offline { problem: reason, .. } => ("offline", problem(reason)),
    };
    json!({
        "session": session,
        "problem": reason,
        "user": state.me.as_ref().map(|me| me.user.as_str()),
        "server": state.me.as_ref().map(|me| me.server.as_str()),
        "muted": state.audio.muted,
        "microphone": state.audio.microphone_in_use,
        "speaker": state.audio.speaker_in_use,
        "audioProblem": state.audio.problem.map(|problem| match problem {
            AudioProblem::NoMicrophone => "noMicrophone",
            AudioProblem::NoSpeaker => "noSpeaker",
            AudioProblem::NoDevices => "noDevices",
            AudioProblem::MicrophoneLost => "microphoneLost",
            AudioProblem::SpeakerLost => "speakerLost",
        }),
        "doNotDisturb": state.status.holds(),
        "missedUnseen": state.missed_unseen,
    })
}

fn picture(state: &State) -> Value {
    let mut picture = summary(state);
    let people: Vec<Value> = state
        .people
        .iter()
        .map(|person| json!({ "userID": person.user, "displayName": person.display_name, "presence": person.presence }))
        .collect();
    if let Some(fields) = picture.as_object_mut() {
        fields.insert("calls".into(), state.calls.iter().map(|call| class::call(state, call)).collect());
        fields.insert("reports".into(), class::reports(state));
        fields.insert("people".into(), people.into());
        fields.insert("favourites".into(), json!(*state.favourites));
        fields.insert("oftenCalled".into(), json!(*state.often_called));
        fields.insert("groups".into(), state.groups.iter().map(groups::group).collect());
        fields.insert("groupCalls".into(), state.group_calls.iter().map(groups::call).collect());
        fields.insert("nowMs".into(), state.now_ms.into());
    }
    picture
}

fn stats(state: &State) -> Value {
    let audio = &state.audio;
    let participants: Vec<Value> = audio
        .participants
        .iter()
        .map(|heard| {
            json!({
                "sourceID": heard.source,
                "levelDbfs": heard.level_dbfs,
                "volume": heard.volume,
                "concealed": heard.concealed,
                "playoutDelayMs": heard.playout_delay_ms,
            })
        })
        .collect();
    let link = audio.link.map(|link| {
        json!({
            "transport": link.transport.map(|transport| match transport {
                Transport::Quic => "quic",
                Transport::WebSocket => "webSocket",
            }),
            "rttMs": link.rtt_ms,
            "lossUp": link.loss_up,
            "lossDown": link.loss_down,
            "jitterUpMs": link.jitter_up_ms,
            "jitterDownMs": link.jitter_down_ms,
            "loss": link.loss,
            "jitterMs": link.jitter_ms,
            "quality": match link.verdict {
                Quality::Good => "good",
                Quality::Weak => "weak",
                Quality::Bad => "bad",
                Quality::Down => "down",
            },
        })
    });
    json!({
        "microphoneLevelDbfs": audio.microphone_level_dbfs,
        "participants": participants,
        "link": link,
        "processing": audio.processing.as_ref().map(processing),
    })
}

fn processing(processing: &Processing) -> Value {
    json!({
        "music": processing.music,
        "highPass": processing.high_pass,
        "echo": match processing.echo {
            EchoState::Off => json!({ "state": "off" }),
            EchoState::Learning => json!({ "state": "learning" }),
            EchoState::On { delay_ms, erle_db } => json!({ "state": "on", "delayMs": delay_ms, "erleDb": erle_db }),
        },
        "noise": match processing.noise {
            NoiseState::Off => "off",
            NoiseState::Calm => "calm",
            NoiseState::On => "on",
        },
        "gainDb": processing.gain_db,
        "levelling": processing.levelling,
    })
}

/// Hands over line by line until the end, an error, or until nobody takes them. No line takes more memory than the
/// longest one allowed.
fn read_lines(mut input: impl BufRead, mut take: impl FnMut(Raw) -> bool) {
    let (mut line, mut too_long) = (Vec::new(), false);
    loop {
        let (used, ended, done) = match input.fill_buf() {
            Ok(chunk) if !chunk.is_empty() => {
                let end = chunk.iter().position(|byte| *byte == b'\n');
                let part = &chunk[..end.unwrap_or(chunk.len())];
                too_long |= line.len() + part.len() > LINE_MAX_BYTES;
                if too_long {
                    line.clear();
                } else {
                    line.extend_from_slice(part);
                }
                (part.len() + usize::from(end.is_some()), end.is_some(), false)
            }
            // A last line without its end counts, too.
            Ok(_) => (0, true, true),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::warn!(%error, "stdin cannot be read");
                return;
            }
        };
        input.consume(used);
        if ended {
            let raw = if too_long { Raw::TooLong } else { Raw::Text(String::from_utf8_lossy(&line).into_owned()) };
            line.clear();
            too_long = false;
            if !take(raw) || done {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(input: &[u8]) -> Vec<Option<String>> {
        let mut lines = Vec::new();
        read_lines(input, |line| {
            lines.push(match line {
                Raw::Text(text) => Some(text),
                Raw::TooLong => None,
            });
            true
        });
        lines
    }

    #[test]
    fn lines_are_told_apart_and_bounded() {
        assert_eq!(lines_of(b"a\nb"), [Some("a".into()), Some("b".into())]);
        let mut input = vec![b'x'; LINE_MAX_BYTES + 1];
        input.extend_from_slice(b"\nnext\n\xff\n");
        assert_eq!(lines_of(&input), [None, Some("next".into()), Some("\u{fffd}".into()), Some(String::new())]);
    }

    #[test]
    fn levels_are_no_change_of_state() {
        let mut state = State::default();
        let before = summary(&state);
        state.audio.microphone_level_dbfs = -20.0;
        state.now_ms = 5;
        assert_eq!(summary(&state), before);
        state.audio.muted = true;
        assert_ne!(summary(&state), before);
    }
}
