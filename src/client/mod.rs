//! The embedded signaling client: connect, sign in, requests, events, resume; and the media connection.
//!
//! [`Client::start`] runs one task per session. It keeps the connection up by itself and hands everything that happens
//! to the application through one bounded queue of [`ClientEvent`]s, each stored event in order and exactly once.
//!
//! * [`account`]: sign up, sign in, ask what a server is, each on a connection of its own.
//! * [`discovery`]: servers on the local network.
//! * [`media`]: the connection to the relay.
//! * [`sync`]: what of the server's events is new, and which timeouts this device has to send. No I/O, no clock.
//!
//! What may not come in: what a call is, sound, files. Whoever embeds the client stores credentials, pin and the last
//! number.

pub mod account;
mod address;
mod calls;
mod connect;
pub mod discovery;
mod handle;
mod link;
pub mod media;
mod session;
pub mod sync;
mod tls;

pub use address::{Address, InvalidAddress};
pub use connect::ConnectError;
pub use handle::{Client, ClientConfig, ClientEvent};
pub use media::MediaLink;
pub use tls::Pin;
