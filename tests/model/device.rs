//! One device: the real call machine, the real inbox of the client, the real log, and what a test must remember of them.

use std::collections::{BTreeMap, BTreeSet};

use ahoy::{
    call::{CallView, Direction, EndReason, Ids, Input, Log, Machine, Output, Phase, Ticket, log::StoredRow},
    client::sync::{Inbox, Step},
    protocol::{Delivery, DeviceId, Event, InviteId, Request, UserId, api::Start},
    signaling::Actor,
};

/// What an answer is for.
#[derive(Debug)]
pub(crate) enum Pending {
    Login,
    /// The machine's, and what was asked.
    Machine(Ticket, Key, Option<Box<Request>>),
    /// The inbox reports a timeout.
    Report(InviteId),
    /// A program behind the API.
    Raw,
}

/// What must not be asked again after a success.
pub(crate) type Key = (&'static str, String);

pub(crate) fn key(request: &Request) -> Key {
    let what = match request {
        Request::Invite(r) => r.invite_id.to_string(),
        Request::InviteInGroup(r) => r.invite_id.to_string(),
        Request::Accept(r) => r.invite_id.to_string(),
        Request::Reject(r) => r.invite_id.to_string(),
        Request::Cancel(r) => format!("{} {:?}", r.invite_id, r.invitee_list),
        // Entering again after a lost connection is no repetition, nor is leaving again what one has come back to.
        _ => String::new(),
    };
    (request.method(), what)
}

/// How a call ended as this device has shown it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) view: CallView,
    pub(crate) talked: bool,
}

pub(crate) struct Device {
    pub(crate) actor: Actor,
    /// Lets others wait during a talk.
    pub(crate) waiting: bool,
    /// Does not want to be disturbed.
    pub(crate) quiet: bool,
    /// Counts program runs.
    pub(crate) life: u64,
    pub(crate) machine: Machine,
    pub(crate) inbox: Inbox,
    pub(crate) log: Log,
    stored: Vec<StoredRow>,
    /// Number of events recorded, over all lives.
    pub(crate) recorded: u64,
    /// The connection as this device sees it.
    pub(crate) conn: Option<usize>,
    pub(crate) synced: bool,
    pub(crate) pending: BTreeMap<u64, Pending>,
    pub(crate) succeeded: BTreeSet<Key>,
    pub(crate) media: bool,
    /// The relay of this device's call says nothing.
    pub(crate) silent: bool,
    /// Calls as last shown in this life.
    pub(crate) shown: BTreeMap<InviteId, Shown>,
    /// Calls that were live when the program was killed.
    pub(crate) killed_in: BTreeSet<InviteId>,
    /// When the connection broke or the program was killed.
    pub(crate) disturbed_ms: Vec<u64>,
    /// Invitations whose end for this user has been recorded.
    pub(crate) over: BTreeSet<InviteId>,
    /// What happened, for the statistics.
    pub(crate) happened: BTreeSet<&'static str>,
}

fn ids(seed: u64, life: u64) -> Ids {
    Ids::seeded(seed.wrapping_mul(1_000_003).wrapping_add(life.wrapping_mul(0x9e37_79b9)))
}

impl Device {
    pub(crate) fn new(user: &UserId, number: usize, seed: u64) -> Self {
        let device = DeviceId::new(format!("{user}-{number}")).expect("valid");
        let actor = Actor { user: user.clone(), device: device.clone(), device_name: format!("{user}'s no. {number}") };
        Self {
            machine: Machine::with_ids(user.clone(), device.clone(), ids(seed, 0)),
            inbox: Inbox::new(user.clone(), Start::Cold, 0),
            log: Log::new(user.clone(), device),
            actor,
            waiting: false,
            quiet: false,
            life: 0,
            stored: Vec::new(),
            recorded: 0,
            conn: None,
            synced: false,
            pending: BTreeMap::new(),
            succeeded: BTreeSet::new(),
            media: false,
            silent: false,
            shown: BTreeMap::new(),
            killed_in: BTreeSet::new(),
            disturbed_ms: Vec::new(),
            over: BTreeSet::new(),
            happened: BTreeSet::new(),
        }
    }

    /// Nothing is to ring on this device, or again.
    pub(crate) fn keep_quiet(&mut self, now_ms: u64, quiet: bool) {
        self.quiet = quiet;
        self.machine.handle(now_ms, Input::DoNotDisturb(quiet));
    }

    pub(crate) fn let_wait(&mut self, waits: bool) {
        self.waiting = waits;
        self.machine.handle(0, Input::CallWaiting(waits));
    }

    /// `kill -9`, and a new program that knows what was stored.
    pub(crate) fn kill(&mut self, now_ms: u64, seed: u64) {
        self.disturbed_ms.push(now_ms);
        self.killed_in.extend(self.machine.view().into_iter().filter(CallView::is_live).map(|view| view.call_id));
        // Also those that are over, but whose hang-up message may not be out.
        self.killed_in.extend(self.shown.keys().cloned());
        self.life += 1;
        let (user, device) = (self.actor.user.clone(), self.actor.device.clone());
        self.machine = Machine::with_ids(user.clone(), device.clone(), ids(seed, self.life));
        self.machine.handle(now_ms, Input::CallWaiting(self.waiting));
        self.machine.handle(now_ms, Input::DoNotDisturb(self.quiet));
        self.inbox = Inbox::new(user.clone(), Start::Cold, self.recorded);
        self.log = Log::restore(user, device, self.stored.iter().cloned());
        self.conn = None;
        self.synced = false;
        self.pending.clear();
        self.succeeded.clear();
        self.media = false;
        self.silent = false;
        self.shown.clear();
    }

    /// The call that the person is in, or that rings.
    pub(crate) fn live(&self) -> Option<CallView> {
        self.machine.view().into_iter().find(CallView::is_live)
    }

    /// All that are not over.
    pub(crate) fn lives(&self) -> impl Iterator<Item = CallView> {
        self.machine.view().into_iter().filter(CallView::is_live)
    }

    /// An event arrives from the server. What comes back is for the machine, in order, and whether the replay is done.
    pub(crate) fn receive(&mut self, now_ms: u64, delivery: Delivery) -> Result<(Vec<Delivery>, bool), String> {
        let mut for_machine = Vec::new();
        let mut synced = false;
        for step in self.inbox.receive(now_ms, delivery) {
            match step {
                Step::Record(delivery) => {
                    self.recorded += 1;
                    if delivery.seq != self.recorded {
                        return Err(format!("recorded no. {} as no. {}", delivery.seq, self.recorded));
                    }
                    self.log.apply(&delivery);
                    self.store();
                    self.remember_end(&delivery.event);
                    for_machine.push(delivery);
                }
                Step::Callback(delivery) => {
                    if let Event::ReceiveNewInvitation(new) = &delivery.event
                        && self.over.contains(&new.invite_id)
                    {
                        return Err(format!("{} is called back after its end", new.invite_id));
                    }
                    for_machine.push(delivery);
                }
                Step::Synced(up_to) => {
                    if up_to != self.recorded {
                        return Err(format!("synced up to {up_to} with {} events", self.recorded));
                    }
                    synced = true;
                }
                Step::Kicked(kicked) => return Err(format!("kicked: {}", kicked.reason)),
            }
        }
        Ok((for_machine, synced))
    }

    fn store(&mut self) {
        for change in self.log.take_changes() {
            match change {
                ahoy::call::log::Change::Put(row) => {
                    self.stored.retain(|there| there.row.call_id != row.row.call_id);
                    self.stored.push(row);
                }
                ahoy::call::log::Change::Delete(id) => self.stored.retain(|there| there.row.call_id != id),
            }
        }
    }

    fn remember_end(&mut self, event: &Event) {
        let me = &self.actor.user;
        let id = match event {
            Event::InviteeAccepted(e) | Event::InviteeRejected(e) if e.invitee == *me => &e.invite_id,
            Event::InvitationCancelled(e) if e.invitee_list.contains(me) => &e.invite_id,
            Event::InvitationTimeout(e) if e.invitee_list.contains(me) => &e.invite_id,
            _ => return,
        };
        self.over.insert(id.clone());
    }

    /// Gives the machine an input; checks what can be checked on one device alone.
    pub(crate) fn feed(&mut self, now_ms: u64, input: Input) -> Result<Vec<(Ticket, Request)>, String> {
        let before = self.live();
        let placed = matches!(
            input,
            Input::Place(_) | Input::PlaceSeveral(..) | Input::Join { .. } | Input::Add { .. } | Input::Resume(_)
        );
        let what = format!("{input:?}");
        self.machine.handle(now_ms, input);
        let mut requests = Vec::new();
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Request(ticket, request) => {
                    let repeatable = matches!(request.method(), "enterRoom" | "exitRoom");
                    if self.succeeded.contains(&key(&request)) && !repeatable {
                        return Err(format!("asked again after success: {request:?}"));
                    }
                    requests.push((ticket, request));
                }
                Output::StartMedia(_) => (self.media, self.silent) = (true, false),
                Output::StopMedia if !self.media => return Err("stopped media that did not run".into()),
                Output::StopMedia => (self.media, self.silent) = (false, false),
                Output::TestLink if !self.silent => return Err("looks at the server without a reason".into()),
                Output::TestLink => _ = self.happened.insert("weak"),
                Output::Refused { error, .. } => {
                    self.happened.insert("refused");
                    // That an invitation to a call that goes on was refused is told later.
                    if !placed && !self.lives().any(|view| view.is_party()) {
                        let _ = error;
                        return Err("refused what nobody asked".into());
                    }
                }
                Output::ToldBusy(_) => _ = self.happened.insert("told busy"),
            }
        }
        self.check_views(now_ms, before, &what)?;
        Ok(requests)
    }

    fn check_views(&mut self, now_ms: u64, before: Option<CallView>, what: &str) -> Result<(), String> {
        let views = self.machine.view();
        let lives: Vec<&CallView> = views.iter().filter(|view| view.is_live()).collect();
        let most = if self.waiting { 2 } else { 1 };
        if lives.len() > most || views.len() > lives.len() + 1 {
            return Err(format!("too many calls after {what}: {views:?}"));
        }
        match &lives[..] {
            [one, two] if one.talking_since_ms.is_none() && two.talking_since_ms.is_none() => {
                return Err(format!("two calls and no talk after {what}: {views:?}"));
            }
            [one, two] if [one, two].iter().all(|view| view.phase != Phase::Incoming && !view.on_hold) => {
                return Err(format!("two calls at a time after {what}: {views:?}"));
            }
            [one, two] if two.on_hold && one.phase == Phase::InCall => _ = self.happened.insert("held for another"),
            [view] if view.on_hold => _ = self.happened.insert("on hold"),
            _ => {}
        }
        let live = views.iter().find(|view| view.is_live());
        let connected = |phase| matches!(phase, Phase::Connecting | Phase::InCall | Phase::Reconnecting);
        if self.media && !lives.iter().any(|view| connected(view.phase) && !view.on_hold) {
            return Err(format!("sound without a call after {what}"));
        }
        for view in &views {
            let old = self.shown.get(&view.call_id);
            // To a call of several one can come back.
            if old.is_some_and(|old| !old.view.is_live()) && view.is_live() && !view.is_party() {
                return Err(format!("{} lives again after {what}", view.call_id));
            }
            if view.detail.as_ref().is_some_and(|detail| detail.contains("8010")) {
                return Err(format!("\"it was over already\" is shown as an error: {view:?}"));
            }
            if view.end.is_some() == view.is_live() {
                return Err(format!("end and phase contradict each other: {view:?}"));
            }
            if (view.phase == Phase::InCall) && view.talking_since_ms.is_none() {
                return Err(format!("in a call without a clock: {view:?}"));
            }
            let rings = matches!(view.phase, Phase::Calling | Phase::Ringing | Phase::Incoming);
            if rings && view.ring_deadline_ms.is_none_or(|at| now_ms > at + 3_000) {
                return Err(format!("rings after its time: {view:?}"));
            }
            if view.phase == Phase::InCall && view.others_in() > 1 {
                self.happened.insert("in call with three");
            }
            match (view.phase, view.end) {
                (Phase::Ringing, _) => _ = self.happened.insert("ringing"),
                (Phase::InCall, _) => _ = self.happened.insert("in call"),
                (Phase::Reconnecting, _) => _ = self.happened.insert("reconnecting"),
                (_, Some(EndReason::NotAvailable)) => _ = self.happened.insert("not available"),
                (_, Some(EndReason::Busy)) => _ = self.happened.insert("busy"),
                (_, Some(EndReason::AnsweredElsewhere)) => _ = self.happened.insert("answered elsewhere"),
                (_, Some(EndReason::DeclinedElsewhere)) => _ = self.happened.insert("declined elsewhere"),
                (_, Some(EndReason::Offline)) => _ = self.happened.insert("offline"),
                (_, Some(EndReason::NoAnswer)) => _ = self.happened.insert("no answer"),
                (_, Some(EndReason::ConnectionLost)) => _ = self.happened.insert("connection lost"),
                _ => {}
            }
            let talked = old.is_some_and(|old| old.talked) || view.talking_since_ms.is_some();
            if old.is_some_and(|old| old.view.phase == Phase::Reconnecting) && view.phase == Phase::InCall {
                self.happened.insert("reconnected");
            }
            if old.is_none_or(|old| old.view != *view) {
                self.shown.insert(view.call_id.clone(), Shown { view: view.clone(), talked });
            }
        }
        self.check_glare(before, live, what)
    }

    /// Nobody rings while calling the same person: glare connects in silence.
    fn check_glare(&mut self, before: Option<CallView>, live: Option<&CallView>, what: &str) -> Result<(), String> {
        let (Some(before), Some(live)) = (before, live) else { return Ok(()) };
        if before.is_party() && live.is_party() && before.is_live() && before.call_id != live.call_id {
            self.happened.insert("one call of two");
        }
        if before.call_id == live.call_id || live.is_party() || before.is_party() {
            return Ok(());
        }
        let calling = matches!(before.phase, Phase::Calling | Phase::Ringing);
        let failed = self.shown.get(&before.call_id).is_some_and(|shown| shown.view.end == Some(EndReason::Failed));
        if calling && before.peer == live.peer {
            match live.phase {
                Phase::Connecting => {
                    self.happened.insert("glare lost");
                    if live.direction == Direction::Outgoing {
                        self.happened.insert("glare lost after sending");
                    }
                    // It gave way, and nobody sees how it ended.
                    self.shown.remove(&before.call_id);
                }
                Phase::Incoming if failed => {}
                phase => return Err(format!("{phase:?} in a glare after {what}")),
            }
        }
        Ok(())
    }
}
