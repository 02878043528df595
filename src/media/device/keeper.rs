//! Keeps a microphone or a speaker open: finds it, notices when it goes away, takes another, and goes back to the
//! wanted one when that returns. A thread of its own, because sound systems can take seconds to answer.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    asker::ask,
    card::{self, open_input, open_output},
    clock::now_ms,
    ends::{CardIntake, CardOutlet, Intake, Outlet, Pace},
    find::{Direction, Found, find, quiet},
    health::Health,
    period::Period,
    priority::Wish,
    watch::{Patience, Trouble, Watch, slept},
};
use crate::media::{
    frame::RATE,
    session::AudioNotice,
    spec::DeviceSpec,
    tones::Sine,
    wav::{WavSink, WavSource},
};

/// How often the card's health is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often it is asked which devices there are.
const SEARCH: Duration = Duration::from_secs(1);
/// How long the sound system may take to find a device.
const FIND_TIMEOUT: Duration = Duration::from_secs(2);

/// What is in use, in words.
pub(in crate::media) type InUse = Arc<Mutex<Option<String>>>;
/// Takes notices.
pub(in crate::media) type Notices = Arc<dyn Fn(AudioNotice) + Send + Sync>;

/// One kind of end: [`Intake`] or [`Outlet`].
pub(in crate::media) trait End: Send + Sized + 'static {
    /// For messages and thread names.
    const NAME: &'static str;
    /// The same for what runs on the card's own thread.
    const CARD: &'static str;
    #[doc(hidden)]
    const INWARDS: bool;
    /// What stands in for a missing device.
    fn absent() -> Self;
    #[doc(hidden)]
    fn without_card(spec: &DeviceSpec) -> Option<Self>;
    /// With buffers of so many microseconds.
    #[doc(hidden)]
    fn card(device: &cpal::Device, period_us: u32) -> Option<(Self, OpenCard)>;
    /// The notice for a device that went away.
    const LOST: AudioNotice;
    /// The notice for a device that came.
    fn now(name: String) -> AudioNotice;
}

/// Holds a stream open.
pub(in crate::media) struct OpenCard {
    _stream: card::Stream,
    health: Arc<Health>,
    /// For its thread.
    wish: Wish,
}

impl End for Intake {
    const NAME: &'static str = "microphone";
    const CARD: &'static str = "card-in";
    const INWARDS: bool = true;
    const LOST: AudioNotice = AudioNotice::MicrophoneLost;

    fn absent() -> Self {
        Self::Silence(Pace::default())
    }

    fn without_card(spec: &DeviceSpec) -> Option<Self> {
        match spec {
            DeviceSpec::File(path) => WavSource::open(path)
                .inspect_err(|error| tracing::warn!("The microphone file {} is not played: {error}.", path.display()))
                .ok()
                .map(|file| Self::File(file, Pace::default())),
            DeviceSpec::Tone(hertz) => Some(Self::Tone(Sine::new(*hertz, -20.0), Pace::default())),
            DeviceSpec::Off => Some(Self::Off),
            DeviceSpec::Null | DeviceSpec::Default | DeviceSpec::Named(_) => Some(Self::absent()),
        }
    }

    fn card(device: &cpal::Device, period_us: u32) -> Option<(Self, OpenCard)> {
        let card = open_input(device, period_us)
            .inspect_err(|error| tracing::debug!("The microphone cannot be opened: {error}."))
            .ok()?;
        let intake = CardIntake::new(card.ring, card.channels, card.health.clone())?;
        Some((Self::Card(intake), OpenCard { wish: card.stream.wish(), _stream: card.stream, health: card.health }))
    }

    fn now(name: String) -> AudioNotice {
        AudioNotice::MicrophoneNow(name)
    }
}

impl End for Outlet {
    const NAME: &'static str = "speaker";
    const CARD: &'static str = "card-out";
    const INWARDS: bool = false;
    const LOST: AudioNotice = AudioNotice::SpeakerLost;

    fn absent() -> Self {
        Self::Nowhere(Pace::default())
    }

    fn without_card(spec: &DeviceSpec) -> Option<Self> {
        match spec {
            DeviceSpec::File(path) => WavSink::create(path, true)
                .inspect_err(|error| tracing::warn!("The speaker file {} is not written: {error}.", path.display()))
                .ok()
                .map(|file| Self::File(file, Pace::default())),
            DeviceSpec::Off => Some(Self::Off),
            DeviceSpec::Tone(_) | DeviceSpec::Null | DeviceSpec::Default | DeviceSpec::Named(_) => Some(Self::absent()),
        }
    }

    fn card(device: &cpal::Device, period_us: u32) -> Option<(Self, OpenCard)> {
        let card = open_output(device, period_us)
            .inspect_err(|error| tracing::debug!("The speaker cannot be opened: {error}."))
            .ok()?;
        let outlet = CardOutlet::new(card.ring, card.channels, card.health.clone())?;
        Some((
            Self::Card(Box::new(outlet)),
            OpenCard { wish: card.stream.wish(), _stream: card.stream, health: card.health },
        ))
    }

    fn now(name: String) -> AudioNotice {
        AudioNotice::SpeakerNow(name)
    }
}

/// Remote control of a keeper; the device is closed when it is dropped.
#[derive(Debug)]
pub(in crate::media) struct Keeper {
    wishes: Sender<DeviceSpec>,
}

impl Keeper {
    /// Begins to keep a device open. Each new end is handed to `ends`; until the first comes, use [`End::absent`].
    pub(in crate::media) fn start<E: End>(spec: DeviceSpec, ends: Sender<E>, in_use: InUse, notices: Notices) -> Self {
        let (wishes, inbox) = channel();
        let work = Work {
            period: None,
            last_id: None,
            spec,
            ends,
            in_use,
            notices,
            anew: true,
            open: None,
            lost: false,
            patience: Patience::default(),
            retry_ms: 0,
            clockless: None,
        };
        // Without a thread there is no sound, and nothing else fails.
        let _ = thread::Builder::new().name(format!("{}-keeper", E::NAME)).spawn(move || work.run(&inbox));
        Self { wishes }
    }

    /// Wants another device.
    pub(in crate::media) fn want(&self, spec: DeviceSpec) {
        // The keeper outlives its remote control.
        let _ = self.wishes.send(spec);
    }
}

struct Open {
    /// `None`: no card needed.
    card: Option<OpenCard>,
    id: String,
    watch: Watch,
    /// Its thread has been raised, as far as that goes.
    settled: bool,
}

impl Open {
    fn new(card: Option<OpenCard>, id: String) -> Self {
        let rate = card.as_ref().map_or(RATE, |card| card.health.rate);
        Self { card, id, watch: Watch::new(now_ms(), rate), settled: false }
    }

    fn trouble(&mut self, slept: bool, patience: &Patience) -> Option<Trouble> {
        let card = self.card.as_ref()?;
        let trouble = self.watch.look(now_ms(), card.health.reading(), patience);
        trouble.or(slept.then_some(Trouble::Slept))
    }

    /// Raises the card's thread as soon as that is known.
    fn settle(&mut self, name: &str) {
        if let Some(card) = self.card.as_ref().filter(|_| !self.settled) {
            self.settled = card.health.standing.settle(card.wish, name);
        }
    }
}

struct Work<E> {
    /// Length of the buffers of the card in use.
    period: Option<Period>,
    spec: DeviceSpec,
    ends: Sender<E>,
    in_use: InUse,
    notices: Notices,
    /// The card that the length belongs to.
    last_id: Option<String>,
    /// Perhaps there is another sound system now.
    anew: bool,
    open: Option<Open>,
    /// The person knows that there is none.
    lost: bool,
    patience: Patience,
    /// When a card that gave trouble may be opened again.
    retry_ms: u64,
    /// A card that has no clock, and is not opened any more until the person asks for it.
    clockless: Option<String>,
}

impl<E: End> Work<E> {
    fn run(mut self, inbox: &Receiver<DeviceSpec>) {
        let _quiet = quiet();
        self.reopen(true);
        let mut searched = Instant::now();
        loop {
            let before_ms = now_ms();
            let wish = inbox.recv_timeout(LOOK);
            let slept = slept(before_ms, now_ms());
            match wish {
                Ok(spec) => {
                    // Only the last wish counts.
                    self.spec = inbox.try_iter().last().unwrap_or(spec);
                    (self.patience, self.retry_ms, self.clockless) = (Patience::default(), 0, None);
                    self.reopen(true);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if let Some(trouble) = self.open.as_mut().and_then(|open| open.trouble(slept, &self.patience)) {
                self.recover(trouble);
                searched = now;
            } else if now - searched >= SEARCH {
                searched = now;
                self.search();
            } else {
                self.fit_period();
            }
            if let Some(open) = &mut self.open {
                open.settle(E::CARD);
            }
        }
    }

    /// Closes the card, and opens what there is, now or after a while.
    fn recover(&mut self, trouble: Trouble) {
        let Some(open) = &self.open else { return };
        tracing::debug!("The {} is in trouble: {trouble:?}.", E::NAME);
        if trouble == Trouble::Paused {
            let _ = self.ends.send(E::absent());
            return;
        }
        let wait_ms = self.patience.after(trouble, open.watch.age_ms(now_ms()));
        if trouble == Trouble::Runaway {
            self.clockless = Some(open.id.clone());
        }
        let may_be_dry = trouble == Trouble::Failed && open.card.as_ref().is_some_and(|card| !card.health.wakes);
        if let Some(period) = self.period.as_mut().filter(|_| may_be_dry)
            && period.failed(now_ms())
        {
            tracing::debug!("The buffers of the {} are {} µs now.", E::NAME, period.us());
        }
        self.anew = true;
        self.retry_ms = now_ms() + wait_ms;
        if wait_ms == 0 {
            self.reopen(false);
        } else {
            self.close();
        }
    }

    /// Takes longer buffers where the card runs dry or over, and shorter ones when that is over.
    fn fit_period(&mut self) {
        let now_ms = now_ms();
        let Some(card) = self.open.as_ref().and_then(|open| open.card.as_ref()) else { return };
        let Some(period) = &mut self.period else { return };
        if !period.look(now_ms, card.health.xruns.load(Relaxed)) {
            return;
        }
        tracing::debug!("The buffers of the {} are {} µs now.", E::NAME, period.us());
        if card.health.wakes {
            card.health.set_period_us(period.us());
        } else {
            self.reopen(false);
        }
    }

    fn needs_card(&self) -> bool {
        matches!(self.spec, DeviceSpec::Default | DeviceSpec::Named(_))
    }

    /// Is there a better device than the one in use?
    fn search(&mut self) {
        if !self.needs_card() {
            return;
        }
        if self.open.is_none() {
            if now_ms() < self.retry_ms {
                return;
            }
            // Perhaps there is a sound system now.
            self.anew = true;
            self.reopen(false);
            return;
        }
        if self.find(&self.spec.clone()).is_some_and(|found| self.open.as_ref().is_some_and(|open| open.id != found.id))
        {
            self.reopen(false);
        }
    }

    /// `None` also if there is no answer: whatever is open stays open then.
    fn find(&mut self, spec: &DeviceSpec) -> Option<Found> {
        let (direction, spec) = (if E::INWARDS { Direction::In } else { Direction::Out }, spec.clone());
        // Where something is open, a search on bare ALSA is not worth its price.
        let cheap = self.open.is_some();
        let found = ask(FIND_TIMEOUT, std::mem::take(&mut self.anew), move |host| {
            if cheap && host.id().name() == "ALSA" { None } else { find(host, direction, &spec) }
        });
        found.inspect_err(|error| tracing::debug!("No {} is looked for: {error}.", E::NAME)).ok().flatten()
    }

    fn close(&mut self) {
        // Closing a device can take a while, and perhaps nothing comes after it: silence comes first.
        if self.open.is_some() {
            let _ = self.ends.send(E::absent());
        }
        self.open = None;
    }

    /// Opens what is wanted, or what there is. `asked`: the person has just chosen it.
    fn reopen(&mut self, asked: bool) {
        let before = self.in_use.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.close();
        let opened = if self.needs_card() { self.open_card() } else { self.open_without() };
        let name = opened.as_ref().map(|(name, _)| name.clone());
        let wanted = opened.as_ref().is_some_and(|&(_, wanted)| wanted);
        *self.in_use.lock().unwrap_or_else(PoisonError::into_inner) = name.clone();
        match name {
            None if !self.lost || asked => {
                self.lost = true;
                (self.notices)(E::LOST);
            }
            None => {}
            Some(name) => {
                let news = self.lost || (before.as_ref() != Some(&name) && !(asked && wanted));
                self.lost = false;
                tracing::debug!("The {} is {name}.", E::NAME);
                if news {
                    (self.notices)(E::now(name));
                }
            }
        }
    }

    fn open_card(&mut self) -> Option<(String, bool)> {
        let usable = |id: &String, clockless: &Option<String>| clockless.as_ref() != Some(id);
        let wanted = self.find(&self.spec.clone()).filter(|found| usable(&found.id, &self.clockless));
        // What was learnt about one card says nothing about another.
        let known = self.period.take().filter(|_| self.last_id == wanted.as_ref().map(|found| found.id.clone()));
        let period_us = known.as_ref().map_or(Period::SHORTEST_US, Period::us);
        let (found, (end, card)) =
            wanted.and_then(|found| E::card(&found.device, period_us).map(|card| (found, card))).or_else(|| {
                // It is there but does not open: another program has it, or it is on its way out.
                let substitute = self.find(&DeviceSpec::Default).map(|found| Found { wanted: false, ..found })?;
                if !usable(&substitute.id, &self.clockless) {
                    return None;
                }
                let card = E::card(&substitute.device, period_us)?;
                Some((substitute, card))
            })?;
        self.ends.send(end).ok()?;
        let now_ms = now_ms();
        let mut period = known.unwrap_or_else(|| Period::new(now_ms, !card.health.wakes));
        period.reopened(now_ms);
        self.period = Some(period);
        self.last_id = Some(found.id.clone());
        self.open = Some(Open::new(Some(card), found.id));
        Some((found.name, found.wanted))
    }

    fn open_without(&mut self) -> Option<(String, bool)> {
        let end = E::without_card(&self.spec)?;
        self.ends.send(end).ok()?;
        self.open = Some(Open::new(None, String::new()));
        Some((self.spec.to_string(), true))
    }
}
