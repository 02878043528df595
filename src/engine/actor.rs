//! The actor: one loop that owns everything and waits for commands, answers, events and time. It never awaits anything
//! else; whatever takes longer runs in a task and comes back as a [`Message`].

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
    time::sleep_until,
};
use tokio_util::sync::CancellationToken;

use crate::{
    call::{Input, LogRow, RequestReply, Ticket},
    client::{ClientEvent, ConnectError, discovery::Found},
    media::{self, AudioNotice, Devices, tones::RingCue},
    protocol::{
        ApiError, Code, Fingerprint,
        api::{Credentials, DeviceList, Favourites},
        event::UserStatus,
    },
};

use super::{
    Command, EngineEvent, OnChange, Overrides, ProfileError, RawRequest, Settings, State,
    calls::Calls,
    devices,
    group_calls::GroupCalls,
    groups::{self, Groups, News},
    lessons::{self, Reminder, Reports},
    notices::Notices,
    people::People,
    profile::Profile,
    session::Link,
    sound::{Desk, is_korean},
    speakers::Speakers,
    state::{NoticeKind, Problem, Session},
    status::Watch,
};

/// Answers and events that wait for the actor.
const INBOX: usize = 1024;
/// Messages handled in one go before the state is published and the log stored.
const BATCH: usize = 256;
/// Between two looks at the levels, ms: about 15 a second.
const LEVELS_MS: u64 = 66;
/// Between two looks at the devices while some are open, ms.
const DEVICES_MS: u64 = 5_000;
/// What the actor reads.
pub(super) struct Inputs {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) requests: mpsc::Receiver<RawRequest>,
    pub(super) stop: CancellationToken,
}

/// Where it tells.
pub(super) struct Outputs {
    pub(super) state: watch::Sender<Arc<State>>,
    pub(super) events: broadcast::Sender<EngineEvent>,
    pub(super) on_change: OnChange,
}

/// What tasks bring back. Those with a generation belong to one session, and come to nothing after it.
pub(super) enum Message {
    /// The client's news.
    Client(u64, ClientEvent),
    /// Signing up or in is over.
    Entered(u64, Result<(Credentials, Option<Fingerprint>), ConnectError>),
    /// The embedded server runs, or does not.
    Server(u64, Result<Box<super::hosting::Embedded>, String>),
    /// A request of the call machine was answered.
    Reply(u64, Ticket, Result<RequestReply, ApiError>),
    /// A page of people.
    People(u64, Vec<UserStatus>),
    /// The user's devices.
    OwnDevices(u64, Result<DeviceList, ApiError>),
    /// The user's favourites.
    Favourites(u64, Result<Favourites, ApiError>),
    /// The display name was changed.
    Renamed(u64, String),
    /// Answers about groups.
    Groups(u64, News),
    /// Answers about lessons.
    Lessons(u64, lessons::News),
    /// A request of the person failed.
    Failed(ApiError),
    /// News of the sound floor.
    Sound(AudioNotice),
    /// The devices of this computer.
    Devices(Devices),
    /// Servers on the local network.
    Found(Arc<[Found]>),
}

/// Everything there is.
pub(super) struct Actor {
    pub(super) profile: Profile,
    pub(super) overrides: Overrides,
    /// The stored settings with the overrides of this run on top.
    pub(super) settings: Arc<Settings>,
    /// The next picture, as far as it is kept and not derived.
    pub(super) draft: State,
    pub(super) link: Link,
    pub(super) calls: Calls,
    pub(super) people: People,
    pub(super) listing_own: devices::Listing,
    pub(super) watch: Watch,
    /// The rows of the log whose calls were counted last; `None`: count again.
    pub(super) counted: Option<Arc<Vec<LogRow>>>,
    pub(super) groups: Groups,
    pub(super) group_calls: GroupCalls,
    pub(super) speakers: Speakers,
    pub(super) listing: groups::Listing,
    pub(super) reports: Reports,
    pub(super) reminder: Reminder,
    pub(super) desk: Desk,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) outputs: Outputs,
    started: Instant,
    /// What the stream of events is told after the next publication.
    pub(super) news: Vec<EngineEvent>,
    notices: Notices,
    listing_devices: bool,
    devices_at_ms: u64,
    pub(super) published_second: u64,
    /// Sessions of sound that are being closed: recordings are complete when these are done.
    pub(super) closing: Vec<JoinHandle<()>>,
}

/// Runs an engine to its end.
pub(super) async fn run(profile: Profile, overrides: Overrides, inputs: Inputs, outputs: Outputs) {
    let Inputs { mut commands, mut requests, stop } = inputs;
    let (inbox, mut messages) = mpsc::channel(INBOX);
    let mut actor = match Actor::new(profile, overrides, outputs, inbox) {
        Ok(actor) => actor,
        Err(error) => {
            tracing::error!(%error, "the profile cannot be read");
            return;
        }
    };
    actor.list_devices();
    actor.boot();
    loop {
        actor.settle();
        let wake = actor.next_wake();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(command) = commands.recv() => {
                if matches!(command, Command::Shutdown) {
                    break;
                }
                actor.command(command);
            }
            Some(message) = messages.recv() => {
                actor.message(message);
                // What is there already is taken together: one publication, one write of the log.
                for _ in 0..BATCH {
                    let Ok(message) = messages.try_recv() else { break };
                    actor.message(message);
                }
            }
            Some(request) = requests.recv() => actor.raw_request(request),
            () = wait_for(wake) => actor.tick(),
        }
    }
    actor.goodbye(&mut messages).await;
}

async fn wait_for(wake: Option<Instant>) {
    match wake {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl Actor {
    fn new(
        profile: Profile,
        overrides: Overrides,
        outputs: Outputs,
        inbox: mpsc::Sender<Message>,
    ) -> Result<Self, ProfileError> {
        let draft = State::clone(&outputs.state.borrow());
        let settings = Arc::new(overridden(Settings::clone(&draft.settings), &overrides));
        let news = inbox.clone();
        let desk = Desk::new(Arc::new(move |notice| {
            // A media thread must not wait; with a thousand messages before it, the notice is old news anyway.
            let _ = news.try_send(Message::Sound(notice));
        }));
        let calls = Calls::new(profile.log_seen()?);
        Ok(Self {
            profile,
            overrides,
            settings,
            draft,
            link: Link::default(),
            calls,
            people: People::default(),
            listing_own: devices::Listing::default(),
            watch: Watch::default(),
            counted: None,
            groups: Groups::default(),
            group_calls: GroupCalls::default(),
            speakers: Speakers::default(),
            listing: groups::Listing::default(),
            reports: Reports::default(),
            reminder: Reminder::default(),
            desk,
            inbox,
            outputs,
            started: Instant::now(),
            news: Vec::new(),
            notices: Notices::default(),
            listing_devices: false,
            devices_at_ms: 0,
            published_second: 0,
            closing: Vec::new(),
        })
    }

    /// Monotonic time since the start, ms.
    pub(super) fn now_ms(&self) -> u64 {
        // A program does not run for 2^64 ms.
        self.started.elapsed().as_millis() as u64
    }

    /// Tells the stream of events, as soon as the state shows what the event says: whoever acts on it sees it there.
    pub(super) fn emit(&mut self, event: EngineEvent) {
        self.news.push(event);
    }

    /// Shows a short message.
    pub(super) fn notify(&mut self, kind: NoticeKind) {
        let now_ms = self.now_ms();
        self.notices.add(now_ms, kind);
        self.draft.notices = self.notices.shown();
    }

    /// Shows that something was not done.
    pub(super) fn fail(&mut self, error: ApiError) {
        // Who loses a race has nothing to do about it; what came of it shows in the call.
        if !error.is(Code::InvalidInviteId) {
            self.notify(NoticeKind::Failed(Problem { code: error.code, detail: error.message }));
        }
    }

    /// Logs a failure of the profile, and says so: what was not stored will be missing after the next start.
    pub(super) fn stored<T>(&mut self, result: Result<T, ProfileError>) -> Option<T> {
        result
            .inspect_err(|error| {
                tracing::error!(%error, "not stored");
                self.fail(ApiError::new(Code::Internal, error.to_string()));
            })
            .ok()
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Host(form) => self.host(form),
            Command::Join { address, form } => self.join(&address, form, false),
            Command::TrustNewCertificate => self.trust_new_certificate(),
            Command::CancelConnect => self.cancel_connect(),
            Command::RetryNow => self.retry_now(),
            Command::SignOut => self.sign_out(),
            Command::Call(user) => self.call(vec![user]),
            Command::CallPeople(users) => self.call(users),
            Command::CallGroup { group, users } => self.call_group(group, users),
            Command::JoinCall(group) => self.join_call(&group),
            Command::AddToCall { call, users } => self.add_to_call(call, users),
            Command::Hold(call) => self.calls_input(Input::Hold(call)),
            Command::Resume(call) => self.calls_input(Input::Resume(call)),
            Command::StopRinging { call, users } => self.calls_input(Input::StopRinging(call, users)),
            Command::Accept(call) => self.calls_input(Input::Accept(call)),
            Command::Reject(call) => self.calls_input(Input::Reject(call)),
            Command::HangUp(call) => self.calls_input(Input::HangUp(call)),
            Command::DismissCall(call) => self.calls_input(Input::Dismiss(call)),
            Command::SilenceRing => self.calls.silenced = self.calls.ringing().cloned(),
            Command::SetMuted(muted) => self.desk.set_muted(muted),
            Command::SetParticipantVolume(source, volume) => self.desk.set_participant_volume(source, volume),
            Command::ChangeSettings(settings) => self.change_settings(*settings),
            Command::RefreshDevices => self.list_devices(),
            Command::StartMicrophoneTest { hear } => self.desk.start_test(&self.settings, hear),
            Command::StopMicrophoneTest => self.desk.stop_test(),
            Command::TestRingtone => self.try_out(RingCue::RingtoneOnce),
            Command::TestSpeaker => self.try_out(RingCue::Test),
            Command::DeleteLogRow(call) => self.delete_row(&call),
            Command::ClearLog => self.clear_log(),
            Command::MarkLogSeen => self.mark_log_seen(),
            Command::DismissNotice(id) => {
                self.notices.dismiss(id);
                self.draft.notices = self.notices.shown();
            }
            Command::SetDisplayName(name) => self.rename(name),
            Command::RenameDevice { device, name } => self.rename_device(device, name),
            Command::SignOutDevice(device) => self.sign_out_device(device),
            Command::SetDoNotDisturb(on) => self.set_do_not_disturb(on),
            Command::SetFavourite { user, favourite } => self.set_favourite(user, favourite),
            Command::SetSchedule(schedule) => self.set_schedule(schedule),
            Command::Group(command) => self.group_command(command),
            Command::Lesson(command) => self.lesson_command(command),
            // The loop has ended the engine before it comes here.
            Command::Shutdown => {}
        }
    }

    pub(super) fn message(&mut self, message: Message) {
        self.look_at_clock(false);
        let current = self.link.generation;
        match message {
            Message::Client(of, event) if of == current => self.client_event(event),
            Message::Entered(of, result) if of == current => self.entered(result),
            Message::Server(of, result) => self.server_up(of, result),
            Message::Reply(of, ticket, result) if of == current => self.replied(ticket, result),
            Message::People(of, users) if of == current => self.people.update(users),
            Message::OwnDevices(of, answer) if of == current => self.own_devices(answer),
            Message::Favourites(of, answer) if of == current => self.favourites_listed(answer),
            Message::Renamed(of, name) if of == current => self.renamed(name),
            Message::Groups(of, news) if of == current => self.group_news(news),
            Message::Lessons(of, news) if of == current => self.lesson_news(news),
            Message::Failed(error) => self.fail(error),
            Message::Sound(notice) => {
                if let Some(news) = self.desk.notice(notice) {
                    self.notify(news);
                    self.list_devices();
                }
            }
            Message::Devices(devices) => {
                self.listing_devices = false;
                self.desk.set_devices(&devices);
            }
            Message::Found(servers) => self.found(&servers),
            // Of a session that is gone.
            Message::Client(..)
            | Message::Entered(..)
            | Message::Reply(..)
            | Message::People(..)
            | Message::OwnDevices(..)
            | Message::Favourites(..)
            | Message::Renamed(..)
            | Message::Groups(..)
            | Message::Lessons(..) => {}
        }
    }

    fn change_settings(&mut self, settings: Settings) {
        let old = self.settings.clone();
        // What the front end saw is the settings with this run's overrides; a wish that differs from an override ends
        // the override, and one that does not leaves the stored value alone.
        let stored = self.draft.settings.clone();
        let mut to_store = settings.clone();
        let unchanged = |field: fn(&Settings) -> &media::spec::DeviceSpec| field(&settings) == field(&old);
        if unchanged(|settings| &settings.microphone) {
            to_store.microphone = stored.microphone.clone();
        }
        if unchanged(|settings| &settings.speaker) {
            to_store.speaker = stored.speaker.clone();
        }
        if unchanged(|settings| &settings.ring_device) {
            to_store.ring_device = stored.ring_device.clone();
        }
        let (mut new, mut seen, mut kept) = (settings.clone(), Settings::clone(&old), Settings::clone(&stored));
        for (_, field, _) in self.overrides.voice.fixed().into_iter().filter(|(fixed, ..)| *fixed) {
            if *field(&mut new) == *field(&mut seen) {
                *field(&mut to_store) = *field(&mut kept);
            }
        }
        let result = self.profile.set_settings(&to_store);
        self.stored(result);
        self.draft.settings = Arc::new(to_store);
        self.desk.apply(&old, &settings);
        self.calls_input(Input::CallWaiting(settings.call_waiting));
        self.set_speakers(settings.hosted_speakers);
        self.settings = Arc::new(settings);
    }

    fn try_out(&mut self, cue: RingCue) {
        self.desk.try_out(cue, &self.settings, is_korean(&self.settings));
    }

    fn list_devices(&mut self) {
        if self.listing_devices {
            return;
        }
        self.listing_devices = true;
        self.devices_at_ms = self.now_ms();
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let devices = tokio::task::spawn_blocking(media::devices).await.unwrap_or_default();
            let _ = inbox.send(Message::Devices(devices)).await;
        });
    }

    /// Everything whose time has come.
    fn tick(&mut self) {
        self.look_at_clock(false);
        let now_ms = self.now_ms();
        if self.calls.deadline().is_some_and(|at| at <= now_ms) {
            self.calls_input(Input::Tick);
        }
        if self.notices.deadline().is_some_and(|at| at <= now_ms) {
            self.notices.expire(now_ms);
            self.draft.notices = self.notices.shown();
        }
        self.listen_for_relay();
        if self.desk.is_metering() && self.devices_at_ms + DEVICES_MS <= now_ms {
            self.list_devices();
        }
    }

    /// When time alone changes something. While nothing goes on, never.
    fn next_wake(&self) -> Option<Instant> {
        let now_ms = self.now_ms();
        let second = self.counting_from().map(|from| from + (now_ms.saturating_sub(from) / 1000 + 1) * 1000);
        let levels = self.desk.is_metering().then_some(now_ms + LEVELS_MS);
        let due = [self.calls.deadline(), self.status_deadline(), self.notices.deadline(), second, levels];
        let at = due.into_iter().flatten().min()?;
        Some(self.started + Duration::from_millis(at))
    }

    /// From where seconds are counted that somebody sees: the talk, the time to the next try, or a call's ringing.
    pub(super) fn counting_from(&self) -> Option<u64> {
        let talk = self.calls.live().map(|view| view.talking_since_ms.unwrap_or(0));
        talk.or(matches!(self.draft.session, Session::Offline { .. }).then_some(0))
    }
}

/// The settings with what the command line fixes.
fn overridden(mut settings: Settings, overrides: &Overrides) -> Settings {
    let put = |setting: &mut media::spec::DeviceSpec, chosen: &Option<media::spec::DeviceSpec>| {
        if let Some(chosen) = chosen {
            setting.clone_from(chosen);
        }
    };
    put(&mut settings.microphone, &overrides.microphone);
    put(&mut settings.speaker, &overrides.speaker);
    put(&mut settings.ring_device, &overrides.ring_device);
    for (_, field, value) in overrides.voice.fixed().into_iter().filter(|(fixed, ..)| *fixed) {
        *field(&mut settings) = value;
    }
    settings
}
