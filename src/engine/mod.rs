//! The engine: one actor that ties client, call machine and sound together on a runtime of its own.
//!
//! Front ends (window, phone) send [`Command`]s, and read an immutable [`State`] that is replaced as a whole at every
//! change, plus a stream of events for whoever wants a stream. What may not come in: anything that draws, prints or parses
//! arguments.

mod actor;
mod calls;
pub mod command;
mod devices;
mod entry;
mod favourites;
mod group_calls;
mod groups;
mod hosting;
mod lessons;
mod notices;
mod people;
pub mod picture;
pub mod profile;
mod publish;
mod quiet;
mod requests;
pub mod ring;
mod session;
pub mod settings;
mod sound;
mod speakers;
pub mod state;
mod status;

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    call::CallView,
    media::spec::DeviceSpec,
    protocol::{ApiError, Code, Delivery, Request},
};

pub use command::{Command, GroupCommand, LessonCommand, SignInForm};
pub use profile::ProfileError;
pub use settings::Settings;
pub use state::State;

/// Commands that may wait. A person cannot fill this; a program that does loses the newest.
const COMMANDS: usize = 256;
/// Events that a slow reader may be behind before it loses some (and is told so).
const EVENTS: usize = 4096;
/// How long leaving calls and closing connections may take at the end.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// Called after every change of the state, from the engine's thread: asks a window to draw.
pub type OnChange = Arc<dyn Fn() + Send + Sync>;

/// What an engine starts with.
#[derive(Clone)]
pub struct EngineConfig {
    /// Whose identity, settings and log.
    pub profile: String,
    /// The folder of all profiles; [`profile::default_data_dir`] is the system's.
    pub data_dir: PathBuf,
    /// Told after every change.
    pub on_change: OnChange,
    /// What goes before the profile.
    pub overrides: Overrides,
}

/// What the command line may fix for one run. Nothing of it is stored as a setting.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The microphone.
    pub microphone: Option<DeviceSpec>,
    /// The speaker for voices.
    pub speaker: Option<DeviceSpec>,
    /// The device for the ringtone.
    pub ring_device: Option<DeviceSpec>,
    /// What is done to voices.
    pub voice: VoiceOverrides,
    /// Sign in here as this user: with the token of the profile if it has one, else by signing up.
    pub sign_in: Option<(String, SignInForm)>,
    /// Allow connections without TLS (tests on loopback).
    pub insecure: bool,
    /// How long an invitation rings, seconds; otherwise the machine's own 30.
    pub ring_timeout_s: Option<u32>,
    /// Neither announce the embedded server on the local network nor look for others (tests).
    pub no_discovery: bool,
    /// Where the embedded server listens instead of on all addresses.
    pub host_listen: Option<std::net::SocketAddr>,
}

/// What the command line may switch off, or on, about what is done to voices.
#[derive(Clone, Copy, Debug, Default)]
pub struct VoiceOverrides {
    /// Echo stays.
    pub no_echo_cancelling: bool,
    /// Noise stays.
    pub no_noise_suppression: bool,
    /// The own voice stays as loud as it is.
    pub no_gain_control: bool,
    /// What is deeper than a voice stays.
    pub no_high_pass: bool,
    /// The voices of others stay as loud as they are.
    pub no_levelling: bool,
    /// Music instead of speech.
    pub music: bool,
}

/// A setting that is on or off.
type Switch = fn(&mut Settings) -> &mut bool;

impl VoiceOverrides {
    /// For each: whether it is fixed, which setting, and to what.
    fn fixed(self) -> [(bool, Switch, bool); 6] {
        [
            (self.no_echo_cancelling, |settings| &mut settings.echo_cancelling, false),
            (self.no_noise_suppression, |settings| &mut settings.noise_suppression, false),
            (self.no_gain_control, |settings| &mut settings.gain_control, false),
            (self.no_high_pass, |settings| &mut settings.high_pass, false),
            (self.no_levelling, |settings| &mut settings.levelling, false),
            (self.music, |settings| &mut settings.music_mode, true),
        ]
    }
}

/// What happens, one by one: for programs that need each step instead of the newest picture.
#[derive(Clone, Debug)]
pub enum EngineEvent {
    /// A callback of the specification, or one of the server's other notifications. Never history.
    Callback(Arc<Delivery>),
    /// A call is new or has changed.
    CallChanged(Arc<CallView>),
}

/// A request that is to be passed on to the server as it is.
pub(crate) struct RawRequest {
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Result<serde_json::Value, ApiError>>,
}

/// A running engine. Ends cleanly when dropped.
pub struct Engine {
    commands: mpsc::Sender<Command>,
    requests: mpsc::Sender<RawRequest>,
    state: watch::Receiver<Arc<State>>,
    events: broadcast::Sender<EngineEvent>,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine. Everything that can take long happens behind the first state, [`state::Session::Starting`].
    ///
    /// # Errors
    /// If the profile cannot be used, most likely because another window or phone has it.
    pub fn start(config: EngineConfig) -> Result<Self, ProfileError> {
        let profile = profile::Profile::open(&config.data_dir, &config.profile)?;
        let settings = profile.settings()?;
        let (commands, commands_in) = mpsc::channel(COMMANDS);
        let (requests, requests_in) = mpsc::channel(COMMANDS);
        let first = State { profile: config.profile.clone(), settings: Arc::new(settings), ..State::default() };
        let (publish, state) = watch::channel(Arc::new(first));
        let events = broadcast::Sender::new(EVENTS);
        let stop = CancellationToken::new();
        let inputs = actor::Inputs { commands: commands_in, requests: requests_in, stop: stop.clone() };
        let outputs = actor::Outputs { state: publish, events: events.clone(), on_change: config.on_change };
        let overrides = config.overrides;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("ahoy-engine")
            .enable_all()
            .build()
            .map_err(|error| ProfileError::Folder { path: config.data_dir, error })?;
        let thread = thread::spawn(move || {
            runtime.block_on(actor::run(profile, overrides, inputs, outputs));
            runtime.shutdown_timeout(SHUTDOWN);
        });
        Ok(Self { commands, requests, state, events, stop, thread: Some(thread) })
    }

    /// Says a wish. Never blocks; after the end of the engine nothing happens.
    pub fn send(&self, command: Command) {
        if let Err(error) = self.commands.try_send(command) {
            tracing::warn!(%error, "a command is lost");
        }
    }

    /// The newest picture.
    pub fn state(&self) -> Arc<State> {
        self.state.borrow().clone()
    }

    /// The newest picture, and a way to wait for the next.
    pub fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.state.clone()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<EngineEvent> {
        self.events.subscribe()
    }

    /// Passes a request of the specification on to the server, and its reply back.
    ///
    /// # Errors
    /// The server's own, [`Code::NotInitialized`] before the engine has a server, [`Code::NotLoggedIn`] while it is not
    /// signed in, [`Code::FrequencyLimit`] when too many wait.
    pub fn request(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<serde_json::Value, ApiError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.try_send(RawRequest { request, reply });
        async move {
            match sent {
                Ok(()) => answer.await.unwrap_or_else(|_| {
                    Err(ApiError::new(Code::NotInitialized, "The engine has ended; start it again."))
                }),
                Err(_) => Err(ApiError::new(
                    Code::FrequencyLimit,
                    "Too many requests wait for their answers; wait for some before you ask more.",
                )),
            }
        }
    }

    /// Leaves calls, closes connections and stores everything; comes back when that is done.
    pub fn shutdown(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the engine ended with a panic");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
