//! The server: who is there, who may do what, who is told.
//!
//! What lives here: `core`, one thread that decides everything, and `store`, its SQLite database; around them the I/O
//! shells that carry frames to and from it. What may not come in: anything about sound, windows, or what a call is; the
//! server never reads the custom data.

pub mod config;
pub mod core;
mod discovery;
mod gateway;
mod relay;
mod running;
pub mod store;
mod tls;

pub use config::{Limits, SPEAKERS_DEFAULT, SPEAKERS_MAX, ServerConfig};
pub use relay::RelayStats;
pub use running::{Server, ServerError};
pub use tls::IdentityError;
