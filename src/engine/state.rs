//! The immutable picture of everything that a front end shows. Published as `Arc<State>`; never changed in place.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    call::{CallView, log::LogRow},
    protocol::{
        DeviceId, GroupId, SourceId, UserId,
        api::SelfStatus,
        event::Presence,
        lesson::{LessonSummary, ReportRow},
    },
};

pub use super::groups::view::{
    Application, Applied, FoundGroup, Group, GroupNews, GroupNotice, GroupSearch, GroupTask, Member,
};
pub use crate::protocol::group_call::GroupCall;
pub use crate::{
    client::media::Transport,
    media::processing::{EchoState, NoiseState},
};

use super::settings::Settings;
use crate::media::{processing::Picture, session::Treatment};

/// Everything a front end needs to draw or report.
///
/// It is compared with the one before many times a second. Lists that may be long are `Arc<Vec<_>>`, which are equal at once
/// where they are the same; `Arc<[_]>` are compared item by item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Name of the profile: `default`, or what `--profile` says.
    pub profile: String,
    /// Where we are with the server.
    pub session: Session,
    /// Servers found on the local network.
    pub found_servers: Arc<[FoundServer]>,
    /// The embedded server, while it runs.
    pub hosting: Option<Hosting>,
    /// The signed-in user.
    pub me: Option<Me>,
    /// Whether the signed-in user wants to be called.
    pub status: OwnStatus,
    /// The devices of the signed-in user: this one first, then by when they were last seen.
    pub devices: Arc<[Device]>,
    /// The name of the device that has signed this one out, until the next try to sign in.
    pub signed_out_by: Option<String>,
    /// Everybody else on the server, ordered by display name.
    pub people: Arc<Vec<Person>>,
    /// The user's favourites.
    pub favourites: Arc<BTreeSet<UserId>>,
    /// Others whom the user calls often, most often first.
    pub often_called: Arc<[UserId]>,
    /// The groups that the signed-in user is in, ordered by name.
    pub groups: Arc<Vec<Group>>,
    /// Public groups that the user has applied to, ordered by name.
    pub applied: Arc<[Applied]>,
    /// Public groups that were looked for.
    pub group_search: GroupSearch,
    /// What became of the wish for a new group.
    pub group_task: GroupTask,
    /// The calls that are on in the user's groups, ordered by group.
    pub group_calls: Arc<[GroupCall]>,
    /// Calls, live ones first; an ended one stays until dismissed.
    pub calls: Arc<[CallView]>,
    /// Who speaks in the call or has just spoken, in the order in which they began.
    pub speakers: Arc<[SourceId]>,
    /// Monotonic engine time of this picture, ms: what call times are counted against.
    pub now_ms: u64,
    /// The call log, newest first.
    pub log: Arc<Vec<LogRow>>,
    /// Missed calls not yet seen.
    pub missed_unseen: usize,
    /// Sound.
    pub audio: Audio,
    /// What the person has chosen.
    pub settings: Arc<Settings>,
    /// Short messages, oldest first.
    pub notices: Arc<[Notice]>,
    /// The reports of a group's lessons, while they are shown.
    pub reports: Option<Arc<LessonReports>>,
}

impl State {
    /// The call that the window is about: the live one, else the ended one not yet dismissed.
    pub fn current_call(&self) -> Option<&CallView> {
        self.calls
            .iter()
            .find(|call| call.is_live() && call.phase != crate::call::Phase::Incoming)
            .or_else(|| self.calls.iter().find(|call| !call.is_live()))
    }

    /// The talk on hold beside the call that the window is about.
    pub fn call_on_hold(&self) -> Option<&CallView> {
        let current = self.current_call().map(|call| &call.call_id);
        self.calls.iter().find(|call| call.is_live() && call.on_hold && Some(&call.call_id) != current)
    }

    /// The talk that goes on at the moment.
    pub fn talk(&self) -> Option<&CallView> {
        self.calls.iter().find(|call| call.is_talk())
    }

    /// The call that rings here.
    pub fn incoming_call(&self) -> Option<&CallView> {
        self.calls.iter().find(|call| call.phase == crate::call::Phase::Incoming)
    }

    /// A group that the signed-in user is in.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == *id)
    }

    /// The call that is on in a group.
    pub fn group_call(&self, group: &GroupId) -> Option<&GroupCall> {
        self.group_calls.iter().find(|call| call.group == *group)
    }

    /// A person's display name, or the identifier of whoever is not known.
    pub fn name_of<'a>(&'a self, user: &'a UserId) -> &'a str {
        self.people.iter().find(|person| person.user == *user).map_or(user.as_str(), |person| &person.display_name)
    }

    /// Whole seconds since talking began.
    pub fn talk_seconds(&self, call: &CallView) -> u64 {
        call.talking_since_ms.map_or(0, |since| self.now_ms.saturating_sub(since) / 1000)
    }
}

/// Where the engine is with its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// The engine is starting up.
    #[default]
    Starting,
    /// No account yet: the sign-in screen. `problem` says why the last try failed.
    SignedOut {
        /// What went wrong, if anything.
        problem: Option<Problem>,
    },
    /// Working on it.
    Connecting(ConnectStep),
    /// The server's certificate is not the one pinned. Nothing is sent until the person decides.
    CertificateChanged {
        /// Which server.
        address: String,
        /// SHA-256 that was pinned, as hexadecimal.
        pinned: String,
        /// SHA-256 that it shows now.
        shown: String,
    },
    /// Signed in.
    Online,
    /// Signed in before; the connection is gone and is being tried again.
    Offline {
        /// Why.
        problem: Problem,
        /// Seconds until the next try; 0 while trying.
        retry_in_s: u64,
    },
}

/// What takes longer than a moment while signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectStep {
    /// The embedded server starts.
    StartingServer,
    /// Looking for the address, TCP and TLS.
    Reaching,
    /// Account, token, session.
    SigningIn,
    /// Messages that arrived meanwhile.
    Catching,
}

/// A failure in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The error code (`protocol::Code`), for a translated sentence.
    pub code: i32,
    /// The sentence as it came, in English.
    pub detail: String,
}

/// A server on the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundServer {
    /// Its name.
    pub name: String,
    /// `host:port`.
    pub address: String,
    /// SHA-256 of its certificate as announced, hexadecimal.
    pub fingerprint: String,
}

/// The server in this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosting {
    /// Its name as announced.
    pub name: String,
    /// Addresses at which others reach it, `host:port`.
    pub addresses: Vec<String>,
    /// SHA-256 of its certificate, hexadecimal.
    pub fingerprint: String,
}

/// The signed-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The account.
    pub user: UserId,
    /// The name that others see.
    pub display_name: String,
    /// The server's address.
    pub server: String,
}

/// Whether the signed-in user wants to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnStatus {
    /// What is set, on all devices of the user.
    pub shared: SelfStatus,
    /// While the schedule holds here: until when, ms since 1970.
    pub schedule_until_ms: Option<i64>,
}

impl OwnStatus {
    /// Whether nothing rings here now.
    pub fn holds(&self) -> bool {
        self.shared.do_not_disturb || self.schedule_until_ms.is_some()
    }
}

/// A device of the signed-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// When it was added, server time, ms since 1970.
    pub created_ms: i64,
    /// When it was connected last, server time, ms since 1970.
    pub last_seen_ms: i64,
    /// It is connected.
    pub online: bool,
    /// It is this one.
    pub own: bool,
}

/// Somebody else on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub user: UserId,
    /// The name to show.
    pub display_name: String,
    /// Reachable or not.
    pub presence: Presence,
}

/// Sound, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audio {
    /// Microphones that can be chosen.
    pub microphones: Arc<[DeviceChoice]>,
    /// Speakers that can be chosen.
    pub speakers: Arc<[DeviceChoice]>,
    /// The microphone in use now, in words; `None` when there is none.
    pub microphone_in_use: Option<String>,
    /// The speaker in use now, in words; `None` when there is none.
    pub speaker_in_use: Option<String>,
    /// What is missing or broken, if anything.
    pub problem: Option<AudioProblem>,
    /// The microphone is closed.
    pub muted: bool,
    /// Level of the microphone before muting, dBFS, -127.0 when silent or closed.
    pub microphone_level_dbfs: f32,
    /// The microphone test runs.
    pub testing: bool,
    /// The test also plays back.
    pub hearing_self: bool,
    /// One entry per participant that has been heard.
    pub participants: Arc<[ParticipantAudio]>,
    /// The link to the relay, while in a room.
    pub link: Option<LinkQuality>,
    /// What is done to voices, while in a room.
    pub processing: Option<Processing>,
    /// The ringtone was silenced for the present call.
    pub ring_silenced: bool,
}

/// What is done to voices.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Processing {
    /// Music instead of speech: nothing of the below.
    pub music: bool,
    /// What is deeper than a voice is taken away.
    pub high_pass: bool,
    /// What comes out of the speaker is taken away; delay and enhancement in whole numbers.
    pub echo: EchoState,
    /// Noise is taken away.
    pub noise: NoiseState,
    /// The gain that the own voice gets, whole dB; `None` if it gets none.
    pub gain_db: Option<f32>,
    /// The voices of others are brought to a common loudness.
    pub levelling: bool,
}

impl Processing {
    pub(super) fn of(picture: &Picture, treatment: Treatment) -> Self {
        let echo = match picture.echo {
            EchoState::On { delay_ms, erle_db } => {
                EchoState::On { delay_ms: delay_ms.round(), erle_db: erle_db.round() }
            }
            state => state,
        };
        Self {
            music: treatment.music,
            high_pass: picture.high_pass,
            echo,
            noise: picture.noise,
            gain_db: picture.gain_db.map(f32::round),
            levelling: treatment.levels(),
        }
    }
}

/// What is wrong with the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioProblem {
    /// No microphone at all.
    NoMicrophone,
    /// No speaker at all.
    NoSpeaker,
    /// Neither.
    NoDevices,
    /// The microphone went away; looking for it.
    MicrophoneLost,
    /// The speaker went away; looking for it.
    SpeakerLost,
}

/// A device in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceChoice {
    /// What `DeviceSpec::Named` takes.
    pub id: String,
    /// What a person reads.
    pub name: String,
}

/// How one participant is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParticipantAudio {
    /// Whose packets.
    pub source: SourceId,
    /// Level now, dBFS, -127.0 when silent.
    pub level_dbfs: f32,
    /// Loudness chosen, 0.0 to 3.0.
    pub volume: f32,
    /// Frames that had to be concealed over the last seconds, 0.0 to 1.0.
    pub concealed: f32,
    /// Delay of the jitter buffer, ms.
    pub playout_delay_ms: u32,
}

/// The link to the relay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkQuality {
    /// What packets travel over; `None` while they do not.
    pub transport: Option<Transport>,
    /// Round trip to the relay, ms.
    pub rtt_ms: f32,
    /// Loss on the way to the relay, 0.0 to 1.0.
    pub loss_up: f32,
    /// Loss on the way from the relay, 0.0 to 1.0.
    pub loss_down: f32,
    /// Jitter on the way to the relay, ms.
    pub jitter_up_ms: f32,
    /// Jitter on the way from the relay, ms.
    pub jitter_down_ms: f32,
    /// The worst loss, of the own path in either direction and of any voice that is heard, 0.0 to 1.0.
    pub loss: f32,
    /// The worst jitter, likewise, ms.
    pub jitter_ms: f32,
    /// In a word.
    pub verdict: Quality,
}

/// The lamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Nothing to notice.
    Good,
    /// Can be noticed.
    Weak,
    /// Disturbs.
    Bad,
    /// Nothing comes at all.
    Down,
}

/// The reports of a group's lessons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonReports {
    /// The group.
    pub group: GroupId,
    /// Its lessons, the newest first; `None` until the server has answered.
    pub lessons: Option<Vec<LessonSummary>>,
    /// The one that is shown.
    pub report: Option<LessonReport>,
}

/// The report of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonReport {
    /// The lesson as a whole.
    pub lesson: LessonSummary,
    /// Everybody who was there, ordered by name; `None` until the server has answered.
    pub rows: Option<Vec<ReportRow>>,
}

/// A short message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// To dismiss it.
    pub id: u64,
    /// What it says.
    pub kind: NoticeKind,
}

/// What a notice says; the front end has the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A request failed.
    Failed(Problem),
    /// The sound moved to another device.
    DeviceChanged {
        /// The microphone (or else the speaker).
        microphone: bool,
        /// The new device.
        name: String,
    },
    /// A device went away, the call goes on without it.
    DeviceLost {
        /// The microphone (or else the speaker).
        microphone: bool,
    },
    /// Speaking into a closed microphone.
    MutedWhileSpeaking,
    /// A call came in while in another one, and was told busy.
    MissedWhileBusy(UserId),
    /// Something happened to this user with a group.
    Group(GroupNotice),
    /// This user speaks, and the own hand is still up.
    HandStillUp,
}
