//! What stands behind the header of an audio packet: one Opus frame, and, if the header says so, copies of earlier ones
//! in front of it. Each copy is a whole frame, as it was sent before (the idea of RFC 2198).
//!
//! ```text
//! +-------+-----------------------------------+-----+--------+-----+---------
//! | count | count times: back, earlier, bytes | ... | copies | ... | own frame
//! +-------+-----------------------------------+-----+--------+-----+---------
//! ```
//! `count` is one byte; `back` (1 byte): how many packets ago the copy was sent as a packet's own frame; `earlier`
//! (1 byte): how much earlier its sound begins, in units of 2.5 ms; `bytes` (2 bytes): its length. The oldest copy
//! stands first. Numbers are big-endian.

/// Most copies in one packet.
pub const COPIES_MAX: usize = 4;
/// Unit of `earlier`, samples at 48 kHz.
pub const EARLIER_UNIT: i64 = 120;

/// An earlier frame once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundant<'a> {
    /// How many packets ago it was sent first; at least 1.
    pub back: u8,
    /// How much earlier than the packet's own frame its sound begins, units of [`EARLIER_UNIT`]; at least 1.
    pub earlier: u8,
    /// The Opus frame.
    pub frame: &'a [u8],
}

impl Redundant<'_> {
    /// What each copy costs beside its frame, bytes.
    pub const HEAD_BYTES: usize = 4;
}

/// Copies and own frame of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payload<'a> {
    copies: [Option<Redundant<'a>>; COPIES_MAX],
    /// The packet's own Opus frame; never empty after parsing.
    pub own: &'a [u8],
}

/// The payload is not what the header announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the copies in a media packet are damaged")]
pub struct PayloadError;

impl<'a> Payload<'a> {
    /// A payload of one frame.
    pub fn plain(own: &'a [u8]) -> Self {
        Self { own, ..Self::default() }
    }

    /// A payload with copies, the oldest first; those beyond [`COPIES_MAX`] are left out.
    pub fn with_copies(copies: impl IntoIterator<Item = Redundant<'a>>, own: &'a [u8]) -> Self {
        let mut payload = Self::plain(own);
        for (place, copy) in payload.copies.iter_mut().zip(copies) {
            *place = Some(copy);
        }
        payload
    }

    /// The copies, the oldest first.
    pub fn copies(&self) -> impl Iterator<Item = Redundant<'a>> {
        self.copies.into_iter().flatten()
    }

    /// Reads a payload; `redundant` is the flag in the packet's header.
    ///
    /// # Errors
    /// If it is empty, or if it is not what the flag says.
    pub fn parse(bytes: &'a [u8], redundant: bool) -> Result<Self, PayloadError> {
        if !redundant {
            return if bytes.is_empty() { Err(PayloadError) } else { Ok(Self::plain(bytes)) };
        }
        let (&count, rest) = bytes.split_first().ok_or(PayloadError)?;
        let count = usize::from(count);
        if count > COPIES_MAX {
            return Err(PayloadError);
        }
        let (entries, mut frames) = rest.split_at_checked(count * Redundant::HEAD_BYTES).ok_or(PayloadError)?;
        let mut payload = Self::default();
        for (place, entry) in payload.copies.iter_mut().zip(entries.chunks_exact(Redundant::HEAD_BYTES)) {
            let &[back, earlier, high, low] = entry else { return Err(PayloadError) };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let (frame, rest) = frames.split_at_checked(length).ok_or(PayloadError)?;
            if back == 0 || earlier == 0 || frame.is_empty() {
                return Err(PayloadError);
            }
            *place = Some(Redundant { back, earlier, frame });
            frames = rest;
        }
        if frames.is_empty() {
            return Err(PayloadError);
        }
        payload.own = frames;
        Ok(payload)
    }

    /// Whether the header must say that there are copies.
    pub fn is_redundant(&self) -> bool {
        self.copies[0].is_some()
    }

    /// Appends the payload's bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.is_redundant() {
            // At most COPIES_MAX.
            out.push(self.copies().count() as u8);
            for copy in self.copies() {
                // An Opus frame is shorter than 64 KiB; media packets are limited far below.
                let length = (copy.frame.len() as u16).to_be_bytes();
                out.extend_from_slice(&[copy.back, copy.earlier, length[0], length[1]]);
            }
            self.copies().for_each(|copy| out.extend_from_slice(copy.frame));
        }
        out.extend_from_slice(self.own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_payload_survives_the_wire(
            copies in prop::collection::vec((1..=u8::MAX, 1..=u8::MAX, prop::collection::vec(any::<u8>(), 1..200)), 0..5),
            own in prop::collection::vec(any::<u8>(), 1..200),
        ) {
            let copies = copies.iter().map(|(back, earlier, frame)| Redundant { back: *back, earlier: *earlier, frame });
            let payload = Payload::with_copies(copies, &own);
            let mut bytes = Vec::new();
            payload.write(&mut bytes);
            prop_assert_eq!(Payload::parse(&bytes, payload.is_redundant()), Ok(payload));
        }

        #[test]
        fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), redundant: bool) {
            if let Ok(payload) = Payload::parse(&bytes, redundant) {
                prop_assert!(!payload.own.is_empty());
            }
        }
    }
}
