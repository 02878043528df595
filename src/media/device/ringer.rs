//! Plays tones and ringtones with rodio, on a thread of its own.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rodio::{DeviceSinkBuilder, MixerDeviceSink, Player, Source};

use super::{
    asker::ask,
    clock::Clock,
    find::{Direction, find, quiet},
};
use crate::media::{
    frame::{FRAME, RATE},
    spec::DeviceSpec,
    tones::{RingCue, Ringtone, ToneRegion, Tones},
    wav::WavSink,
};

/// Buffer of the device, frames: how long a tone outlives its end at most (twice this, 43 ms).
const BUFFER: u32 = 1024;
/// How long the sound system may take to find a device.
const FIND_TIMEOUT: Duration = Duration::from_secs(2);
/// A device that is missing is looked for again this often.
const RETRY: Duration = Duration::from_secs(1);

/// Plays one cue at a time on a device. No call blocks; without a sound card nothing is heard and nothing fails.
#[derive(Debug)]
pub struct Ringer {
    /// `None` ends the sound.
    orders: Sender<Option<Order>>,
}

#[derive(Clone, Debug)]
struct Order {
    tones: Tones,
    device: DeviceSpec,
    volume: f32,
}

impl Default for Ringer {
    fn default() -> Self {
        Self::new()
    }
}

impl Ringer {
    /// A silent ringer.
    pub fn new() -> Self {
        let (orders, inbox) = channel();
        // Without a thread nothing rings, and nothing else fails.
        let _ = thread::Builder::new().name("ringer".into()).spawn(move || run(&inbox));
        Self { orders }
    }

    /// Plays a cue instead of the one that plays now. Loops go on until [`Self::stop`]; the others end by themselves.
    /// `volume` is 0.0 to 1.0. [`ToneRegion::Automatic`] stands for North America here: resolve it by the language.
    /// A [`DeviceSpec::File`] records what would be heard.
    pub fn play(&self, cue: RingCue, region: ToneRegion, ringtone: Ringtone, device: &DeviceSpec, volume: f32) {
        let volume = if volume.is_finite() { volume.clamp(0.0, 1.0) } else { 1.0 };
        let order = Order { tones: Tones::new(cue, region, ringtone), device: device.clone(), volume };
        // The thread outlives this handle.
        let _ = self.orders.send(Some(order));
    }

    /// Silence, heard within 200 ms.
    pub fn stop(&self) {
        let _ = self.orders.send(None);
    }
}

/// A tone under way; it ends when dropped.
enum Playing {
    /// The sound card; the sink must live as long as the player.
    Card { player: Player, failed: Arc<AtomicBool>, _sink: MixerDeviceSink },
    /// A recording.
    File { sink: WavSink, clock: Clock, order: Order },
    /// No device: when to look again.
    Missing { retry_at: Instant },
}

fn run(orders: &Receiver<Option<Order>>) {
    let mut order: Option<Order> = None;
    let mut playing: Option<Playing> = None;
    loop {
        let wait = match &playing {
            Some(Playing::File { .. }) => Duration::from_millis(5),
            Some(_) => Duration::from_millis(100),
            None => Duration::from_secs(3600),
        };
        match orders.recv_timeout(wait) {
            Ok(newest) => {
                // Only the last order counts; the old sound ends before a new one is prepared.
                drop(playing.take());
                order = orders.try_iter().last().unwrap_or(newest);
                playing = order.as_ref().and_then(begin);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let over = match &mut playing {
            None => false,
            Some(Playing::Card { failed, .. }) if failed.load(Relaxed) => {
                playing = Some(Playing::Missing { retry_at: Instant::now() });
                false
            }
            Some(Playing::Card { player, .. }) => player.empty(),
            Some(Playing::File { sink, clock, order }) => record(sink, clock, order),
            Some(Playing::Missing { retry_at }) if Instant::now() >= *retry_at => {
                playing = order.as_ref().and_then(begin);
                false
            }
            Some(Playing::Missing { .. }) => false,
        };
        if over {
            (playing, order) = (None, None);
        }
    }
}

fn begin(order: &Order) -> Option<Playing> {
    match &order.device {
        DeviceSpec::Null | DeviceSpec::Off | DeviceSpec::Tone(_) => None,
        DeviceSpec::File(path) => {
            let sink = WavSink::create(path, false).ok()?;
            Some(Playing::File { sink, clock: Clock::default(), order: order.clone() })
        }
        DeviceSpec::Default | DeviceSpec::Named(_) => {
            Some(begin_on_card(order).unwrap_or_else(|| Playing::Missing { retry_at: Instant::now() + RETRY }))
        }
    }
}

fn begin_on_card(order: &Order) -> Option<Playing> {
    let _quiet = quiet();
    let device = order.device.clone();
    let found = ask(FIND_TIMEOUT, true, move |host| find(host, Direction::Out, &device)).ok()??;
    let failed = Arc::new(AtomicBool::new(false));
    let flag = failed.clone();
    let mut sink = DeviceSinkBuilder::from_device(found.device)
        .ok()?
        .with_buffer_size(cpal::BufferSize::Fixed(BUFFER))
        .with_error_callback(move |error: cpal::Error| {
            if !matches!(error.kind(), cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied) {
                flag.store(true, Relaxed);
            }
        })
        .open_stream()
        .ok()?;
    sink.log_on_drop(false);
    let player = Player::connect_new(sink.mixer());
    player.set_volume(order.volume);
    player.append(ToneSource(order.tones.clone()));
    Some(Playing::Card { player, failed, _sink: sink })
}

/// Writes what is due. True at the end of the tone.
fn record(sink: &mut WavSink, clock: &mut Clock, order: &mut Order) -> bool {
    while clock.wait(Instant::now()).is_none() {
        let mut frame = [0.0; FRAME];
        for sample in &mut frame {
            let Some(tone) = order.tones.next() else { return true };
            *sample = tone * order.volume;
        }
        if sink.write(&[frame, frame]).is_err() {
            return true;
        }
    }
    false
}

struct ToneSource(Tones);

impl Iterator for ToneSource {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        self.0.next()
    }
}

impl Source for ToneSource {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> NonZero<u16> {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> NonZero<u32> {
        // The rate is not zero.
        const { NonZero::new(RATE).expect("a rate") }
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_goes_on_until_stopped_and_then_no_longer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ring.wav");
        let length = || std::fs::metadata(&path).map_or(0, |file| file.len());
        let ringer = Ringer::new();
        ringer.play(RingCue::Ringtone, ToneRegion::Korea, Ringtone::Classic, &DeviceSpec::File(path.clone()), 0.5);
        let deadline = Instant::now() + Duration::from_secs(20);
        while length() < 2 * 48_000 * 2 {
            assert!(Instant::now() < deadline, "it never rang for two seconds: {} bytes", length());
            thread::sleep(Duration::from_millis(20));
        }
        let before = Instant::now();
        ringer.stop();
        let mut last = length();
        let mut quiet_since = Instant::now();
        // It has stopped when the recording has not grown for a while.
        while quiet_since.elapsed() < Duration::from_millis(1500) {
            assert!(before.elapsed() < Duration::from_secs(20), "it never stopped");
            thread::sleep(Duration::from_millis(50));
            if length() != last {
                (last, quiet_since) = (length(), Instant::now());
            }
        }
        let sound = hound::WavReader::open(&path).expect("a recording");
        assert!(sound.duration() >= 96_000);
    }

    #[test]
    fn without_a_device_nothing_fails() {
        let ringer = Ringer::new();
        for device in
            [DeviceSpec::Null, DeviceSpec::Named("no such device".into()), DeviceSpec::File("/no/such/x.wav".into())]
        {
            ringer.play(RingCue::Busy, ToneRegion::Automatic, Ringtone::Chime, &device, f32::NAN);
            ringer.stop();
        }
    }
}
