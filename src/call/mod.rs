//! The call machine: what a person sees as a call, made of invitations plus a media room. And the call log, a fold
//! over signaling messages.
//!
//! What lives here: [`machine`] (1:1 calls; ringing, busy, glare, hang-up), [`view`] (its immutable picture), [`log`].
//! What may not come in: I/O, clocks, threads, async. Time is a number that the caller passes: monotonic milliseconds.

pub mod log;
pub mod machine;
pub mod view;

pub use machine::{Input, Output, RequestReply, Ticket};
pub use view::{CallView, Cue, Direction, EndReason, Phase};
