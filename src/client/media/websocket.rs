//! A media connection over a WebSocket: the token as the first frame, then one packet a frame.

use futures_util::{SinkExt, StreamExt};
use std::{pin::pin, time::Duration};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{
    client::{
        Address, ConnectError, Pin,
        connect::{open, within},
    },
    protocol::{ApiError, Code, lan::MEDIA_PATH, limits::MEDIA_PACKET_MAX_BYTES},
    socket::{Socket, close_error},
};

use super::latest::Latest;
use super::legs::{Event, Events};

/// A connection that takes no more may still have said why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Makes the connection.
pub(super) async fn connect(address: &Address, pin: Pin) -> Result<Socket, ConnectError> {
    open(address, pin, MEDIA_PATH, MEDIA_PACKET_MAX_BYTES).await.map(|(socket, _)| socket)
}

/// Waits for the end of a connection on which nothing is said.
pub(super) async fn closed(socket: &mut Socket) -> ApiError {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(frame))) => return close_error(frame.as_ref()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return lost(&error),
            None => return close_error(None),
        }
    }
}

/// Shows the token, hands packets in and takes them out of the queue until the connection ends; returns why.
pub(super) async fn carry(socket: Socket, hello: &str, outgoing: &Latest<Bytes>, events: &Events) -> ApiError {
    let (mut sink, mut stream) = socket.split();
    let mut receive = pin!(async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Binary(packet))) => events.send(Event::Packet(packet)).await,
                Some(Ok(Message::Text(_))) => events.send(Event::Admitted).await,
                Some(Ok(Message::Close(frame))) => return close_error(frame.as_ref()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return lost(&error),
                None => return close_error(None),
            }
        }
    });
    let send = async {
        let mut message = Message::text(hello);
        loop {
            if let Err(error) = sink.send(message).await {
                return lost(&error);
            }
            let Some(packet) = outgoing.pop().await else {
                return ApiError::new(Code::Disconnected, "The media connection was closed.");
            };
            message = Message::Binary(packet);
        }
    };
    tokio::select! {
        error = &mut receive => error,
        error = send => within(LAST_WORDS, receive).await.unwrap_or(error),
    }
}

fn lost(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(Code::Disconnected, format!("The media connection was lost: {error}."))
}
