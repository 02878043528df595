//! Notices that somebody speaks into the echo: then the filter must not learn, because it would learn the wrong thing.
//!
//! What is left over when the expected echo is taken away is small while only the far side talks. It grows when the near
//! side talks too, and when the room has changed. Only in the second case does it resemble the expected echo.

/// Share of the newest block in short and in long means.
const SHORT: f32 = 0.25;
const LONG: f32 = 0.03;
/// The same for what the filter is able to do (0.8 s of echo).
const SLOW: f32 = 0.005;
/// An echo dies away no faster than this from block to block (40 dB in 150 ms).
const FADING: f32 = 0.78;
/// The filter has learnt something once it takes away so much, dB.
const LEARNT: f32 = 16.0;
/// The rest resembles the echo no more than this (correlation coefficient): it is not the room that has changed.
const ALIKE: f32 = 0.4;
/// Below this power the microphone hears nothing of the speaker (-64 dBFS).
const QUIET: f32 = 64.0 * 20.0 * 20.0;
/// What the filter was able to do is believed for so long, dB per block (0.3 dB a second).
const FORGETTING: f32 = 0.0012;
/// Blocks for which it is remembered that somebody has spoken (100 ms).
const HOLD: u32 = 25;

/// Watches the filter.
#[derive(Debug, Default)]
pub(super) struct DoubleTalk {
    /// Power of the echo of late, and of the rest now.
    echo: f32,
    rest: f32,
    /// Powers and product over a longer time.
    long_echo: f32,
    long_rest: f32,
    product: f32,
    /// Power of the rest in pauses.
    floor: f32,
    /// How much quieter the filter makes the echo, dB.
    reach: f32,
    /// Blocks in which there was an echo and nobody spoke into it.
    blocks: u32,
    hold: u32,
}

impl DoubleTalk {
    /// Takes what the microphone heard and what the filter left of it.
    pub(super) fn feed(&mut self, heard: &[f32], left: &[f32]) {
        let (mut echo, mut rest, mut product) = (1.0, 1.0, 0.0);
        for (heard, left) in heard.iter().zip(left) {
            let expected = heard - left;
            echo += expected * expected;
            rest += left * left;
            product += left * expected;
        }
        let glide = |mean: &mut f32, new: f32, share: f32| *mean += share * (new - *mean);
        self.echo = (self.echo * FADING).max(echo);
        glide(&mut self.rest, rest, SHORT);
        glide(&mut self.long_echo, echo, LONG);
        glide(&mut self.long_rest, rest, LONG);
        glide(&mut self.product, product, LONG);
        self.floor = self.rest.min(self.floor * 1.002 + 1.0);
        let gain = 10.0 * (self.echo / self.rest).log10();
        let alike = self.product.abs() / (self.long_echo * self.long_rest).sqrt();
        let louder = self.rest > 8.0 * self.floor;
        if self.reach > LEARNT && gain < self.reach / 2.0 && louder && alike < ALIKE {
            self.hold = HOLD;
            self.reach -= FORGETTING;
            return;
        }
        self.hold = self.hold.saturating_sub(1);
        if echo > QUIET && self.hold == 0 {
            glide(&mut self.reach, gain, SLOW);
            self.blocks = self.blocks.saturating_add(1);
        }
    }

    /// How much quieter the filter alone makes the echo, dB.
    pub(super) fn reach(&self) -> f32 {
        self.reach
    }

    /// Power of what the filter leaves in pauses: noise.
    pub(super) fn floor(&self) -> f32 {
        self.floor
    }

    /// Blocks of echo so far.
    pub(super) fn blocks(&self) -> u32 {
        self.blocks
    }

    /// There is an echo, and nobody speaks into it.
    pub(super) fn is_echo_alone(&self) -> bool {
        self.hold == 0 && self.long_echo > QUIET
    }

    /// Somebody speaks into the echo, or has just done so.
    pub(super) fn is_on(&self) -> bool {
        self.hold > 0
    }
}
