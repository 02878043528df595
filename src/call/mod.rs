//! The call machine: what a person sees as a call, made of invitations plus a media room. And the call log, a fold
//! over signaling messages.
//!
//! What lives here: [`machine`] (what goes in and comes out is in `io`), [`view`] (its immutable picture), [`log`]. Inside
//! the machine, `placing` is the caller's side of a call of two until an answer, `ringing` the callee's (with busy and
//! glare), `room` the talk itself, `silence` a relay that says nothing, `hold` a second call beside it, `hangup` the end;
//! `party` is all of that for calls of several, and `lesson` what is different in lessons. `outbox` repeats what only a
//! lost connection kept from the server.
//! What may not come in: I/O, clocks, threads, async. Time is a number that the caller passes: monotonic milliseconds.

mod early;
mod hangup;
mod hold;
mod ids;
mod io;
mod lesson;
mod live;
pub mod log;
pub mod machine;
mod outbox;
mod party;
mod placing;
mod ringing;
mod room;
mod silence;
#[cfg(test)]
mod tests;
pub mod view;

pub use ids::Ids;
pub use io::{Input, Output, RequestReply, Ticket};
pub use log::{Log, LogRow, StoredRow};
pub use machine::Machine;
pub use view::{Action, CallView, Cue, Direction, EndReason, Network, Other, Phase, Standing};

/// `data.message` of a hang-up message when a connection, not a person, ended the call.
pub const CONNECTION_LOST: &str = "connectionLost";
