//! The wire: everything that travels between an Ahoy client and an Ahoy server, as plain data.
//!
//! What lives here: identifiers, error codes, JSON-RPC 2.0 framing, one type per request and per notification, the
//! custom data of calls, the call in a group's attributes, and the header of a media packet. Parsing returns errors and never panics.
//! What may not come in: rules, I/O, clocks, threads. This floor imports no other module of the house.
//!
//! `docs/protocol.md` is the same knowledge in prose, for whoever writes a client from it.

pub mod api;
pub mod call_data;
pub mod class_data;
pub mod error;
pub mod event;
pub mod group_call;
pub mod ids;
pub mod lan;
pub mod lesson;
pub mod limits;
pub mod media;
pub mod rpc;

pub use api::{Call, Request};
pub use error::{ApiError, Code};
pub use event::{Delivery, Event};
pub use ids::{DeviceId, GroupId, InviteId, RoomId, SourceId, UserId};
pub use lan::Fingerprint;
