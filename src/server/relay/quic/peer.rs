//! One connection over QUIC, from its handshake to its end: one stream for the token, then a datagram a packet.

use quinn_proto::{Connection, Dir, Event, ReadError, StreamEvent, StreamId};
use std::{sync::Arc, time::Instant};

use crate::{
    protocol::{ApiError, Code, SourceId, api::MediaHello},
    socket::{quic::HELLO_MAX_BYTES, quic_close},
};

use super::super::{super::gateway::Admitted, Link, Relay, Way, count};

/// The connection.
pub(super) struct Peer {
    pub(super) connection: Connection,
    way: Way,
    stage: Stage,
    /// It counts against the caps as long as it is more than a farewell.
    admitted: Option<Admitted>,
    /// It is over at this time, unless something happens before.
    until: Option<Instant>,
    /// It has events, or packets to send.
    pub(super) restless: bool,
    /// When it is looked at next, if nothing happens before.
    pub(super) due: Option<Instant>,
}

/// How far it is.
enum Stage {
    /// It has not yet said on its stream, if it has opened one, which token it has.
    Stranger { stream: Option<StreamId>, hello: Vec<u8> },
    /// It has its place.
    Carrying(Arc<Link>),
    /// It has lost its place, or never had one; QUIC says goodbye.
    Over,
}

/// A connection has come or gone.
pub(super) type Changed = Option<SourceId>;

impl Peer {
    /// A connection that has time until `deadline` to show its token.
    pub(super) fn new(connection: Connection, way: Way, admitted: Admitted, deadline: Instant) -> Self {
        Self {
            connection,
            way,
            stage: Stage::Stranger { stream: None, hello: Vec::new() },
            admitted: Some(admitted),
            until: Some(deadline),
            restless: false,
            due: None,
        }
    }

    /// When it is to be looked at, if nothing happens before.
    pub(super) fn deadline(&mut self) -> Option<Instant> {
        [self.connection.poll_timeout(), self.until].into_iter().flatten().min()
    }

    /// Its time has come.
    pub(super) fn wake(&mut self, now: Instant) {
        if self.connection.poll_timeout().is_some_and(|at| at <= now) {
            self.connection.handle_timeout(now);
        }
    }

    /// Does whatever is to be done about what has come from it.
    pub(super) fn settle(&mut self, now: Instant, relay: &Relay) -> Changed {
        let mut changed = None;
        while let Some(event) = self.connection.poll() {
            match event {
                Event::Stream(StreamEvent::Opened { dir: Dir::Bi }) => changed = self.opened(now, relay).or(changed),
                Event::ConnectionLost { reason } => {
                    tracing::debug!(peer = %self.connection.remote_address(), "no media connection: {reason}");
                    changed = self.over(relay).or(changed);
                }
                _ => {}
            }
        }
        if let Stage::Stranger { stream: Some(_), .. } = self.stage {
            match self.admit(relay) {
                Ok(come) => changed = come.or(changed),
                Err(error) => changed = self.close(now, relay, &error).or(changed),
            }
        }
        if let Stage::Carrying(link) = &self.stage {
            while let Some(packet) = self.connection.datagrams().recv() {
                relay.forward(link, &packet);
            }
        }
        if self.until.is_some_and(|until| until <= now) {
            let error = match &self.stage {
                Stage::Carrying(link) => link.reason(),
                Stage::Stranger { .. } | Stage::Over => super::super::silent(),
            };
            changed = self.close(now, relay, &error).or(changed);
        }
        changed
    }

    /// The peer has opened a stream: the first one is for its token, there is no other.
    fn opened(&mut self, now: Instant, relay: &Relay) -> Changed {
        while let Some(id) = self.connection.streams().accept(Dir::Bi) {
            match &mut self.stage {
                Stage::Stranger { stream: stream @ None, .. } => *stream = Some(id),
                _ => return self.close(now, relay, &super::super::only_packets()),
            }
        }
        None
    }

    /// Reads the token and, when it is complete, gives the connection its place.
    fn admit(&mut self, relay: &Relay) -> Result<Changed, ApiError> {
        let Some(said) = self.read_hello().inspect_err(|_| count(&relay.counters.strangers, 1))? else {
            return Ok(None);
        };
        let Ok(MediaHello { relay_token }) = serde_json::from_slice(&said) else {
            count(&relay.counters.strangers, 1);
            return Err(refusal("The stream must say {\"relayToken\": …}."));
        };
        let link = relay.open(&relay_token, self.way)?;
        if let Stage::Stranger { stream: Some(id), .. } = self.stage {
            let mut answer = self.connection.send_stream(id);
            // Whoever does not want the answer will not miss it.
            let _ = answer.write(b"{}");
            let _ = answer.finish();
        }
        if let Some(admitted) = &mut self.admitted {
            admitted.authenticated();
        }
        tracing::debug!(source = link.source.0, "media up over QUIC");
        let source = link.source;
        self.until = None;
        self.stage = Stage::Carrying(link);
        Ok(Some(source))
    }

    /// What the stream says, once it is complete.
    fn read_hello(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let Stage::Stranger { stream: Some(id), hello } = &mut self.stage else { return Ok(None) };
        let broken = || refusal("Say {\"relayToken\": …} and finish the stream.");
        let mut stream = self.connection.recv_stream(*id);
        let mut chunks = stream.read(true).map_err(|_| broken())?;
        let complete = loop {
            match chunks.next(HELLO_MAX_BYTES) {
                Ok(Some(chunk)) => hello.extend_from_slice(&chunk.bytes),
                Ok(None) => break Ok(true),
                Err(ReadError::Blocked) => break Ok(false),
                Err(ReadError::Reset(_)) => break Err(broken()),
            }
            if hello.len() > HELLO_MAX_BYTES {
                break Err(refusal("The hello is too long."));
            }
        };
        // Whatever is to be sent after this is asked for anyway.
        let _ = chunks.finalize();
        Ok(complete?.then(|| std::mem::take(hello)))
    }

    /// Whether this is the connection that a link leads to.
    pub(super) fn is_of(&self, link: &Arc<Link>) -> bool {
        matches!(&self.stage, Stage::Carrying(held) if Arc::ptr_eq(held, link))
    }

    /// Its link may be about to end.
    pub(super) fn heed(&mut self, now: Instant) {
        if let Stage::Carrying(link) = &self.stage
            && let Some(after) = link.ends_after()
        {
            self.until.get_or_insert(now + after);
        }
    }

    /// Hands QUIC the packets that wait for this listener, as far as it takes them; whether there were any.
    pub(super) fn fill(&mut self, relay: &Relay, now_us: u64) -> bool {
        let Stage::Carrying(link) = &self.stage else { return false };
        let mut waiting = link.waiting();
        let mut dropped = waiting.expire(now_us);
        link.observe(&mut waiting, now_us);
        let mut datagrams = self.connection.datagrams();
        let (mut filled, mut all) = (false, true);
        while let Some(first) = waiting.queue.first() {
            if first.len() > datagrams.send_buffer_space() {
                all = false;
                break;
            }
            let Some(packet) = waiting.queue.pop() else { break };
            match datagrams.send(packet, true) {
                Ok(()) => filled = true,
                // Too long for the way, or the peer takes none.
                Err(_) => dropped += 1,
            }
        }
        waiting.told = !all;
        count(&relay.counters.queue_full, dropped.into());
        filled
    }

    /// Ends the connection, with a word to the peer.
    pub(super) fn close(&mut self, now: Instant, relay: &Relay, error: &ApiError) -> Changed {
        tracing::debug!(peer = %self.connection.remote_address(), %error, "closed");
        let (code, reason) = quic_close(error);
        self.connection.close(now, code, reason.into());
        self.over(relay)
    }

    /// The connection carries nothing any more.
    fn over(&mut self, relay: &Relay) -> Changed {
        self.until = None;
        self.admitted = None;
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Carrying(link) => {
                tracing::debug!(source = link.source.0, "media down");
                relay.close(&link)
            }
            Stage::Stranger { .. } | Stage::Over => None,
        }
    }
}

fn refusal(message: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, message)
}
