//! The engine's hand on the call machine and the call log: inputs in, outputs out, rows to disk.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    call::{
        CallView, Input, Machine, Network, Output, Phase, RequestReply, Ticket,
        log::{Change, Log, LogRow},
    },
    client::media::{MediaSender, PathStats},
    media::plan::PathView,
    protocol::{
        ApiError, Code, Delivery, Event, InviteId, Request, RoomId, SourceId,
        api::{EnterRoomReply, ExitRoomReply, InviteReply},
    },
};

use super::{
    EngineEvent,
    actor::{Actor, Message},
    publish::changed,
};

/// The relay answers several times a second: a silence of so long is told, ms.
pub(super) const SILENT_MS: u32 = 500;

/// Media between the relay and the sound floor, while in a room.
struct Media {
    /// The room.
    room: RoomId,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// Where the sound floor's packets go; the wire behind it is replaced after a lost connection.
    sender: Arc<Mutex<MediaSender>>,
    path: watch::Receiver<PathStats>,
    /// The machine was told that the relay is silent.
    silent: bool,
}

/// Calls and log of the signed-in account.
#[derive(Default)]
pub(super) struct Calls {
    machine: Option<Machine>,
    /// The machine's picture.
    pub(super) views: Arc<[CallView]>,
    /// Requests of the machine that are not answered.
    pub(super) in_flight: usize,
    /// The call whose ringtone was silenced.
    pub(super) silenced: Option<InviteId>,
    media: Option<Media>,
    fold: Option<Log>,
    /// Rows that the person has deleted: later news of those calls does not bring them back.
    deleted: BTreeSet<InviteId>,
    /// The last number whose changes are not on disk yet.
    unstored_seq: Option<u64>,
    /// The log, newest first.
    pub(super) rows: Arc<Vec<LogRow>>,
    seen_ms: i64,
    pub(super) missed_unseen: usize,
}

impl Calls {
    pub(super) fn new(seen_ms: i64) -> Self {
        Self { seen_ms, ..Self::default() }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.machine.as_ref().and_then(Machine::next_deadline)
    }

    /// The call that is not over.
    pub(super) fn live(&self) -> Option<&CallView> {
        self.views.iter().find(|view| view.is_live())
    }

    /// What the way to the talk is like that is heard now.
    pub(super) fn network(&self) -> Network {
        self.views.iter().find(|view| view.is_talk()).map(|view| view.network).unwrap_or_default()
    }

    /// The call that rings here.
    pub(super) fn ringing(&self) -> Option<&InviteId> {
        self.views.iter().find(|view| view.phase == Phase::Incoming).map(|view| &view.call_id)
    }

    fn show_rows(&mut self) {
        self.rows = self.fold.as_ref().map_or_else(Arc::default, |fold| fold.rows().into());
        self.missed_unseen = self.rows.iter().filter(|row| row.is_missed() && row.time_ms > self.seen_ms).count();
    }
}

impl Actor {
    /// Machine and log of a fresh session.
    pub(super) fn open_calls(&mut self) {
        let Some(account) = self.link.account.clone() else { return };
        let user = account.credentials.user_id.clone();
        let device = account.credentials.device_id.clone();
        self.calls.machine = Some(Machine::new(user.clone(), device.clone()));
        self.calls.in_flight = 0;
        self.calls.silenced = None;
        self.calls_input(Input::CallWaiting(self.settings.call_waiting));
        let result = self.profile.log(&account);
        let (rows, deleted) = self.stored(result).unwrap_or_default();
        self.calls.fold = Some(Log::restore(user, device, rows));
        self.calls.deleted = deleted;
        self.calls.unstored_seq = None;
        self.calls.show_rows();
    }

    /// The account is gone from here.
    pub(super) fn forget_log(&mut self) {
        self.calls.fold = None;
        self.calls.deleted.clear();
        self.calls.unstored_seq = None;
        self.calls.show_rows();
    }

    /// Gives the machine something, and does what it says.
    pub(super) fn calls_input(&mut self, input: Input) {
        let now_ms = self.now_ms();
        let Some(machine) = &mut self.calls.machine else { return };
        machine.handle(now_ms, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| machine.poll_output()).collect();
        let views: Arc<[CallView]> = machine.view().into();
        for output in outputs {
            match output {
                Output::Request(ticket, request) => self.ask(ticket, request),
                Output::StartMedia(entered) => self.start_media(&entered, self.is_closed(&views, entered.room_id)),
                Output::StopMedia => self.stop_media(),
                Output::TestLink => {
                    if let Some(client) = &self.link.client {
                        client.test_connection();
                    }
                }
                Output::Refused { error, .. } => self.fail(error),
                Output::ToldBusy(user) => self.notify(super::state::NoticeKind::MissedWhileBusy(user)),
            }
        }
        if let Some(room) = self.calls.media.as_ref().map(|media| media.room) {
            self.desk.set_closed(self.is_closed(&views, room));
        }
        if !views.iter().any(CallView::is_live) {
            self.desk.forget_talks();
        }
        if views == self.calls.views {
            return;
        }
        for view in changed(&self.calls.views, &views) {
            tracing::info!(call = %view.call_id, peer = %view.peer, phase = ?view.phase, end = ?view.end, "call");
            self.emit(EngineEvent::CallChanged(Arc::new(view)));
        }
        let sources = |views: &[CallView]| -> BTreeSet<SourceId> {
            views.iter().flat_map(|view| view.participants.iter()).map(|other| other.source_id).collect()
        };
        for gone in sources(&self.calls.views).difference(&sources(&views)) {
            self.desk.forget(*gone);
        }
        self.calls.views = views;
    }

    fn ask(&mut self, ticket: Ticket, mut request: Request) {
        let timeout = match &mut request {
            Request::Invite(invite) => Some(&mut invite.timeout),
            Request::InviteInGroup(invite) => Some(&mut invite.timeout),
            _ => None,
        };
        if let (Some(timeout), Some(ring_s)) = (timeout, self.overrides.ring_timeout_s)
            && *timeout == crate::call::machine::RING_S
        {
            *timeout = ring_s;
        }
        self.calls.in_flight += 1;
        let (generation, client) = (self.link.generation, self.link.client.clone());
        let answer = Box::pin(async move {
            let result = match client {
                Some(client) => read_reply(request.method(), client.request(request).await),
                None => Err(ApiError::new(Code::Disconnected, "There is no connection to the server.")),
            };
            Message::Reply(generation, ticket, result)
        });
        self.link.await_in_order(answer, &self.inbox);
    }

    /// An answer for the machine.
    pub(super) fn replied(&mut self, ticket: Ticket, result: Result<RequestReply, ApiError>) {
        self.calls.in_flight = self.calls.in_flight.saturating_sub(1);
        if let Err(error) = &result {
            tracing::info!(code = error.code, "a request of a call was refused: {}", error.message);
        }
        self.calls_input(Input::Reply(ticket, result));
    }

    /// A callback: for the machine, the people list and whoever listens.
    pub(super) fn callback(&mut self, delivery: Delivery) {
        if let Event::UserStatusChanged(change) = &delivery.event {
            self.people.update(change.user_status_list.iter().cloned());
        }
        match &delivery.event {
            Event::DevicesChanged(_) => self.list_own_devices(),
            Event::SelfStatusChanged(status) => self.status_changed(status.clone()),
            Event::FavouritesChanged(favourites) => self.favourites_changed(favourites.clone()),
            _ => {}
        }
        if let Some(account) = &self.link.account {
            self.group_calls.hear(&account.credentials.user_id, &delivery.event);
        }
        self.emit(EngineEvent::Callback(Arc::new(delivery.clone())));
        self.calls_input(Input::Delivery(delivery));
    }

    /// A stored event: for the log. It is on disk before the actor waits again.
    pub(super) fn record(&mut self, delivery: Delivery) {
        if self.link.account.is_none() {
            return;
        }
        self.calls.unstored_seq = Some(delivery.seq);
        if let Some(fold) = &mut self.calls.fold {
            fold.apply(&delivery);
        }
        // What is called back as well counts once for the machine. The rest it must know, too: whom this user is calling
        // on other devices, that a hang-up has reached the log, and how a call ended while the connection was gone.
        self.calls_input(Input::Delivery(delivery));
    }

    /// Brings what the records changed to disk and to the picture.
    pub(super) fn store_log(&mut self) {
        let Some(seq) = self.calls.unstored_seq.take() else { return };
        let (Some(fold), Some(mut account)) = (&mut self.calls.fold, self.link.account.take()) else { return };
        let mut changes = fold.take_changes();
        for change in &changes {
            if let Change::Put(stored) = change
                && self.calls.deleted.contains(&stored.row.call_id)
            {
                fold.delete(&stored.row.call_id);
            }
        }
        changes.extend(fold.take_changes());
        let result = self.profile.store_log(&mut account, seq, &changes);
        self.link.account = Some(account);
        self.stored(result);
        if !changes.is_empty() {
            self.calls.show_rows();
        }
    }

    pub(super) fn delete_row(&mut self, call: &InviteId) {
        let (Some(account), Some(fold)) = (&self.link.account, &mut self.calls.fold) else { return };
        let result = self.profile.delete_row(account, call);
        fold.delete(call);
        // It is deleted on disk already, and marked so that it stays deleted.
        fold.take_changes();
        self.calls.deleted.insert(call.clone());
        self.calls.show_rows();
        self.stored(result);
    }

    pub(super) fn clear_log(&mut self) {
        let (Some(account), Some(fold)) = (&self.link.account, &mut self.calls.fold) else { return };
        let result = self.profile.clear_log(account);
        self.calls.deleted.extend(fold.rows().into_iter().map(|row| row.call_id));
        fold.clear();
        fold.take_changes();
        self.calls.show_rows();
        self.stored(result);
    }

    pub(super) fn mark_log_seen(&mut self) {
        let newest = self.calls.rows.iter().filter(|row| row.result.is_some()).map(|row| row.time_ms).max();
        let Some(newest) = newest.filter(|newest| *newest > self.calls.seen_ms) else { return };
        let result = self.profile.set_log_seen(newest);
        self.stored(result);
        self.calls.seen_ms = newest;
        self.calls.show_rows();
    }

    /// Wires the room's relay connection to the sound floor, both ways. After a lost connection the sound goes on, and
    /// only the wire is new. With `closed`, the relay lets nothing through that this device says.
    fn start_media(&mut self, entered: &EnterRoomReply, closed: bool) {
        let Some(client) = self.link.client.clone() else { return };
        let link = client.open_media(entered);
        let (sender, session) = match (self.calls.media.take(), self.desk.talk_as(entered.source_id)) {
            (Some(media), Some(session)) => {
                media.stop.cancel();
                *media.sender.lock().unwrap_or_else(PoisonError::into_inner) = link.sender;
                (media.sender, session)
            }
            (media, _) => {
                self.calls.media = media;
                self.stop_media();
                let sender = Arc::new(Mutex::new(link.sender));
                let out = sender.clone();
                let sink = Box::new(move |packet| out.lock().unwrap_or_else(PoisonError::into_inner).send(packet));
                (sender, self.desk.start_talk(entered.source_id, &self.settings, closed, sink))
            }
        };
        let stop = CancellationToken::new();
        let (stopped, mut path) = (stop.clone(), link.path.clone());
        let mut receiver = link.receiver;
        let task = link.thread.spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.cancelled() => break,
                    packet = receiver.recv() => match packet {
                        Some(packet) => session.receive(packet.into()),
                        None => break,
                    },
                    Ok(()) = path.changed() => session.set_path(view(&path.borrow_and_update())),
                }
            }
        });
        self.calls.media = Some(Media { room: entered.room_id, stop, task, sender, path: link.path, silent: false });
    }

    /// Tells the machine when the relay of the call falls silent, and when it is heard again.
    pub(super) fn listen_for_relay(&mut self) {
        let Some(media) = &mut self.calls.media else { return };
        let silent_ms = media.path.borrow().silent_ms;
        let silent = silent_ms >= SILENT_MS;
        if std::mem::replace(&mut media.silent, silent) == silent {
            return;
        }
        if silent {
            return self.calls_input(Input::RelaySilent(silent_ms.into()));
        }
        self.calls_input(Input::RelayHeard);
        // The network is there again: the server must be, too.
        self.retry_now();
    }

    /// The way to the relay.
    pub(super) fn media_path(&self) -> PathStats {
        self.calls.media.as_ref().map(|media| *media.path.borrow()).unwrap_or_default()
    }

    /// Ends it. Closing devices and files takes a moment, which is spent elsewhere.
    pub(super) fn stop_media(&mut self) {
        let media = self.calls.media.take();
        let session = self.desk.stop_talk();
        if media.is_none() && session.is_none() {
            return;
        }
        self.closing.retain(|closing| !closing.is_finished());
        self.closing.push(tokio::spawn(async move {
            if let Some(media) = media {
                media.stop.cancel();
                let _ = media.task.await;
            }
            let _ = tokio::task::spawn_blocking(move || drop(session)).await;
        }));
    }
}

/// What a sender of voice needs to know of the way.
fn view(path: &PathStats) -> PathView {
    let PathStats { rtt_ms, rtt_min_ms, jitter_up_ms, jitter_down_ms, .. } = *path;
    PathView { rtt_ms, rtt_min_ms, jitter_ms: jitter_up_ms.max(jitter_down_ms) }
}

/// What the machine needs of an answer.
fn read_reply(
    method: &str,
    answer: Result<Box<serde_json::value::RawValue>, ApiError>,
) -> Result<RequestReply, ApiError> {
    let text = answer?;
    let unreadable = |error: serde_json::Error| {
        let message = format!("The server answered {method} with something unreadable: {error}.");
        ApiError::new(Code::ParseError, message)
    };
    match method {
        "invite" => serde_json::from_str::<InviteReply>(text.get()).map(RequestReply::Invited).map_err(unreadable),
        "inviteInGroup" => {
            serde_json::from_str::<InviteReply>(text.get()).map(RequestReply::Invited).map_err(unreadable)
        }
        "exitRoom" | "endLesson" => {
            serde_json::from_str::<ExitRoomReply>(text.get()).map(RequestReply::Exited).map_err(unreadable)
        }
        "enterRoom" => {
            serde_json::from_str::<EnterRoomReply>(text.get()).map(RequestReply::Entered).map_err(unreadable)
        }
        _ => Ok(RequestReply::Done),
    }
}
