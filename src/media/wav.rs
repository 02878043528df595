//! WAV files in place of sound cards: one is a microphone that repeats itself, another a speaker that remembers.

use std::{
    fs::File,
    io::{BufReader, BufWriter},
    path::Path,
};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::{
    frame::{FRAME, RATE, StereoFrame, deinterleave},
    resample::Resampler,
};

/// Frames between two updates of the header: whatever happens, all but the last second can be read.
const FLUSH_FRAMES: u32 = 100;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It cannot be read or written, or is no WAV file.
    #[error("the WAV file cannot be used: {0}")]
    File(#[from] hound::Error),
    /// It has no samples, or a rate or format that is not sound.
    #[error("the WAV file has no sound that can be played")]
    NoSound,
}

/// Plays a file in a loop, as frames of 48 kHz. A file of two channels is stereo, any other is mono: both sides alike.
pub struct WavSource {
    reader: WavReader<BufReader<File>>,
    resampler: Resampler,
    /// Converted samples, interleaved.
    ready: Vec<f32>,
    /// 1 or 2.
    channels: usize,
}

impl std::fmt::Debug for WavSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavSource").field("spec", &self.reader.spec()).finish_non_exhaustive()
    }
}

impl WavSource {
    /// Opens a file of any rate and number of channels, 8 to 32 bit or float.
    ///
    /// # Errors
    /// If there is no such file, or no sound in it.
    pub fn open(path: &Path) -> Result<Self, WavError> {
        let reader = WavReader::open(path)?;
        let spec = reader.spec();
        let channels = if spec.channels == 2 { 2 } else { 1 };
        let resampler = Resampler::new(spec.sample_rate, RATE, channels).ok_or(WavError::NoSound)?;
        if reader.duration() == 0 || spec.channels == 0 {
            return Err(WavError::NoSound);
        }
        Ok(Self { reader, resampler, ready: Vec::new(), channels })
    }

    /// The next 10 ms; silence if the file cannot be read any more.
    pub fn next_frame(&mut self, out: &mut StereoFrame) {
        let mut failures = 0;
        while self.ready.len() < FRAME * self.channels && failures < 2 {
            let chunk = self.read_chunk();
            if chunk.is_empty() {
                // The end: from the beginning again. Twice in a row means that nothing can be read.
                failures += 1;
                if self.reader.seek(0).is_err() {
                    break;
                }
            } else {
                failures = 0;
                self.resampler.push(&chunk, &mut self.ready);
            }
        }
        let have = self.ready.len().min(FRAME * self.channels);
        *out = deinterleave(&self.ready[..have], self.channels);
        self.ready.drain(..have);
    }

    /// Up to 10 ms of the file; more than two channels as their mean.
    fn read_chunk(&mut self) -> Vec<f32> {
        let spec = self.reader.spec();
        let channels = usize::from(spec.channels);
        let own = self.channels;
        let wanted = (spec.sample_rate as usize / 100).max(1) * channels;
        let samples: Vec<f32> = match spec.sample_format {
            SampleFormat::Float => self.reader.samples::<f32>().take(wanted).map_while(Result::ok).collect(),
            SampleFormat::Int => {
                let scale = 1.0 / (1i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
                self.reader.samples::<i32>().take(wanted).map_while(Result::ok).map(|s| s as f32 * scale).collect()
            }
        };
        let finite = |s: &f32| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 };
        let whole = samples.chunks_exact(channels);
        if own == channels {
            return whole.flatten().map(finite).collect();
        }
        whole.map(|frame| frame.iter().map(finite).sum::<f32>() / channels as f32).collect()
    }
}

/// Records 48 kHz, 16 bit, in stereo or in mono. The header is right after every second and at the end.
pub struct WavSink {
    writer: WavWriter<BufWriter<File>>,
    unflushed: u32,
}

impl std::fmt::Debug for WavSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavSink").field("samples", &self.writer.len()).finish_non_exhaustive()
    }
}

impl WavSink {
    /// Makes the file, or empties it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, stereo: bool) -> Result<Self, WavError> {
        let channels = if stereo { 2 } else { 1 };
        let spec = WavSpec { channels, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec)?;
        writer.flush()?;
        Ok(Self { writer, unflushed: 0 })
    }

    /// Appends 10 ms.
    ///
    /// # Errors
    /// If the disk is full or the file too long for WAV.
    pub fn write(&mut self, frame: &StereoFrame) -> Result<(), WavError> {
        let [left, right] = frame;
        let stereo = self.writer.spec().channels == 2;
        for (left, right) in left.iter().zip(right) {
            let integer = |sample: f32| (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
            if stereo {
                self.writer.write_sample(integer(*left))?;
                self.writer.write_sample(integer(*right))?;
            } else {
                self.writer.write_sample(integer((left + right) * 0.5))?;
            }
        }
        self.unflushed += 1;
        if self.unflushed >= FLUSH_FRAMES {
            self.unflushed = 0;
            self.writer.flush()?;
        }
        Ok(())
    }
}

impl Drop for WavSink {
    fn drop(&mut self) {
        // The writer's own drop does the same; a full disk is no reason to fail here.
        let _ = self.writer.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::SILENCE;

    fn write(path: &Path, spec: WavSpec, frames: impl Iterator<Item = i32>) {
        let mut writer = WavWriter::create(path, spec).expect("a file");
        for frame in frames {
            for _ in 0..spec.channels {
                writer.write_sample(frame).expect("a sample");
            }
        }
        writer.finalize().expect("a header");
    }

    #[test]
    fn any_format_is_played_in_a_loop() {
        let folder = tempfile::tempdir().expect("a folder");
        for (channels, sample_rate, bits) in [(1, 48_000, 16), (2, 44_100, 24), (1, 8_000, 16), (6, 96_000, 32)] {
            let path = folder.path().join(format!("{channels}-{sample_rate}-{bits}.wav"));
            let spec = WavSpec { channels, sample_rate, bits_per_sample: bits, sample_format: SampleFormat::Int };
            // A quarter of a second of half full scale, read for a whole one.
            let half = 1i32 << (bits - 2);
            write(&path, spec, (0..sample_rate / 4).map(|_| half));
            let mut source = WavSource::open(&path).expect("a source");
            let mut frame = SILENCE;
            for i in 0..100 {
                source.next_frame(&mut frame);
                if i > 1 {
                    assert!(frame.iter().flatten().all(|s| (s - 0.5).abs() < 0.02), "{spec:?} frame {i}");
                }
            }
        }
    }

    #[test]
    fn two_channels_stay_two() {
        let folder = tempfile::tempdir().expect("a folder");
        let (stereo, mono) = (folder.path().join("stereo.wav"), folder.path().join("mono.wav"));
        let sides = [[0.25; FRAME], [-0.5; FRAME]];
        for path in [&stereo, &mono] {
            let mut sink = WavSink::create(path, path == &stereo).expect("a sink");
            (0..10).for_each(|_| sink.write(&sides).expect("space"));
        }
        let first = |path| {
            let mut frame = SILENCE;
            WavSource::open(path).expect("a source").next_frame(&mut frame);
            frame.map(|side| side[100])
        };
        let [left, right] = first(&stereo);
        assert!((left - 0.25).abs() < 1e-3 && (right + 0.5).abs() < 1e-3, "{left} {right}");
        let [left, right] = first(&mono);
        assert!((left + 0.125).abs() < 1e-3 && left == right, "{left} {right}");
    }

    #[test]
    fn what_is_no_sound_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wav");
        assert!(WavSource::open(&path).is_err());
        std::fs::write(&path, b"RIFF but not really").expect("a file");
        assert!(WavSource::open(&path).is_err());
        let spec = WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
        write(&path, spec, std::iter::empty());
        assert!(matches!(WavSource::open(&path), Err(WavError::NoSound)));
        assert!(WavSink::create(&folder.path().join("no/such/folder.wav"), false).is_err());
    }

    #[test]
    fn a_recording_can_be_read_while_it_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.wav");
        let mut sink = WavSink::create(&path, false).expect("a sink");
        for _ in 0..150 {
            sink.write(&[[0.25; FRAME]; 2]).expect("space");
        }
        let length = || WavReader::open(&path).expect("a header").duration();
        assert_eq!(length(), 48_000, "the first second is safe");
        drop(sink);
        assert_eq!(length(), 72_000);
    }
}
