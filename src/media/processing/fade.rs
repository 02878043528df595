//! Stages that come and go without a click.

use crate::media::frame::{FRAME, Frame};

/// What a stage does to 10 ms.
pub(super) trait Work {
    /// The frame as it goes on.
    fn work(&mut self, frame: &Frame) -> Frame;
}

/// A stage that can be switched while sound runs through it.
#[derive(Debug, Default)]
pub(super) enum Stage<T> {
    /// Not there: costs nothing.
    #[default]
    Off,
    /// Runs unheard for one frame, so that its delay lines are full.
    Warming(T),
    /// Heard.
    On(T),
}

impl<T: Work> Stage<T> {
    /// Lets a frame through; `make` is asked for a stage when there is none yet.
    pub(super) fn apply(&mut self, wanted: bool, frame: &mut Frame, make: impl FnOnce() -> T) {
        *self = match std::mem::take(self) {
            Self::Off if !wanted => Self::Off,
            Self::Off => {
                let mut stage = make();
                stage.work(frame);
                Self::Warming(stage)
            }
            Self::Warming(_) if !wanted => Self::Off,
            Self::Warming(mut stage) => {
                let wet = stage.work(frame);
                *frame = faded(frame, &wet);
                Self::On(stage)
            }
            Self::On(mut stage) => {
                let wet = stage.work(frame);
                *frame = if wanted { wet } else { faded(&wet, frame) };
                if wanted { Self::On(stage) } else { Self::Off }
            }
        };
    }

    /// The stage, if it is there.
    pub(super) fn get(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::Warming(stage) | Self::On(stage) => Some(stage),
        }
    }

    /// The stage to change, if it is there.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Off => None,
            Self::Warming(stage) | Self::On(stage) => Some(stage),
        }
    }
}

/// From one sound to another within 10 ms.
pub(super) fn faded(from: &Frame, to: &Frame) -> Frame {
    std::array::from_fn(|i| {
        let weight = (i + 1) as f32 / FRAME as f32;
        from[i] + (to[i] - from[i]) * weight
    })
}
