//! A media connection over QUIC: the token on the only stream, then one packet a datagram.

use futures_util::stream::{FuturesUnordered, StreamExt};
use quinn::{ClientConfig, Connection, Endpoint};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::lookup_host, time::sleep};

use crate::{
    client::{Address, ConnectError, Pin, connect::unreachable_server, tls::PinVerifier},
    protocol::{ApiError, Code},
    socket::{
        quic::{HELLO_MAX_BYTES, transport},
        quic_error,
    },
};

use super::legs::{Event, Events};

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;
/// The next address of a name joins after this time.
const ADDRESS_HEAD_START: Duration = Duration::from_millis(150);

/// Makes the connection; if the name has several addresses, with the first one that answers.
pub(super) async fn connect(address: &Address, pin: Pin) -> Result<Connection, ConnectError> {
    let addresses =
        lookup_host((address.host(), address.port())).await.map_err(|error| unreachable_server(address, error))?;
    let mut tries: FuturesUnordered<_> = addresses
        .take(ADDRESSES_MAX)
        .enumerate()
        .map(|(place, at)| async move {
            sleep(ADDRESS_HEAD_START * place as u32).await;
            connect_to(address, pin, at).await
        })
        .collect();
    let mut failure = unreachable_server(address, "its name has no address");
    while let Some(tried) = tries.next().await {
        match tried {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn connect_to(address: &Address, pin: Pin, at: SocketAddr) -> Result<Connection, ConnectError> {
    let (verifier, tls) = PinVerifier::for_quic(pin).map_err(|error| unreachable_server(address, error))?;
    let mut config = ClientConfig::new(tls);
    config.transport_config(Arc::new(transport()));
    let any: SocketAddr =
        if at.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    // The endpoint lives on with its connection.
    let endpoint = Endpoint::client(any).map_err(|error| unreachable_server(address, error))?;
    let connecting = endpoint
        .connect_with(config.clone(), at, address.host())
        // The name only goes into the greeting; an address that is not a valid DNS name is told as a fixed one.
        .or_else(|_| endpoint.connect_with(config, at, "ahoy"))
        .map_err(|error| unreachable_server(address, error))?;
    connecting.await.map_err(|error| match (pin, verifier.shown()) {
        (Pin::Known(pinned), Some(shown)) if pinned != shown => ConnectError::CertificateChanged { pinned, shown },
        _ => unreachable_server(address, error),
    })
}

/// Shows the token and hands packets in until the connection ends; returns why. Packets out are the caller's.
pub(super) async fn carry(connection: Connection, hello: &str, events: &Events) -> ApiError {
    let greet = async {
        match show(&connection, hello).await {
            Some(()) => events.send(Event::Admitted).await,
            None if connection.close_reason().is_none() => {
                return ApiError::new(Code::Disconnected, "The relay does not answer the token.");
            }
            None => {}
        }
        std::future::pending().await
    };
    let receive = async {
        loop {
            match connection.read_datagram().await {
                Ok(packet) => events.send(Event::Packet(packet)).await,
                Err(error) => return quic_error(&error),
            }
        }
    };
    tokio::select! { error = receive => error, error = greet => error }
}

/// The token, and the relay's yes.
async fn show(connection: &Connection, hello: &str) -> Option<()> {
    let (mut send, mut receive) = connection.open_bi().await.ok()?;
    send.write_all(hello.as_bytes()).await.ok()?;
    send.finish().ok()?;
    let answer = receive.read_to_end(HELLO_MAX_BYTES).await.ok()?;
    (!answer.is_empty()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{Fingerprint, lan::MEDIA_ALPN},
        socket::{fingerprint, quic_close},
    };
    use quinn::{ServerConfig, crypto::rustls::QuicServerConfig};
    use rustls::{crypto::ring, pki_types::PrivatePkcs8KeyDer, version::TLS13};
    use tokio::{sync::mpsc, time::timeout};
    use tokio_tungstenite::tungstenite::Bytes;

    use super::super::Transport;

    const GENEROUS: Duration = Duration::from_secs(60);

    /// A QUIC endpoint with a certificate of its own.
    fn server() -> (Endpoint, Address, Fingerprint) {
        let made = rcgen::generate_simple_self_signed(["ahoy".to_owned()]).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let certificate = made.cert.der().clone();
        let shown = fingerprint(&certificate);
        let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key.into()))
            .expect("a configuration");
        tls.alpn_protocols = vec![MEDIA_ALPN.to_vec()];
        let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).expect("a configuration")));
        config.transport_config(Arc::new(transport()));
        let endpoint = Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
        let port = endpoint.local_addr().expect("an address").port();
        (endpoint, Address::new("127.0.0.1", port), shown)
    }

    /// Takes the token, sends packets back as they come, and says why it ends.
    async fn relay(endpoint: Endpoint, echoes: usize, end: ApiError) -> String {
        let connection = endpoint.accept().await.expect("somebody").await.expect("a handshake");
        let (mut send, mut receive) = connection.accept_bi().await.expect("a stream");
        let hello = receive.read_to_end(HELLO_MAX_BYTES).await.expect("the token");
        send.write_all(b"{}").await.expect("sent");
        send.finish().expect("finished");
        for _ in 0..echoes {
            let packet = connection.read_datagram().await.expect("a packet");
            connection.send_datagram(packet).expect("sent");
        }
        send.stopped().await.expect("read");
        let (code, reason) = quic_close(&end);
        connection.close(code, &reason);
        endpoint.wait_idle().await;
        String::from_utf8(hello).expect("text")
    }

    #[tokio::test]
    async fn the_token_opens_it_packets_travel_and_the_end_has_a_reason() {
        let (endpoint, address, shown) = server();
        let end = ApiError::new(Code::KickedOffline, "Another one came.");
        let relay = tokio::spawn(relay(endpoint, 3, end.clone()));
        let connection = connect(&address, Pin::Known(shown)).await.expect("connected");
        assert!(connection.max_datagram_size().is_some_and(|bytes| bytes > 1_000));
        let (queue, mut events) = mpsc::channel(16);
        let from = (Transport::Quic, 1);
        let sender = connection.clone();
        let carried = tokio::spawn(async move { carry(connection, "the token", &Events { from, queue }).await });
        // Packets may be on their way together with the token.
        (0..3).for_each(|number| sender.send_datagram(Bytes::from(vec![number; 100])).expect("sent"));
        let (mut admitted, mut packets) = (false, Vec::new());
        while let Some((_, event)) = timeout(GENEROUS, events.recv()).await.expect("in time") {
            match event {
                Event::Admitted => admitted = true,
                Event::Packet(packet) => packets.push(packet[0]),
                Event::Connected(_) | Event::Ended(_) => unreachable!("told elsewhere"),
            }
        }
        packets.sort_unstable();
        assert_eq!((admitted, packets), (true, vec![0, 1, 2]));
        assert_eq!(carried.await.expect("ended"), end);
        assert_eq!(relay.await.expect("ended"), "the token");
    }

    #[tokio::test]
    async fn another_certificate_is_refused_before_anything_is_said() {
        let (endpoint, address, shown) = server();
        let accepted = tokio::spawn(async move { endpoint.accept().await.expect("somebody").await });
        let pinned = Fingerprint([7; 32]);
        let error = timeout(GENEROUS, connect(&address, Pin::Known(pinned))).await.expect("in time");
        assert_eq!(error.expect_err("refused"), ConnectError::CertificateChanged { pinned, shown });
        assert!(accepted.await.expect("no panic").is_err(), "the handshake ended");
    }

    #[tokio::test]
    async fn a_name_with_several_addresses_is_reached_at_the_one_that_answers() {
        let (endpoint, address, shown) = server();
        let accepted = tokio::spawn(async move { endpoint.accept().await.expect("somebody").await });
        // Where the name also has an IPv6 address, nobody listens there.
        let address = Address::new("localhost", address.port());
        let connection = timeout(GENEROUS, connect(&address, Pin::Known(shown))).await.expect("in time");
        assert!(connection.is_ok(), "{connection:?}");
        assert!(accepted.await.expect("no panic").is_ok());
    }
}
