//! Everything together on one virtual clock: devices, a network that delays and breaks, the server.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use ahoy::{
    call::{Input, RequestReply, Ticket},
    protocol::{ApiError, Code, Event, InviteId, Request, UserId, api::Timeout},
};

use super::{
    device::{Device, Key, Pending, key},
    rng::Rng,
    server::{Frame, Reply, Server},
};

enum Happening {
    ToServer {
        conn: usize,
        id: u64,
        request: Box<Request>,
    },
    Login {
        conn: usize,
        id: u64,
    },
    ToDevice {
        conn: usize,
        frame: Box<Frame>,
    },
    /// An answer reaches the machine on its own way: before or behind events.
    Answer {
        device: usize,
        life: u64,
        ticket: Ticket,
        key: Key,
        result: Box<Result<RequestReply, ApiError>>,
    },
    ServerNotices {
        conn: usize,
    },
    DeviceNotices {
        conn: usize,
    },
    Connect {
        device: usize,
        life: u64,
    },
    RelayHeard {
        device: usize,
    },
    RequestTimesOut {
        conn: usize,
        id: u64,
    },
}

struct Entry {
    at_ms: u64,
    order: u64,
    what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at_ms, self.order) == (other.at_ms, other.order)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ms, self.order).cmp(&(other.at_ms, other.order))
    }
}

/// One connection; each direction keeps its order.
struct Conn {
    device: usize,
    life: u64,
    broken_ms: Option<u64>,
    up_ms: u64,
    down_ms: u64,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) now_ms: u64,
    pub(crate) rng: Rng,
    pub(crate) devices: Vec<Device>,
    pub(crate) users: Vec<UserId>,
    pub(crate) server: Server,
    /// Longest way of a message, ms.
    pub(crate) delay_ms: u64,
    /// Some let others wait, and there are calls on hold.
    pub(crate) waiting: bool,
    /// Connections come back at once and stay: for the end.
    pub(crate) calm: bool,
    conns: Vec<Conn>,
    queue: BinaryHeap<Reverse<Entry>>,
    order: u64,
    next_id: u64,
    pub(crate) raw_ids: Vec<InviteId>,
    /// What people did, for the statistics.
    pub(crate) did: BTreeSet<&'static str>,
    trace: bool,
}

/// An answer that takes longer than this is given up by the client, ms.
const REQUEST_LIMIT_MS: u64 = 10_000;

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut rng = Rng::new(seed);
        let count = 2 + rng.index(4);
        let users: Vec<UserId> =
            ["ann", "bob", "cem", "dan", "eve"][..count].iter().map(|name| UserId::new(name).expect("valid")).collect();
        let mut devices = Vec::new();
        for user in &users {
            for number in 0..=usize::from(rng.percent(40)) {
                let ids = seed.wrapping_mul(64).wrapping_add(devices.len() as u64);
                devices.push(Device::new(user, number, ids));
            }
        }
        let mut server = Server::new(users.clone());
        server.taken_percent = if rng.percent(10) { 30 } else { 0 };
        let delay_ms = [1, 5, 40, 150, 600][rng.index(5)];
        let mut world = Self {
            seed,
            now_ms: 1_000,
            rng,
            devices,
            users,
            server,
            delay_ms,
            waiting: false,
            calm: false,
            conns: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            next_id: 0,
            raw_ids: vec![InviteId::new("nobody-knows-me").expect("valid")],
            did: BTreeSet::new(),
            trace,
        };
        // In half of the worlds the line is simply busy.
        world.waiting = world.rng.percent(50);
        for device in 0..world.devices.len() {
            let waits = world.waiting && world.rng.percent(70);
            world.devices[device].let_wait(waits);
            // Some come later.
            let wait_ms = if world.rng.percent(80) { 0 } else { world.rng.below(60_000) };
            world.schedule(wait_ms, Happening::Connect { device, life: 0 });
        }
        world
    }

    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>8} {}", self.now_ms, what());
        }
    }

    fn schedule(&mut self, in_ms: u64, what: Happening) {
        self.at(self.now_ms + in_ms, what);
    }

    fn at(&mut self, at_ms: u64, what: Happening) {
        self.order += 1;
        self.queue.push(Reverse(Entry { at_ms, order: self.order, what }));
    }

    // ---- time -----------------------------------------------------------------------------------------------------

    /// Lets time pass with all that happens in it.
    pub(crate) fn run(&mut self, for_ms: u64) -> Result<(), String> {
        let end_ms = self.now_ms + for_ms;
        loop {
            let queued = self.queue.peek().map(|Reverse(entry)| entry.at_ms);
            let machine = |device: &Device| device.machine.next_deadline();
            let inbox = |device: &Device| device.inbox.deadline_ms().filter(|_| device.synced);
            let timers = self.devices.iter().flat_map(|device| [machine(device), inbox(device)]).flatten();
            let next = timers.chain(self.server.next_deadline()).chain(queued).min();
            let Some(next) = next.filter(|next| *next <= end_ms) else { break };
            self.now_ms = self.now_ms.max(next);
            if queued == Some(next) || queued.is_some_and(|at| at <= self.now_ms) {
                let Some(Reverse(entry)) = self.queue.pop() else { break };
                self.happen(entry.what)?;
            } else {
                self.timers()?;
            }
        }
        self.now_ms = end_ms;
        Ok(())
    }

    fn timers(&mut self) -> Result<(), String> {
        let now_ms = self.now_ms;
        if self.server.next_deadline().is_some_and(|at| at <= now_ms) {
            self.server.tick(now_ms);
            self.flush()?;
        }
        for device in 0..self.devices.len() {
            if self.devices[device].machine.next_deadline().is_some_and(|at| at <= now_ms) {
                self.feed(device, Input::Tick)?;
                if self.devices[device].machine.next_deadline().is_some_and(|at| at <= now_ms) {
                    return Err(format!("{}: a deadline that stays", self.devices[device].actor.device));
                }
            }
            if self.devices[device].synced {
                for id in self.devices[device].inbox.due(now_ms) {
                    self.send(device, Pending::Report(id.clone()), Request::Timeout(Timeout { invite_id: id }));
                }
            }
        }
        Ok(())
    }

    fn happen(&mut self, what: Happening) -> Result<(), String> {
        let now_ms = self.now_ms;
        match what {
            Happening::ToServer { conn, id, request } => {
                if self.works(conn) {
                    self.server.request(now_ms, conn, id, *request);
                }
            }
            Happening::Login { conn, id } => {
                if self.works(conn) {
                    let device = &self.devices[self.conns[conn].device];
                    let (start, last_seq) = (device.inbox.start(), device.inbox.last_seq());
                    let actor = device.actor.clone();
                    self.say(|| format!("{} signs in, {start:?} from {last_seq}", actor.device));
                    self.server.login(now_ms, conn, id, actor, start, last_seq);
                }
            }
            Happening::ToDevice { conn, frame } => self.arrived(conn, *frame)?,
            Happening::Answer { device, life, ticket, key, result } => {
                if self.devices[device].life == life {
                    if result.is_ok() {
                        self.devices[device].succeeded.insert(key);
                    }
                    self.feed(device, Input::Reply(ticket, *result))?;
                }
            }
            Happening::ServerNotices { conn } => self.server.closed(now_ms, conn),
            Happening::DeviceNotices { conn } => self.lost(conn)?,
            Happening::Connect { device, life } => self.connect(device, life),
            Happening::RelayHeard { device } => self.relay_heard(device)?,
            Happening::RequestTimesOut { conn, id } => {
                let device = self.conns[conn].device;
                if self.devices[device].conn == Some(conn) {
                    self.settle(device, id, Err(ApiError::new(Code::RequestTimeout, "no answer")));
                }
            }
        }
        self.flush()
    }

    fn works(&self, conn: usize) -> bool {
        self.conns[conn].broken_ms.is_none_or(|at| self.now_ms < at)
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    fn connect(&mut self, device: usize, life: u64) {
        if self.devices[device].life != life || self.devices[device].conn.is_some() {
            return;
        }
        let conn = self.conns.len();
        self.conns.push(Conn { device, life, broken_ms: None, up_ms: 0, down_ms: 0 });
        self.devices[device].conn = Some(conn);
        let id = self.fresh();
        self.devices[device].pending.insert(id, Pending::Login);
        let at_ms = self.up(conn);
        self.at(at_ms, Happening::Login { conn, id });
    }

    /// Cuts a device's connection. Each side notices in its own time.
    pub(crate) fn cut(&mut self, device: usize) {
        let Some(conn) = self.devices[device].conn.filter(|conn| self.conns[*conn].broken_ms.is_none()) else { return };
        self.say(|| format!("{} is cut off", self.devices[device].actor.device));
        self.conns[conn].broken_ms = Some(self.now_ms);
        self.devices[device].disturbed_ms.push(self.now_ms);
        let silent = self.rng.percent(40);
        let (device_ms, server_ms) =
            if silent { (self.rng.below(15_000), self.rng.below(15_000)) } else { (0, self.rng.below(50)) };
        self.schedule(device_ms, Happening::DeviceNotices { conn });
        self.schedule(server_ms, Happening::ServerNotices { conn });
    }

    fn lost(&mut self, conn: usize) -> Result<(), String> {
        let Conn { device, life, .. } = self.conns[conn];
        if self.devices[device].conn != Some(conn) || self.devices[device].life != life {
            return Ok(());
        }
        let was_synced = std::mem::take(&mut self.devices[device].synced);
        self.devices[device].conn = None;
        let pending: Vec<u64> = self.devices[device].pending.keys().copied().collect();
        for id in pending {
            self.settle(device, id, Err(ApiError::new(Code::Disconnected, "the connection broke")));
        }
        self.devices[device].inbox.unlinked();
        if was_synced {
            self.feed(device, Input::LinkLost)?;
        }
        let wait_ms = match (self.calm, self.rng.percent(70)) {
            (true, _) => 250,
            (false, true) => 250 + self.rng.below(3_000),
            (false, false) => self.rng.below(45_000),
        };
        self.schedule(wait_ms, Happening::Connect { device, life });
        Ok(())
    }

    /// The relay of a device's call falls silent for a while.
    pub(crate) fn silence(&mut self) -> Result<(), String> {
        let sounding = |device: &usize| self.devices[*device].media && !self.devices[*device].silent;
        let sounding: Vec<usize> = (0..self.devices.len()).filter(sounding).collect();
        let Some(device) = self.rng.pick(&sounding).copied() else { return Ok(()) };
        self.say(|| format!("{} hears the relay no more", self.devices[device].actor.device));
        self.devices[device].silent = true;
        self.devices[device].disturbed_ms.push(self.now_ms);
        let for_ms = if self.rng.percent(70) { self.rng.below(8_000) } else { self.rng.below(45_000) };
        self.schedule(for_ms, Happening::RelayHeard { device });
        self.feed(device, Input::RelaySilent(500))
    }

    fn relay_heard(&mut self, device: usize) -> Result<(), String> {
        if self.devices[device].silent {
            self.feed(device, Input::RelayHeard)?;
            self.devices[device].silent = false;
        }
        Ok(())
    }

    /// `kill -9` of a device's program; it comes back some time later.
    pub(crate) fn kill(&mut self, device: usize) {
        self.say(|| format!("{} is killed", self.devices[device].actor.device));
        if let Some(conn) = self.devices[device].conn {
            self.conns[conn].broken_ms.get_or_insert(self.now_ms);
            let server_ms = if self.rng.percent(70) { self.rng.below(50) } else { self.rng.below(15_000) };
            self.schedule(server_ms, Happening::ServerNotices { conn });
        }
        let seed = self.seed.wrapping_mul(64).wrapping_add(device as u64);
        self.devices[device].kill(self.now_ms, seed);
        let life = self.devices[device].life;
        let wait_ms = if self.calm { 250 } else { 200 + self.rng.below(50_000) };
        self.schedule(wait_ms, Happening::Connect { device, life });
    }

    /// Everybody comes back, and nothing breaks any more.
    pub(crate) fn calm_down(&mut self) {
        self.calm = true;
        for device in 0..self.devices.len() {
            let life = self.devices[device].life;
            self.schedule(250, Happening::RelayHeard { device });
            match self.devices[device].conn {
                None => self.schedule(250, Happening::Connect { device, life }),
                Some(conn) if self.conns[conn].broken_ms.is_some() => {
                    self.schedule(250, Happening::DeviceNotices { conn });
                    self.schedule(250, Happening::ServerNotices { conn });
                }
                Some(_) => {}
            }
        }
    }

    pub(crate) fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn delay(&mut self) -> u64 {
        let longest = if self.rng.percent(3) { self.delay_ms * 4 } else { self.delay_ms };
        self.rng.below(longest + 1)
    }

    fn up(&mut self, conn: usize) -> u64 {
        let at_ms = (self.now_ms + self.delay()).max(self.conns[conn].up_ms);
        self.conns[conn].up_ms = at_ms;
        at_ms
    }

    // ---- messages -------------------------------------------------------------------------------------------------

    /// Sends what the server has put out, and checks that it has kept the rules.
    fn flush(&mut self) -> Result<(), String> {
        for (conn, frame) in std::mem::take(&mut self.server.out) {
            let at_ms = (self.now_ms + self.delay()).max(self.conns[conn].down_ms);
            self.conns[conn].down_ms = at_ms;
            self.at(at_ms, Happening::ToDevice { conn, frame: Box::new(frame) });
        }
        self.server.broken.take().map_or(Ok(()), Err)
    }

    pub(crate) fn send(&mut self, device: usize, pending: Pending, request: Request) {
        self.say(|| format!("{} asks {request:?}", self.devices[device].actor.device));
        let id = self.fresh();
        self.devices[device].pending.insert(id, pending);
        let Some(conn) = self.devices[device].conn.filter(|_| self.devices[device].synced) else {
            return self.settle(device, id, Err(ApiError::new(Code::Disconnected, "no connection")));
        };
        let at_ms = self.up(conn);
        self.at(at_ms, Happening::ToServer { conn, id, request: Box::new(request) });
        self.schedule(REQUEST_LIMIT_MS, Happening::RequestTimesOut { conn, id });
    }

    /// A request has its answer.
    fn settle(&mut self, device: usize, id: u64, result: Result<Reply, ApiError>) {
        let now_ms = self.now_ms;
        let Some(pending) = self.devices[device].pending.remove(&id) else { return };
        match pending {
            Pending::Login | Pending::Raw => {}
            Pending::Report(invite_id) => {
                self.devices[device].inbox.reported(now_ms, &invite_id, result.as_ref().map(|_| ()));
            }
            Pending::Machine(ticket, key, invite) => {
                if let (Ok(Reply::Invited(reply)), Some(invite)) = (&result, invite) {
                    self.devices[device].inbox.invited(now_ms, &invite, reply);
                }
                let result = result.map(|reply| match reply {
                    Reply::Done => RequestReply::Done,
                    Reply::Invited(reply) => RequestReply::Invited(reply),
                    Reply::Entered(reply) => RequestReply::Entered(reply),
                    Reply::Exited(reply) => RequestReply::Exited(reply),
                });
                let life = self.devices[device].life;
                let detour_ms = if self.rng.percent(70) { 0 } else { self.rng.below(30) };
                let result = Box::new(result);
                self.schedule(detour_ms, Happening::Answer { device, life, ticket, key, result });
            }
        }
    }

    fn arrived(&mut self, conn: usize, frame: Frame) -> Result<(), String> {
        let Conn { device, life, .. } = self.conns[conn];
        if !self.works(conn) || self.devices[device].conn != Some(conn) || self.devices[device].life != life {
            return Ok(());
        }
        match frame {
            Frame::Reply(id, result) => self.settle(device, id, result),
            Frame::Event(delivery) => {
                let name = self.devices[device].actor.device.clone();
                self.say(|| format!("{name} hears {} {} {:?}", delivery.seq, delivery.history, delivery.event));
                let (deliveries, synced) =
                    self.devices[device].receive(self.now_ms, delivery).map_err(|why| format!("{name}: {why}"))?;
                for delivery in deliveries {
                    self.feed(device, Input::Delivery(delivery))?;
                }
                if synced {
                    self.devices[device].synced = true;
                    self.feed(device, Input::LinkReady)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn feed(&mut self, device: usize, input: Input) -> Result<(), String> {
        let name = self.devices[device].actor.device.clone();
        let requests = self.devices[device].feed(self.now_ms, input).map_err(|why| format!("{name}: {why}"))?;
        self.say(|| {
            let calls = self.devices[device].machine.view();
            let calls: Vec<_> = calls.iter().map(|call| (&call.call_id, call.phase, call.on_hold, call.end)).collect();
            format!("{name} {calls:?}")
        });
        for (ticket, request) in requests {
            let invite = match &request {
                Request::Invite(invite) => Some(Box::new(invite.clone().into())),
                Request::InviteInGroup(invite) => Some(Box::new(invite.clone().into())),
                _ => None,
            };
            let pending = Pending::Machine(ticket, key(&request), invite);
            self.send(device, pending, request);
        }
        Ok(())
    }

    /// Whether an event of the users' logs is a glare's cancellation: for the checks.
    pub(crate) fn event_count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.server.logs.values().flatten().filter(|(_, event)| wanted(event)).count()
    }
}
