//! A media connection over a WebSocket.

use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use tokio::{
    sync::watch,
    time::{Instant, interval_at, timeout, timeout_at},
};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};

use crate::{
    protocol::{ApiError, Code, api::MediaHello},
    socket::{Socket, close_frame},
};

use super::{
    super::{
        config::Limits,
        core::CoreHandle,
        gateway::{Admitted, Ending},
    },
    Link, Relay, Way, count,
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
    let refuse = |error: &ApiError| Ending::Close(close_frame(CloseCode::Policy, error));
    let hello = match timeout_at(deadline, hello(&mut socket)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(ending)) => {
            count(&relay.counters.strangers, 1);
            return (socket, ending);
        }
        Err(_) => return (socket, refuse(&super::silent())),
    };
    let link = match relay.open(&hello.relay_token, Way::WebSocket) {
        Ok(link) => link,
        Err(error) => return (socket, refuse(&error)),
    };
    admitted.authenticated();
    tracing::debug!(source = link.source.0, "media up over WebSocket");
    let answered = socket.send(Message::text("{}")).await;
    let (socket, ending) = match answered {
        Ok(()) => {
            relay.report(core, link.source).await;
            carry(socket, relay, &link, limits).await
        }
        Err(_) => (socket, Ending::Gone),
    };
    if let Some(source) = relay.close(&link) {
        relay.report(core, source).await;
    }
    tracing::debug!(source = link.source.0, "media down");
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

async fn carry(socket: Socket, relay: &Relay, link: &Arc<Link>, limits: &Limits) -> (Socket, Ending) {
    let (mut sink, mut stream) = socket.split();
    let heard = watch::Sender::new(Instant::now());
    let receive = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Binary(packet))) => relay.forward(link, &packet),
                Some(Ok(Message::Text(_))) => {
                    return Ending::Close(close_frame(CloseCode::Unsupported, &super::only_packets()));
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
        let mut packets = Vec::new();
        loop {
            tokio::select! {
                () = relay.take(link, &mut packets) => {}
                _ = ping.tick() => packets.push(Message::Ping(Bytes::new())),
            }
            let write = async {
                for message in packets.drain(..) {
                    sink.feed(message).await?;
                }
                sink.flush().await
            };
            match timeout(limits.write, write).await {
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
        reason = link.ended() => Ending::Close(close_frame(CloseCode::Policy, &reason)),
    };
    link.close();
    // Cannot fail: both halves come from this one socket.
    (sink.reunite(stream).expect("the halves of one socket"), ending)
}
