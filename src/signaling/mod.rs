//! The rules of an invitation: who may do what to it, and what that does.
//!
//! What lives here: [`Book`], the state machine of all invitations of a server, driven by explicit time. The server
//! arbitrates with it, tests take it as the model. What may not come in: I/O, clocks, threads, who is online, who has an
//! account; whether a user exists or is a member of a group is for the caller to check.
//!
//! # The rules
//! * Each invitee's part is processed once: accepted, rejected, timed out or cancelled. A second attempt is refused with
//!   8010. The invitation is over when no part is open.
//! * Only the inviter cancels, on any device; that ends the parts still open, or some of them, and no others. Only an
//!   invitee accepts or rejects. Anyone else is refused with 8011.
//! * Devices report the timeout: an invitee's its own part a moment before the deadline, and whoever reports after it
//!   all that are open. Whoever comes first wins. [`Book::expire`] ends what nobody reported.
//! * An invitation without a timeout never times out and is never reported. So that it does not stay for ever, it
//!   lapses in silence [`UNTIMED_KEPT_MS`] after it began, or when its inviter has more than [`UNTIMED_PER_INVITER`]
//!   of them (the oldest goes first): it can no longer be answered, and nobody is told.
//! * An invitation to a room is cancelled when the room ends.
//! * Who leaves a group leaves its invitations: open parts of theirs time out, and their own invitations there are
//!   cancelled.

mod book;
mod invitation;
#[cfg(test)]
mod tests;

pub use book::{Book, Change, Invited};
pub use invitation::{Actor, Invitation, Part, Proposal};

/// How long an invitation without timeout can be answered, ms (one day).
pub const UNTIMED_KEPT_MS: u64 = 24 * 60 * 60 * 1_000;
/// How many open invitations without timeout an inviter has at most; one more, and the oldest lapses.
pub const UNTIMED_PER_INVITER: usize = 100;
/// How many open invitations with a timeout an inviter has at most; one more is refused with 7008.
pub const TIMED_PER_INVITER: usize = 1_000;
/// A timeout is taken this long before the deadline: a device's timer runs a little fast, ms.
pub const TIMEOUT_TOLERANCE_MS: u64 = 100;
/// How many invitations that are over are remembered, so that a late request gets the right code.
pub const ENDED_KEPT: usize = 4_096;
