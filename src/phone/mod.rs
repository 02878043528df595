//! A phone without a window: the engine of the app, driven from the command line or by JSON-RPC over stdin and stdout.
//!
//! What lives here: arguments, what the phone does by itself ([`pilot`]), lines for people ([`plain`]) and for programs
//! ([`json`], lessons in [`class`]), short messages for both ([`notices`]), and which wishes are refused at once
//! ([`taken`]). What may not come in: call logic; a phone sends commands and reads the state like any front end.

mod args;
mod class;
mod groups;
mod json;
mod lines;
mod notices;
mod pilot;
mod plain;
mod taken;

use std::{process::ExitCode, sync::Arc, time::Duration};

use tokio::sync::broadcast;

use crate::engine::{Engine, EngineConfig, EngineEvent, Overrides, SignInForm, State, profile};

pub use args::PhoneArgs;
use pilot::{Pilot, Verdict};

/// How long `--call` waits for the first connection to the server.
const FIRST_CONTACT: Duration = Duration::from_secs(15);
/// How long the end of a placed call is waited for in the log, so that it is stored before the program ends.
const LOG_ROW: Duration = Duration::from_secs(2);

/// What a mode makes of the engine's news.
trait Mode {
    /// The state is a new one.
    fn state(&mut self, state: &State);
    /// Something happened.
    fn event(&mut self, event: Result<EngineEvent, u64>);
    /// Something came from the program's user; `None` wants the phone to end.
    fn input(&mut self, engine: &Engine) -> impl Future<Output = Option<()>>;
    /// The phone ends; a sentence if something went wrong.
    fn end(&mut self, problem: Option<&str>) -> impl Future<Output = ()>;
}

/// Runs a phone until it is done or told to end.
pub fn run(args: &PhoneArgs) -> ExitCode {
    match start(args) {
        Ok((engine, runtime)) => {
            let code = runtime.block_on(async {
                if args.json {
                    drive(args, &engine, json::Json::start()).await
                } else {
                    drive(args, &engine, plain::Plain::default()).await
                }
            });
            engine.shutdown();
            // A thread may still wait for a line on stdin.
            runtime.shutdown_background();
            code
        }
        Err(problem) => {
            eprintln!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &PhoneArgs) -> anyhow::Result<(Engine, tokio::runtime::Runtime)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let data_dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => profile::default_data_dir()
            .ok_or_else(|| anyhow::anyhow!("This system has no folder for data; name one with --data-dir."))?,
    };
    let form = SignInForm {
        new_account: true,
        user: args.user.to_string(),
        display_name: args.display_name.clone().unwrap_or_else(|| args.user.to_string()),
        password: args.password.clone().unwrap_or_default(),
    };
    let engine = Engine::start(EngineConfig {
        profile: args.profile.clone().unwrap_or_else(|| profile::name_for_user("phone-", &args.user)),
        data_dir,
        on_change: Arc::new(|| {}),
        overrides: Overrides {
            microphone: args.microphone.clone(),
            speaker: args.speaker.clone(),
            ring_device: args.ring_device(),
            voice: args.voice.overrides(),
            sign_in: Some((args.server.clone(), form)),
            insecure: args.insecure,
            ring_timeout_s: args.ring_timeout,
            no_discovery: true,
            host_listen: None,
        },
    })?;
    Ok((engine, runtime))
}

async fn drive(args: &PhoneArgs, engine: &Engine, mut mode: impl Mode) -> ExitCode {
    let mut states = engine.watch();
    let mut events = engine.events();
    let mut pilot = Pilot::new(args);
    let stop = stop_signal();
    let patience = tokio::time::sleep(FIRST_CONTACT);
    tokio::pin!(stop, patience);
    let verdict = loop {
        let state = states.borrow_and_update().clone();
        mode.state(&state);
        let (commands, verdict) = pilot.step(&state);
        for command in commands {
            engine.send(command);
        }
        if let Some(verdict) = verdict {
            break verdict;
        }
        tokio::select! {
            biased;
            () = &mut stop => break Verdict::Done,
            event = events.recv() => match event {
                Ok(event) => mode.event(Ok(event)),
                Err(broadcast::error::RecvError::Lagged(lost)) => mode.event(Err(lost)),
                Err(broadcast::error::RecvError::Closed) => break Verdict::Failed("The engine has ended.".into()),
            },
            changed = states.changed() => if changed.is_err() {
                break Verdict::Failed("The engine has ended.".into());
            },
            wish = mode.input(engine) => if wish.is_none() {
                break Verdict::Done;
            },
            () = &mut patience, if pilot.waits_for_contact() => break Verdict::Failed(pilot::no_contact(&state)),
        }
    };
    if let Some(call) = pilot.placed() {
        // The end of the call reaches the log a moment after the call's own end.
        let stored = states.wait_for(|state| {
            state.log.iter().any(|row| row.call_id == *call && row.result.is_some())
                || state.calls.iter().any(|view| view.call_id == *call && view.is_live())
        });
        let _ = tokio::time::timeout(LOG_ROW, stored).await;
    }
    match verdict {
        Verdict::Done => {
            mode.end(None).await;
            ExitCode::SUCCESS
        }
        Verdict::Failed(problem) => {
            mode.end(Some(&problem)).await;
            ExitCode::FAILURE
        }
    }
}

/// Comes back when the system asks the program to end.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "SIGTERM cannot be caught"),
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
    #[cfg(unix)]
    std::future::pending::<()>().await;
}
