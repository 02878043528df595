//! The engine's hand on the call machine and the call log: inputs in, outputs out, rows to disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    call::{CallView, Input, Machine, Output, Phase, RequestReply, Ticket, log::LogRow},
    protocol::{
        ApiError, Code, Delivery, Event, InviteId, Request, SourceId, UserId,
        api::{EnterRoomReply, InviteReply},
    },
};

use super::{
    EngineEvent,
    actor::{Actor, Message, changed},
    pending::Log,
    state::Session,
};

/// Media between the relay and the sound floor, while in a room.
struct Media {
    stop: CancellationToken,
    task: JoinHandle<()>,
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
    kept: BTreeMap<InviteId, LogRow>,
    deleted: BTreeSet<InviteId>,
    /// Rows that are not on disk yet, and the last number they came from.
    unstored: BTreeMap<InviteId, LogRow>,
    unstored_seq: Option<u64>,
    /// The log, newest first.
    pub(super) rows: Arc<[LogRow]>,
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

    /// The call that rings here.
    pub(super) fn ringing(&self) -> Option<&InviteId> {
        self.views.iter().find(|view| view.phase == Phase::Incoming).map(|view| &view.call_id)
    }

    fn show_rows(&mut self) {
        let mut rows: Vec<LogRow> = self.kept.values().cloned().collect();
        rows.sort_by(|a, b| (b.time_ms, &b.call_id).cmp(&(a.time_ms, &a.call_id)));
        self.rows = rows.into();
        self.missed_unseen = self.rows.iter().filter(|row| row.is_missed() && row.time_ms > self.seen_ms).count();
    }
}

impl Actor {
    /// Machine and log of a fresh session.
    pub(super) fn open_calls(&mut self) {
        let Some(account) = self.link.account.clone() else { return };
        let user = account.credentials.user_id.clone();
        self.calls.machine = Some(Machine::new(user.clone(), account.credentials.device_id.clone()));
        self.calls.in_flight = 0;
        self.calls.silenced = None;
        let result = self.profile.log(&account);
        let (rows, deleted) = self.stored(result).unwrap_or_default();
        self.calls.fold = Some(Log::with_rows(user, rows.iter().cloned()));
        self.calls.kept = rows.into_iter().map(|row| (row.call_id.clone(), row)).collect();
        self.calls.deleted = deleted;
        self.calls.unstored.clear();
        self.calls.unstored_seq = None;
        self.calls.show_rows();
    }

    /// The account is gone from here.
    pub(super) fn forget_log(&mut self) {
        self.calls.fold = None;
        self.calls.kept.clear();
        self.calls.deleted.clear();
        self.calls.unstored.clear();
        self.calls.unstored_seq = None;
        self.calls.show_rows();
    }

    /// The person calls somebody.
    pub(super) fn place(&mut self, user: UserId) {
        if self.draft.session != Session::Online {
            self.fail(ApiError::new(
                Code::Disconnected,
                "There is no connection to the server; call again once it is back.",
            ));
        } else {
            self.calls_input(Input::Place(user));
        }
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
                Output::StartMedia(entered) => self.start_media(&entered),
                Output::StopMedia => self.stop_media(),
                Output::Refused { error, .. } => self.fail(error),
                Output::ToldBusy(user) => self.notify(super::state::NoticeKind::MissedWhileBusy(user)),
            }
        }
        if views == self.calls.views {
            return;
        }
        for view in changed(&self.calls.views, &views) {
            tracing::info!(call = %view.call_id, peer = %view.peer, phase = ?view.phase, end = ?view.end, "call");
            self.emit(EngineEvent::CallChanged(Arc::new(view)));
        }
        let sources = |views: &[CallView]| -> BTreeSet<SourceId> {
            views.iter().flat_map(|view| &view.participants).map(|other| other.source_id).collect()
        };
        for gone in sources(&self.calls.views).difference(&sources(&views)) {
            self.desk.forget(*gone);
        }
        self.calls.views = views;
    }

    fn ask(&mut self, ticket: Ticket, mut request: Request) {
        if let (Request::Invite(invite), Some(ring_s)) = (&mut request, self.overrides.ring_timeout_s)
            && invite.timeout == crate::call::machine::RING_S
        {
            invite.timeout = ring_s;
        }
        self.calls.in_flight += 1;
        let (generation, inbox, client) = (self.link.generation, self.inbox.clone(), self.link.client.clone());
        tokio::spawn(async move {
            let result = match client {
                Some(client) => read_reply(request.method(), client.request(request).await),
                None => Err(ApiError::new(Code::Disconnected, "There is no connection to the server.")),
            };
            // The actor is gone only at the very end.
            let _ = inbox.send(Message::Reply(generation, ticket, result)).await;
        });
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
        self.emit(EngineEvent::Callback(Arc::new(delivery.clone())));
        self.calls_input(Input::Delivery(delivery));
    }

    /// A stored event: for the log. It is on disk before the actor waits again.
    pub(super) fn record(&mut self, delivery: Delivery) {
        let Some(account) = &self.link.account else { return };
        self.calls.unstored_seq = Some(delivery.seq);
        if let Some(row) = self.calls.fold.as_mut().and_then(|fold| fold.apply(&delivery)).cloned() {
            self.calls.unstored.insert(row.call_id.clone(), row);
        }
        // An invitation of this user's other devices is nothing to call back, but the machine must know whom this user
        // is calling there.
        let from_elsewhere = match &delivery.event {
            Event::ReceiveNewInvitation(new) => {
                new.inviter == account.credentials.user_id && new.device_id != account.credentials.device_id
            }
            _ => false,
        };
        if from_elsewhere && !delivery.history {
            self.calls_input(Input::Delivery(delivery));
        }
    }

    /// Brings what the records changed to disk and to the picture.
    pub(super) fn store_log(&mut self) {
        let Some(seq) = self.calls.unstored_seq.take() else { return };
        let rows = std::mem::take(&mut self.calls.unstored);
        let Some(mut account) = self.link.account.take() else { return };
        let result = self.profile.store_log(&mut account, seq, &rows);
        self.link.account = Some(account);
        self.stored(result);
        if rows.is_empty() {
            return;
        }
        let fresh = rows.into_iter().filter(|(call, _)| !self.calls.deleted.contains(call)).collect::<Vec<_>>();
        self.calls.kept.extend(fresh);
        self.calls.show_rows();
    }

    pub(super) fn delete_row(&mut self, call: &InviteId) {
        let Some(account) = &self.link.account else { return };
        let result = self.profile.delete_row(account, call);
        if self.stored(result).is_some() && self.calls.kept.remove(call).is_some() {
            self.calls.deleted.insert(call.clone());
            self.calls.show_rows();
        }
    }

    pub(super) fn clear_log(&mut self) {
        let Some(account) = &self.link.account else { return };
        let result = self.profile.clear_log(account);
        if self.stored(result).is_some() {
            let gone = std::mem::take(&mut self.calls.kept);
            self.calls.deleted.extend(gone.into_keys());
            self.calls.show_rows();
        }
    }

    pub(super) fn mark_log_seen(&mut self) {
        let newest = self.calls.rows.iter().filter(|row| row.result.is_some()).map(|row| row.time_ms).max();
        let Some(newest) = newest.filter(|newest| *newest > self.calls.seen_ms) else { return };
        let result = self.profile.set_log_seen(newest);
        self.stored(result);
        self.calls.seen_ms = newest;
        self.calls.show_rows();
    }

    /// Wires the room's relay connection to the sound floor, both ways.
    fn start_media(&mut self, entered: &EnterRoomReply) {
        let Some(client) = self.link.client.clone() else { return };
        let muted = self.desk.muted;
        self.stop_media();
        let link = client.open_media(entered);
        let sender = link.sender;
        let now_ms = self.now_ms();
        let sink = Box::new(move |packet| sender.send(packet));
        let session = self.desk.start_talk(entered.source_id, &self.settings, sink, now_ms);
        // After a lost connection it begins anew, and a closed microphone stays closed.
        self.desk.set_muted(muted);
        let stop = CancellationToken::new();
        let (stopped, mut receiver) = (stop.clone(), link.receiver);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.cancelled() => break,
                    packet = receiver.recv() => match packet {
                        Some(packet) => session.receive(packet.into()),
                        None => break,
                    },
                }
            }
        });
        self.calls.media = Some(Media { stop, task });
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
        "enterRoom" => {
            serde_json::from_str::<EnterRoomReply>(text.get()).map(RequestReply::Entered).map_err(unreadable)
        }
        _ => Ok(RequestReply::Done),
    }
}
