//! Ahoy: calls and classrooms on the desktop, with a signaling server of its own.
//!
//! The house has floors; a module imports only from floors below it (`docs/architecture.md` has the drawing).

#[cfg(feature = "desktop")]
pub mod app;
#[cfg(feature = "desktop")]
pub mod bench;
pub mod call;
pub mod class;
#[cfg(feature = "desktop")]
pub mod client;
#[cfg(feature = "desktop")]
pub mod engine;
#[cfg(feature = "desktop")]
pub mod media;
#[cfg(feature = "desktop")]
pub mod phone;
pub mod protocol;
#[cfg(feature = "server")]
pub mod server;
pub mod signaling;
#[cfg(feature = "server")]
pub(crate) mod socket;
