//! Takes away from the microphone what comes out of the speaker: AEC3, the canceller of WebRTC, in its port by sonora.

use std::collections::VecDeque;

use sonora_aec3::{block::Block, block_processor::BlockProcessor, common::BLOCK_SIZE, config::EchoCanceller3Config};

use super::{
    audible::Audible,
    bands::{BAND_FRAME, BANDS, Bands, Split},
    double_talk::DoubleTalk,
    fade::Work,
    tuning,
};
use crate::media::{
    frame::{FRAME, Frame, RATE},
    level::dbfs,
    pauses::Pauses,
};

/// The canceller works in blocks of 4 ms: every other frame of 10 ms leaves half a block, which waits for 2 ms.
const WAIT: usize = BLOCK_SIZE / 2;
/// From here on a microphone distorts.
const OVERDRIVEN: f32 = 0.998;
/// A filter that takes away so much can be trusted, dB...
const GOOD: f32 = 20.0;
/// ... once it has done so for so many blocks of echo (2 s)...
const PROOF: u32 = 500;
/// ... and once this much is gone in the end, or all but noise: loudspeakers distort, and no filter knows how. As power.
const GONE: f32 = 1e-3;
/// Noise goes up and down by this much, as power.
const NOISE: f32 = 2.0;
/// One that takes away less than this cannot: two clocks, a loudspeaker that distorts, a room that has changed, dB.
const POOR: f32 = 12.0;
/// Blocks of echo after which a filter that has not become good is given up (60 s).
const TRIAL: u32 = 15_000;
/// The least that counts as cancelling, dB.
const LEAST: f32 = 6.0;
/// From here on there is an echo, and it is worth learning, dB.
const BEGUN: f32 = 3.0;
/// Share of the newest block in the means behind what is shown (2 s).
const SHOWN: f32 = 0.002;

/// A microphone near a speaker. Delays by 7 ms.
///
/// It begins with WebRTC's own tuning, which is safe and lets nobody speak into the echo. As soon as there is an echo, a
/// second canceller learns beside it, unheard, whose tuning trusts its filter. When that filter has proved good, the
/// second takes over; when it does badly later on, a new one with the safe tuning does.
pub struct EchoCanceller {
    far_bands: Bands,
    near_bands: Bands,
    far: Queue,
    near: Queue,
    done: Queue,
    block: Block,
    /// While the other side is no louder than comfort noise, there is nothing to cancel.
    pauses: Pauses,
    /// Whether anything of it can be heard in the microphone.
    audible: Audible,
    /// The last block was cancelled.
    needed: bool,
    /// The microphone's last block, which leaves now if nothing needs to be cancelled.
    before: Block,
    heard: Canceller,
    learning: Option<Canceller>,
    /// The one that was heard before, until the new one is.
    retiring: Retiring,
    /// Whoever is heard trusts its filter.
    trusting: bool,
    /// Learning has led to nothing in this room.
    hopeless: bool,
    /// As WebRTC has it: nothing is ever left out.
    plain: bool,
}

impl std::fmt::Debug for EchoCanceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EchoCanceller").field("trusting", &self.trusting).finish_non_exhaustive()
    }
}

/// What is known of the echo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// From what is given to the speaker until it is heard in the microphone, ms.
    pub delay_ms: f32,
    /// How much quieter the echo leaves than it came (echo return loss enhancement), dB.
    pub erle_db: f32,
}

impl EchoCanceller {
    /// A canceller that knows nothing of the room yet.
    pub fn new() -> Self {
        Self::with(&tuning::safe(), false)
    }

    /// WebRTC's canceller alone, as it comes: to compare with.
    pub fn plain() -> Self {
        Self::with(&tuning::safe(), true)
    }

    fn with(config: &EchoCanceller3Config, plain: bool) -> Self {
        let mut canceller = Self {
            far_bands: Bands::default(),
            near_bands: Bands::default(),
            far: Queue::default(),
            near: Queue::default(),
            done: Queue::default(),
            block: Block::new(BANDS, 1),
            pauses: Pauses::default(),
            audible: Audible::default(),
            needed: true,
            before: Block::new(BANDS, 1),
            heard: Canceller::new(config),
            learning: None,
            retiring: Retiring::default(),
            trusting: false,
            hopeless: plain,
            plain,
        };
        canceller.done.push(&[[0.0; BAND_FRAME]; BANDS], WAIT);
        canceller
    }

    /// Takes 10 ms that go to the speaker. To be called before the sound can have come back.
    pub fn render(&mut self, frame: &Frame) {
        let quiet = self.pauses.feed(dbfs(frame), 0.0) && !self.plain;
        let split = self.far_bands.split(if quiet { &[0.0; FRAME] } else { frame });
        self.far.push(&split, BAND_FRAME);
        while self.far.pop_block(&mut self.block) {
            self.audible.played(power(self.block.view(0, 0)));
            self.heard.processor.buffer_render(&self.block);
            if let Some(learning) = &mut self.learning {
                learning.processor.buffer_render(&self.block);
            }
        }
    }

    /// Takes the echo out of 10 ms of the microphone.
    pub fn capture(&mut self, frame: &Frame) -> Frame {
        let split = self.near_bands.split(frame);
        let overdriven = frame.iter().any(|sample| sample.abs() >= OVERDRIVEN);
        self.near.push(&split, BAND_FRAME);
        while self.near.pop_block(&mut self.block) {
            self.cancel(overdriven);
            self.done.push_block(&self.block);
        }
        self.reconsider();
        let mut split = [[0.0; BAND_FRAME]; BANDS];
        self.done.pop(&mut split);
        self.near_bands.merge(&split)
    }

    fn cancel(&mut self, overdriven: bool) {
        let came = power(self.block.view(0, 0));
        let untouched = std::mem::replace(&mut self.before, self.block.clone());
        if let Some(learning) = &mut self.learning {
            learning.cancel(&mut self.block.clone(), overdriven, true);
        }
        let last = self.retiring.process(&self.block);
        self.heard.cancel(&mut self.block, overdriven, self.trusting);
        self.retiring.fade(last, &mut self.block);
        let needed = self.audible.heard(came, self.heard.double_talk.reach()) || self.plain;
        // Whoever is not needed runs on unheard: an echo may come.
        match (self.needed, needed) {
            (true, true) => {}
            (true, false) => fade(&self.block.clone(), &untouched, &mut self.block),
            (false, true) => fade(&untouched, &self.block.clone(), &mut self.block),
            (false, false) => self.block = untouched,
        }
        self.needed = needed;
    }

    /// Decides who is heard, and who learns.
    fn reconsider(&mut self) {
        if self.trusting {
            if self.heard.double_talk.reach() < POOR {
                self.forget();
            }
            return;
        }
        let Some(learning) = &mut self.learning else {
            if !self.hopeless && self.heard.double_talk.reach() > BEGUN {
                self.learning = Some(Canceller::new(&tuning::trusting()));
            }
            return;
        };
        if learning.proof >= PROOF {
            self.trusting = true;
            if let Some(learnt) = self.learning.take() {
                self.retiring.take(std::mem::replace(&mut self.heard, learnt).processor);
            }
        } else if learning.double_talk.blocks() > TRIAL {
            self.hopeless = true;
            self.learning = None;
        }
    }

    /// Speaker, microphone or room are others now: what was learnt is wrong.
    pub fn forget(&mut self) {
        let new = Canceller::new(&tuning::safe());
        self.retiring.take(std::mem::replace(&mut self.heard, new).processor);
        self.learning = None;
        self.audible = Audible::default();
        (self.trusting, self.hopeless) = (false, false);
    }

    /// There has been no echo with these two before: nothing is cancelled until there is one.
    pub fn expect_no_echo(&mut self) {
        self.audible = Audible::silent();
    }

    /// Whether the microphone hears the speaker; `None` before anybody knows.
    pub fn hears_speaker(&self) -> Option<bool> {
        if self.audible.is_silent() { Some(false) } else { self.known().map(|_| true) }
    }

    /// What is known of the echo; `None` before any has been heard and learnt.
    pub fn known(&self) -> Option<Known> {
        let erle_db = 10.0 * (self.heard.came.max(1.0) / self.heard.left_over.max(1.0)).log10();
        let delay_ms = self.heard.processor.get_metrics().delay_ms as f32;
        (erle_db >= LEAST).then_some(Known { delay_ms, erle_db })
    }
}

/// AEC3, and how its filter does.
struct Canceller {
    processor: BlockProcessor,
    double_talk: DoubleTalk,
    /// What the filter left, before suppression.
    left: Block,
    /// Power of the echo that came, and of what is left of it in the end.
    came: f32,
    left_over: f32,
    /// Blocks of echo for which the filter has been good.
    proof: u32,
}

impl Canceller {
    fn new(config: &EchoCanceller3Config) -> Self {
        let mut processor = BlockProcessor::new(config, RATE as usize, 1, 1);
        // Without anything to render, AEC3 would let the first blocks through without its delay.
        processor.buffer_render(&Block::new(BANDS, 1));
        Self {
            processor,
            double_talk: DoubleTalk::default(),
            left: Block::new(1, 1),
            came: 0.0,
            left_over: 0.0,
            proof: 0,
        }
    }

    /// Takes the echo out of a block. The filter of one that `rests` does not learn while somebody speaks.
    fn cancel(&mut self, block: &mut Block, overdriven: bool, rests: bool) {
        let mut heard = [0.0; BLOCK_SIZE];
        heard.copy_from_slice(block.view(0, 0));
        self.left.view_mut(0, 0).copy_from_slice(&heard);
        // AEC3 learns nothing from blocks that are said to be overdriven.
        let closed = overdriven || rests && self.double_talk.is_on();
        self.processor.process_capture(false, closed, Some(&mut self.left), block);
        self.double_talk.feed(&heard, self.left.view(0, 0));
        if self.double_talk.is_echo_alone() {
            self.came += SHOWN * (power(&heard) - self.came);
            self.left_over += SHOWN * (power(block.view(0, 0)) - self.left_over);
            let gone = self.left_over < (self.came * GONE).max(self.double_talk.floor() * NOISE);
            self.proof = if self.double_talk.reach() > GOOD && gone { self.proof + 1 } else { 0 };
        }
    }
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self::new()
    }
}

impl Work for EchoCanceller {
    fn work(&mut self, frame: &Frame) -> Frame {
        self.capture(frame)
    }
}

/// A processor that is replaced is heard for one more block, and faded out in the next.
#[derive(Debug, Default)]
struct Retiring {
    processor: Option<BlockProcessor>,
    blocks: u32,
}

impl Retiring {
    fn take(&mut self, processor: BlockProcessor) {
        *self = Self { processor: Some(processor), blocks: 0 };
    }

    /// What the old one makes of a block.
    fn process(&mut self, block: &Block) -> Option<Block> {
        let mut block = block.clone();
        self.processor.as_mut()?.process_capture(false, true, None, &mut block);
        Some(block)
    }

    /// From what the old one made to what the new one made.
    fn fade(&mut self, from: Option<Block>, to: &mut Block) {
        let Some(from) = from else { return };
        if self.blocks == 0 {
            *to = from;
        } else {
            fade(&from, &to.clone(), to);
        }
        self.blocks += 1;
        if self.blocks == 2 {
            self.processor = None;
        }
    }
}

/// From one block to another.
fn fade(from: &Block, to: &Block, out: &mut Block) {
    for band in 0..BANDS {
        let sides = from.view(band, 0).iter().zip(to.view(band, 0));
        for (i, (out, (from, to))) in out.view_mut(band, 0).iter_mut().zip(sides).enumerate() {
            *out = from + (to - from) * (i + 1) as f32 / BLOCK_SIZE as f32;
        }
    }
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum()
}

/// Bands on their way from frames to blocks, or back.
#[derive(Debug, Default)]
struct Queue([VecDeque<f32>; BANDS]);

impl Queue {
    fn push(&mut self, split: &Split, samples: usize) {
        for (queue, band) in self.0.iter_mut().zip(split) {
            queue.extend(&band[..samples]);
        }
    }

    fn push_block(&mut self, block: &Block) {
        for (index, queue) in self.0.iter_mut().enumerate() {
            queue.extend(block.view(index, 0));
        }
    }

    fn pop_block(&mut self, block: &mut Block) -> bool {
        if self.0[0].len() < BLOCK_SIZE {
            return false;
        }
        for (index, queue) in self.0.iter_mut().enumerate() {
            block.view_mut(index, 0).iter_mut().zip(queue.drain(..BLOCK_SIZE)).for_each(|(to, from)| *to = from);
        }
        true
    }

    fn pop(&mut self, split: &mut Split) {
        for (queue, band) in self.0.iter_mut().zip(split) {
            band.iter_mut().zip(queue.drain(..BAND_FRAME)).for_each(|(to, from)| *to = from);
        }
    }
}
