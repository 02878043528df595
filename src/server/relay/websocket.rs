//! One media connection: shows its token, then packets in both directions.

use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use tokio::{
    sync::watch,
    time::{Instant, interval_at, timeout, timeout_at},
};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};

use crate::{
    protocol::{ApiError, Code, SourceId, api::MediaHello},
    socket::{Socket, close_frame},
};

use super::{
    super::{
        config::Limits,
        core::{CoreHandle, Input},
        gateway::{Admitted, Ending},
    },
    Link, Relay, count,
};

/// Serves one connection on `/media` until it ends; returns how, with the socket for the farewell.
pub(in crate::server) async fn serve(
    mut socket: Socket,
    relay: &Relay,
    core: &CoreHandle,
    limits: &Limits,
    deadline: Instant,
    admitted: &mut Admitted,
) -> (Socket, Ending) {
    let hello = match timeout_at(deadline, hello(&mut socket)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(ending)) => {
            count(&relay.counters.strangers);
            return (socket, ending);
        }
        Err(_) => {
            let error = ApiError::new(Code::NotLoggedIn, "Show the relay token at once after connecting.");
            return (socket, Ending::Close(close_frame(CloseCode::Policy, &error)));
        }
    };
    let link = Arc::new(Link::new());
    let Some(source) = relay.open(&hello.relay_token, &link) else {
        count(&relay.counters.strangers);
        let error = ApiError::new(Code::NotFound, "This relay token opens nothing. Enter the room again.");
        return (socket, Ending::Close(close_frame(CloseCode::Policy, &error)));
    };
    admitted.authenticated();
    tracing::debug!(source = source.0, "media up");
    let (socket, ending) = match socket.send(Message::text("{}")).await {
        Ok(()) => {
            // A core that has stopped has closed this connection, too.
            let _ = core.send(Input::MediaUp { source }).await;
            let ended = carry(socket, relay, source, &link, limits).await;
            if relay.close(source, &link) {
                let _ = core.send(Input::MediaDown { source }).await;
            }
            ended
        }
        Err(_) => {
            relay.close(source, &link);
            (socket, Ending::Gone)
        }
    };
    tracing::debug!(source = source.0, "media down");
    (socket, ending)
}

/// The first frame.
async fn hello(socket: &mut Socket) -> Result<MediaHello, Ending> {
    let refuse = |message: &str| {
        Err(Ending::Close(close_frame(CloseCode::Policy, &ApiError::new(Code::InvalidRequest, message))))
    };
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let hello = serde_json::from_str(&text);
                return hello.or_else(|_| refuse("The first frame must be {\"relayToken\": …}."));
            }
            Some(Ok(Message::Binary(_))) => return refuse("Show the relay token before the first packet."),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Ending::from_read(&error)),
            None => return Err(Ending::Gone),
        }
    }
}

async fn carry(socket: Socket, relay: &Relay, source: SourceId, link: &Arc<Link>, limits: &Limits) -> (Socket, Ending) {
    let (mut sink, mut stream) = socket.split();
    let heard = watch::Sender::new(Instant::now());
    let receive = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Binary(packet))) => relay.forward(source, link, &packet),
                Some(Ok(Message::Text(_))) => {
                    let error = ApiError::new(Code::InvalidRequest, "Only media packets travel here.");
                    return Ending::Close(close_frame(CloseCode::Unsupported, &error));
                }
                Some(Ok(Message::Close(_))) | None => return Ending::Gone,
                Some(Ok(_)) => {}
                Some(Err(error)) => return Ending::from_read(&error),
            }
            heard.send_replace(Instant::now());
        }
    };
    let send = async {
        let mut ping = interval_at(Instant::now() + limits.ping_every, limits.ping_every);
        loop {
            let message = tokio::select! {
                packet = link.queue.pop() => match packet {
                    Some(packet) => Message::Binary(packet),
                    None => return Ending::Gone,
                },
                _ = ping.tick() => Message::Ping(Bytes::new()),
            };
            match timeout(limits.write, sink.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Ending::Gone,
            }
        }
    };
    let silence = async {
        loop {
            let deadline = *heard.borrow() + limits.dead_after;
            if deadline <= Instant::now() {
                let error = ApiError::new(Code::Disconnected, "Nothing was heard for too long.");
                return Ending::Close(close_frame(CloseCode::Policy, &error));
            }
            tokio::time::sleep_until(deadline).await;
        }
    };
    let ending = tokio::select! {
        ending = receive => ending,
        ending = send => ending,
        ending = silence => ending,
        () = link.stop.cancelled() => {
            let reason = link.reason.get().cloned();
            let reason = reason.unwrap_or_else(|| ApiError::new(Code::Disconnected, "The relay is stopping."));
            Ending::Close(close_frame(CloseCode::Policy, &reason))
        }
    };
    link.queue.close();
    // Cannot fail: both halves come from this one socket.
    (sink.reunite(stream).expect("the halves of one socket"), ending)
}
