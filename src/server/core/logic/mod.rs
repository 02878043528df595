//! The rules of the server, without threads and clocks: [`Logic::run`] takes the time and a batch of inputs.
//!
//! # All or nothing
//! Accounts, groups and logs are in the store only; invitations are in the [`Book`] and in the store; sessions and
//! rooms are in memory only. Each input is handled under a savepoint. If it is refused, or the store fails, the savepoint
//! is rolled back, the book takes back what it did, and whatever was to be told is dropped. Handlers touch sessions,
//! rooms and lessons last, when nothing can fail any more. If the commit fails, the batch never happened: every request
//! of it that wrote something is answered 10002, its events are dropped, and the book takes everything back.

mod applications;
mod connection;
mod devices;
mod favourites;
mod group_calls;
mod groups;
mod guesses;
mod invitations;
mod lessons;
mod pictures;
mod presence;
mod release;
mod replay;
mod rooms;
mod sessions;
mod status;
mod stopwatch;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::{ConnId, CoreConfig, Input, RelayControl};
use crate::{
    class,
    protocol::{
        ApiError, Code, DeviceId, Event, GroupId, Request, UserId,
        api::{Empty, ServerInfo},
    },
    server::store::{Message, Store, StoreError, StoreResult},
    signaling::{Actor, Book, ENDED_KEPT},
};
use connection::Conn;
use devices::DeviceChange;
use rooms::Rooms;

/// How many devices an account has at most; with one more, the one not seen for longest is forgotten.
const DEVICES_PER_USER: usize = 32;
/// How many groups a user may make or join by themselves.
const GROUPS_PER_USER: usize = 500;
/// How often what is too old is removed from the store, ms.
const SWEEP_MS: u64 = 60 * 60 * 1_000;
/// After the store failed, what was due is tried again this much later, ms.
const RETRY_MS: u64 = 1_000;

/// Why a request was not done.
#[derive(Debug)]
enum Fail {
    /// It was refused.
    Api(ApiError),
    /// The store failed.
    Store(StoreError),
}

impl From<ApiError> for Fail {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a request is answered with: JSON, or why not.
type Answer = Result<Box<RawValue>, Fail>;

fn answer(reply: &impl Serialize) -> Answer {
    serde_json::value::to_raw_value(reply).map_err(|error| Fail::Api(internal(&error.to_string())))
}

fn done() -> Answer {
    answer(&Empty {})
}

fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Api(ApiError::new(code, message)))
}

fn internal(detail: &str) -> ApiError {
    tracing::error!(detail, "a request failed inside the server");
    ApiError::new(Code::Internal, "The server could not store this; nothing was changed. Try again later.")
}

/// What is let out after the commit, in this order.
#[derive(Debug)]
enum Effect {
    /// The answer to a request. `wrote`: it is only true if the commit succeeds.
    Reply { conn: ConnId, id: u64, outcome: Result<Box<RawValue>, ApiError>, wrote: bool },
    /// An event in users' logs.
    Stored { message: Arc<Message>, places: Vec<(UserId, u64)> },
    /// An event of an `onlineUserOnly` invitation. It may not be lost.
    Silent { to: Vec<ConnId>, event: Event },
    /// What was stored for a user alone: told to the user's devices. It may not be lost.
    Own { user: UserId, event: Event },
    /// A user's devices changed in the store.
    Devices { user: UserId, change: DeviceChange },
    /// An event of rooms and sessions. It may not be lost.
    Live { to: Vec<ConnId>, event: Event },
    /// A session has begun: send what its device missed.
    Begin { conn: ConnId },
    /// There is room again: go on sending.
    CatchUp { conn: ConnId },
    /// The connection is to show that it is alive.
    Test { conn: ConnId },
    /// The connection is to be closed.
    Close { conn: ConnId, reason: ApiError },
}

/// Everything that the server knows and decides.
pub(crate) struct Logic {
    store: Store,
    book: Book,
    rooms: Rooms,
    conns: HashMap<ConnId, Conn>,
    online: HashMap<UserId, BTreeMap<DeviceId, ConnId>>,
    presence: presence::Announcer,
    group_calls: group_calls::Announcer,
    guesses: guesses::Guesses,
    server_name: String,
    sign_up_open: bool,
    relay: Arc<dyn RelayControl>,
    /// Time of the batch, monotonic ms.
    now_ms: u64,
    /// Time of the batch, ms since 1970.
    wall_ms: i64,
    effects: VecDeque<Effect>,
    /// What the present input means for lessons: they hear of it when it has succeeded.
    for_lessons: Vec<(GroupId, class::Input)>,
    /// The batch's transaction is alive.
    usable: bool,
    next_sweep_ms: u64,
    /// Nothing that is due is tried before this.
    not_before_ms: u64,
    stop: Option<oneshot::Sender<()>>,
}

impl Logic {
    /// Opens the store and takes up what was open.
    pub(crate) fn open(config: CoreConfig, now_ms: u64, wall_ms: i64) -> StoreResult<Self> {
        let store = Store::open(&config.data_dir)?;
        let mut book = Book::new();
        for invitation in store.invitations(ENDED_KEPT, now_ms, wall_ms)? {
            book.restore(invitation);
        }
        Ok(Self {
            store,
            book,
            rooms: Rooms::default(),
            conns: HashMap::new(),
            online: HashMap::new(),
            presence: presence::Announcer::default(),
            group_calls: group_calls::Announcer::default(),
            guesses: guesses::Guesses::default(),
            server_name: config.server_name,
            sign_up_open: config.sign_up_open,
            relay: config.relay,
            now_ms,
            wall_ms,
            effects: VecDeque::new(),
            for_lessons: Vec::new(),
            usable: true,
            next_sweep_ms: now_ms,
            not_before_ms: now_ms,
            stop: None,
        })
    }

    /// Handles a batch. Gives whom to tell when the core is to stop.
    pub(crate) fn run(&mut self, now_ms: u64, wall_ms: i64, inputs: Vec<Input>) -> Option<oneshot::Sender<()>> {
        (self.now_ms, self.wall_ms) = (now_ms, wall_ms);
        self.usable = self.store.begin().inspect_err(|error| tracing::error!(%error, "no transaction")).is_ok();
        self.do_what_is_due();
        for input in inputs {
            self.take(input);
        }
        self.settle_rooms();
        if self.usable
            && let Err(error) = self.store.commit()
        {
            tracing::error!(%error, "the batch could not be stored");
            self.usable = false;
        }
        if self.usable {
            self.book.commit();
            self.rooms.settled();
        } else {
            self.store.rollback();
            self.book.undo_to(0);
            self.not_before_ms = now_ms + RETRY_MS;
            self.retract();
            self.agree_with_book();
        }
        self.release();
        self.stop.take()
    }

    /// There is somebody in a room.
    pub(crate) fn is_talking(&self) -> bool {
        !self.rooms.is_empty()
    }

    /// When [`Logic::run`] is to be called although nothing came in, monotonic ms.
    pub(crate) fn next_deadline(&self) -> u64 {
        let due = [self.book.next_deadline(), self.rooms.next_deadline(), self.group_calls.next_deadline()];
        due.into_iter().flatten().fold(self.next_sweep_ms, u64::min).max(self.not_before_ms)
    }

    fn do_what_is_due(&mut self) {
        if self.now_ms < self.not_before_ms {
            return;
        }
        let now_ms = self.now_ms;
        if self.book.next_deadline().is_some_and(|at| at <= now_ms) && self.attempt(Self::expire).is_err() {
            self.not_before_ms = now_ms + RETRY_MS;
        }
        if self.next_sweep_ms <= now_ms {
            self.next_sweep_ms = now_ms + SWEEP_MS;
            // If it fails, there is another time.
            let _ = self.attempt(|logic| Ok(logic.store.sweep(logic.wall_ms)?));
        }
        self.remove_lost_participants();
        self.do_what_is_due_in_lessons();
    }

    /// Does something wholly or not at all.
    fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fail>) -> Result<T, ApiError> {
        if !self.usable {
            return Err(internal("there is no transaction"));
        }
        let (mark, told) = (self.book.mark(), self.effects.len());
        let mut outcome = self.store.savepoint().map_err(Fail::from).and_then(|()| work(self));
        if outcome.is_ok()
            && let Err(error) = self.store.release()
        {
            outcome = Err(Fail::Store(error));
        }
        if outcome.is_ok() {
            self.feed_lessons();
        }
        outcome.map_err(|fail| {
            self.for_lessons.clear();
            self.book.undo_to(mark);
            self.effects.truncate(told);
            // After some errors SQLite itself ends the transaction: then the whole batch is void.
            self.usable = self.store.rollback_input().is_ok() && self.store.in_transaction();
            match fail {
                Fail::Api(error) => error,
                Fail::Store(error) => internal(&error.to_string()),
            }
        })
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Connected { conn, out } => _ = self.conns.insert(conn, Conn::new(out)),
            Input::Request { conn, id, request } => {
                let arrives = matches!(request, Request::Login(_));
                self.serve(conn, id, |logic| logic.request(conn, request));
                if arrives {
                    // A disk that takes nothing keeps nobody out.
                    let _ = self.attempt(|logic| logic.note_seen(conn));
                }
            }
            Input::SignUp { conn, id, request, password_hash } => {
                self.serve(conn, id, |logic| logic.sign_up(&request, password_hash.as_deref()));
            }
            Input::SignIn { conn, id, request, verified } => {
                self.serve(conn, id, |logic| logic.sign_in(&request, verified));
            }
            Input::LookupPassword { user, reply } => {
                let hash = self.store.password_hash(&user).unwrap_or_else(|error| {
                    tracing::error!(%error, "a password could not be looked up");
                    None
                });
                // Whoever asked may be gone.
                let _ = reply.send(hash);
            }
            Input::Closed { conn } => self.closed(conn),
            Input::Drained { conn } => self.effects.push_back(Effect::CatchUp { conn }),
            Input::MediaUp { source } => self.media_changed(source, true),
            Input::MediaDown { source } => self.media_changed(source, false),
            Input::VoiceRefused { source, packets } => self.voice_refused(source, packets),
            Input::Spoke { source, ms } => self.spoke(source, ms),
            Input::Stop { done } => self.stop = Some(done),
        }
    }

    /// Answers a request; the answer goes out before the events that it caused.
    fn serve(&mut self, conn: ConnId, id: u64, work: impl FnOnce(&mut Self) -> Answer) {
        if !self.conns.contains_key(&conn) {
            return;
        }
        let (place, before) = (self.effects.len(), self.store.changes());
        let outcome = self.attempt(work);
        let wrote = self.store.changes() != before;
        self.effects.insert(place, Effect::Reply { conn, id, outcome, wrote });
    }

    fn request(&mut self, conn: ConnId, request: Request) -> Answer {
        match request {
            Request::GetServerInfo(_) => {
                return answer(&ServerInfo {
                    name: self.server_name.clone(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    sign_up_open: self.sign_up_open,
                });
            }
            Request::Ping(_) => return done(),
            Request::Login(login) => return self.login(conn, &login),
            Request::SignUp(_) | Request::SignIn(_) => {
                return refuse(Code::InvalidRequest, "Signing up and in is not possible on this connection.");
            }
            _ => {}
        }
        let actor = self.actor(conn)?;
        match request {
            Request::Logout(request) => self.logout(conn, &actor, request.forget),
            Request::Ack(request) => self.ack(conn, request.seq),
            Request::SetSelfInfo(request) => self.set_self_info(&actor, &request.display_name),
            Request::GetUsers(request) => self.get_users(&request),
            Request::GetDevices(_) => self.get_devices(&actor),
            Request::RenameDevice(request) => self.rename_device(&actor, request),
            Request::GetSelfStatus(_) => self.get_self_status(&actor),
            Request::SetSelfStatus(request) => self.set_self_status(&actor, request),
            Request::SetDeviceStatus(request) => self.set_device_status(conn, &actor, request.do_not_disturb),
            Request::GetFavourites(_) => self.get_favourites(&actor),
            Request::SetFavourite(request) => self.set_favourite(&actor, &request),
            Request::SignOutDevice(request) => self.sign_out_device(&actor, request.device_id),
            Request::Invite(request) => self.invite(&actor, request),
            Request::InviteInGroup(request) => self.invite_in_group(&actor, request),
            Request::Cancel(request) => {
                let change = self.book.cancel(&actor, &request.invite_id, &request.invitee_list, request.data)?;
                self.publish(change)
            }
            Request::Accept(request) => self.accept(&actor, request),
            Request::Reject(request) => {
                let change = self.book.reject(&actor, &request.invite_id, request.data)?;
                self.publish(change)
            }
            Request::Timeout(request) => {
                let change = self.book.timeout(self.now_ms, &actor, &request.invite_id)?;
                self.publish(change)
            }
            Request::ModifyInvitation(request) => {
                let change = self.book.modify(&actor, &request.invite_id, request.data)?;
                self.publish(change)
            }
            Request::AddInvitedSignaling(request) => self.add_invited_signaling(conn, &actor, &request.info.invite_id),
            Request::GetSignalingInfo(request) => self.get_signaling_info(&actor, request.seq),
            Request::CreateGroup(request) => self.create_group(&actor, request),
            Request::JoinGroup(request) => self.join_group(&actor, request),
            Request::QuitGroup(request) => self.quit_group(&actor, &request.group_id),
            Request::DismissGroup(request) => self.dismiss_group(&actor, &request.group_id),
            Request::InviteUserToGroup(request) => {
                self.invite_user_to_group(&actor, &request.group_id, request.user_list)
            }
            Request::KickGroupMember(request) => self.kick_group_member(&actor, &request.group_id, request.member_list),
            Request::SetGroupMemberRole(request) => {
                self.set_group_member_role(&actor, &request.group_id, request.user_id, request.role)
            }
            Request::TransferGroupOwner(request) => {
                self.transfer_group_owner(&actor, &request.group_id, &request.user_id)
            }
            Request::GetGroupMemberList(request) => self.get_group_member_list(&actor, &request),
            Request::GetJoinedGroupList(request) => self.get_joined_group_list(&actor, &request),
            Request::SetGroupInfo(request) => self.set_group_info(&actor, request),
            Request::GetGroupsInfo(request) => self.get_groups_info(&actor, &request.group_id_list),
            Request::SearchGroups(request) => self.search_groups(&actor, &request),
            Request::GetGroupApplicationList(request) => self.get_group_application_list(&actor, &request),
            Request::AcceptGroupApplication(request) => {
                self.decide_application(&actor, &request.group_id, &request.user_id, true, request.message)
            }
            Request::RefuseGroupApplication(request) => {
                self.decide_application(&actor, &request.group_id, &request.user_id, false, request.message)
            }
            Request::CancelGroupApplication(request) => self.cancel_application(&actor, &request.group_id),
            Request::UploadPicture(request) => self.upload_picture(&actor, &request),
            Request::GetPicture(request) => self.get_picture(&request),
            Request::EnterRoom(request) => self.enter_room(&actor, &request),
            Request::GetGroupAttributes(request) => self.get_group_attributes(&actor, &request.group_id),
            Request::ExitRoom(request) => self.exit_room(&actor, &request),
            Request::SetLesson(request) => self.set_lesson(&actor, &request),
            Request::LowerHands(request) => self.lower_hands(&actor, request),
            Request::EndFloors(request) => self.end_floors(&actor, request),
            Request::SetMicrophones(request) => self.set_microphones(&actor, request),
            Request::RemoveFromLesson(request) => self.remove_from_lesson(&actor, request),
            Request::ReadmitToLesson(request) => self.readmit_to_lesson(&actor, request),
            Request::EndLesson(request) => self.end_lesson(&actor, &request),
            Request::GetLessons(request) => self.get_lessons(&actor, &request),
            Request::GetLessonReport(request) => self.get_lesson_report(&actor, &request),
            Request::GetServerInfo(_)
            | Request::Ping(_)
            | Request::Login(_)
            | Request::SignUp(_)
            | Request::SignIn(_) => refuse(Code::InvalidRequest, "This request is not possible here."),
        }
    }

    /// Who is signed in on a connection.
    fn actor(&self, conn: ConnId) -> Result<Actor, Fail> {
        let session = self.conns.get(&conn).and_then(|conn| conn.session.as_ref());
        session.map_or_else(
            || refuse(Code::NotLoggedIn, "Nobody is signed in on this connection; sign in first."),
            |session| Ok(session.actor.clone()),
        )
    }

    /// The connections of a user's devices.
    fn conns_of<'a>(&'a self, user: &UserId) -> impl Iterator<Item = ConnId> + use<'a> {
        self.online.get(user).into_iter().flat_map(|devices| devices.values().copied())
    }

    /// Writes an event into users' logs and lets it out after the commit.
    fn record(&mut self, event: Event, users: &[UserId]) -> Result<(), Fail> {
        let message = Message { time_ms: self.wall_ms, event };
        let places = self.store.append(&message, users)?;
        self.effects.push_back(Effect::Stored { message: Arc::new(message), places });
        Ok(())
    }
}
