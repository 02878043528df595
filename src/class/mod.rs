//! Lessons: hands, floors, questions and who is there.
//!
//! What lives here: [`Lesson`], the one arbiter of a lesson, which the server runs; [`View`], a lesson as everybody in it
//! sees it, on both sides made of the same changes; and the attendance. All without I/O, clocks and threads: time is
//! monotonic milliseconds that the caller passes. What may not come in: sockets, rooms, invitations as such (the caller
//! says what became of them), words for people.
//!
//! # Rules
//! 1. Teachers are the owner and the administrators of the group, as they are at each moment. Whoever else is in the
//!    lesson is a student.
//! 2. A teacher's microphone is open. A student's is open with the floor, on the device that took it, and where
//!    microphones are free and the student has opened it. Nobody else is heard ([`Lesson::may_speak`]).
//! 3. There are never more floors, and invitations to speak, than the teachers allow at a time.
//! 4. Hands stand in the order in which the server took them. A user has one hand.
//! 5. Who is away keeps hand and floor for [`ABSENCE_MS`]; who leaves gives both back at once.
//! 6. What is refused changes nothing, and nobody else hears of it.
//! 7. A lesson ends when a teacher ends it, or when nobody has been in it for [`ABSENCE_MS`].

mod attendance;
mod lesson;
mod news;
mod rules;
mod snapshot;
#[cfg(test)]
mod tests;
mod view;

pub use attendance::AttendanceRow;
pub use lesson::{Input, Lesson, Output, Whose};
pub use news::News;
pub use view::{Floor, Hand, Offer, Person, Prompt, Sign, View};

/// Who is away keeps the place, and what comes with it, for so long, ms.
pub const ABSENCE_MS: u64 = 60_000;
