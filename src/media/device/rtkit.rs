//! RealtimeKit: a service of Linux desktops that makes threads of ordinary programs real-time, within limits of its own.
//!
//! It is asked over the system's D-Bus from a thread of its own, so that no thread of sound ever waits for it.

use std::{
    fmt,
    sync::{
        LazyLock,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::Pid,
};
use zbus::{
    blocking::{Connection, Proxy, connection::Builder},
    proxy::CacheProperties,
};

use super::priority::{NICE, Wish};

/// Its name on the bus, of the interface too.
const NAME: &str = "org.freedesktop.RealtimeKit1";
const PATH: &str = "/org/freedesktop/RealtimeKit1";
/// Real-time priority that is asked for, if it grants that much: above PulseAudio's own 5, below PipeWire's 20 and more.
const PRIORITY: u32 = 10;
/// It may have to be started first.
const PATIENCE: Duration = Duration::from_secs(10);
/// The connection is kept for so long: threads of sound begin together.
const LINGER: Duration = Duration::from_secs(5);

/// A thread, what it is to have, and its name.
type Request = (Pid, Wish, String);

/// Asks for priority for a thread of this program. Returns at once; the answer goes to the log.
pub(super) fn ask(thread: Pid, wish: Wish, name: &str) {
    static ASKER: LazyLock<Option<Sender<Request>>> = LazyLock::new(|| {
        let (asker, inbox) = channel();
        // Without a thread nobody is raised, and nothing else fails.
        thread::Builder::new().name("rtkit".into()).spawn(move || run(&inbox)).ok().map(|_| asker)
    });
    if let Some(asker) = &*ASKER {
        // The thread outlives all who ask.
        let _ = asker.send((thread, wish, name.to_owned()));
    }
}

fn run(inbox: &Receiver<Request>) {
    while let Ok(first) = inbox.recv() {
        let mut kit = Kit::connect();
        let mut next = Some(first);
        while let Some((thread, wish, name)) = next {
            match kit.as_ref().map(|kit| kit.raise(thread, wish)) {
                Ok(Ok(granted)) => tracing::debug!("The thread {name} has {granted}, granted by RealtimeKit."),
                Ok(Err(error)) => {
                    tracing::debug!("RealtimeKit leaves the thread {name} as it is: {error}.");
                    // A service that does not answer is not to be waited for by each thread anew.
                    kit = Err(error);
                }
                Err(error) => tracing::debug!("RealtimeKit was not asked for the thread {name}: {error}."),
            }
            next = inbox.recv_timeout(LINGER).ok();
        }
    }
}

/// What was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Granted {
    RealTime(u32),
    Nice(i32),
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealTime(priority) => write!(f, "real-time priority {priority}"),
            Self::Nice(level) => write!(f, "nice value {level}"),
        }
    }
}

/// The service.
struct Kit {
    proxy: Proxy<'static>,
}

impl Kit {
    fn connect() -> zbus::Result<Self> {
        let bus: Connection = Builder::system()?.method_timeout(PATIENCE).build()?;
        // It tells of no changes, so that nothing can be kept.
        let proxy = zbus::blocking::proxy::Builder::new(&bus)
            .destination(NAME)?
            .path(PATH)?
            .interface(NAME)?
            .cache_properties(CacheProperties::No)
            .build()?;
        Ok(Self { proxy })
    }

    /// The best that is granted.
    fn raise(&self, thread: Pid, wish: Wish) -> zbus::Result<Granted> {
        // Of a thread that is there: positive.
        let number = thread.as_raw_nonzero().get() as u64;
        if wish == Wish::Share {
            return self.nice(number).map(Granted::Nice);
        }
        self.real_time(number).map(Granted::RealTime).or_else(|refused| {
            tracing::debug!("RealtimeKit grants no real-time priority: {refused}.");
            self.nice(number).map(Granted::Nice)
        })
    }

    fn real_time(&self, thread: u64) -> zbus::Result<u32> {
        let most: i32 = self.proxy.get_property("MaxRealtimePriority")?;
        let priority = PRIORITY.min(u32::try_from(most).unwrap_or(0)).max(1);
        limit_work(self.proxy.get_property("RTTimeUSecMax")?);
        self.proxy.call::<_, _, ()>("MakeThreadRealtime", &(thread, priority))?;
        Ok(priority)
    }

    fn nice(&self, thread: u64) -> zbus::Result<i32> {
        let least: i32 = self.proxy.get_property("MinNiceLevel")?;
        let level = NICE.max(least);
        self.proxy.call::<_, _, ()>("MakeThreadHighPriority", &(thread, level))?;
        Ok(level)
    }
}

/// Lets the kernel end this program if a real-time thread works for longer than that without sleeping: the condition on
/// which priority is granted. [`Rest`](super::priority::Rest) keeps it from ever coming to that.
fn limit_work(longest_us: i64) {
    let Ok(longest) = u64::try_from(longest_us) else { return };
    let now = getrlimit(Resource::Rttime);
    let lower = |limit: Option<u64>| Some(limit.map_or(longest, |limit| limit.min(longest)));
    let wanted = Rlimit { current: lower(now.current), maximum: lower(now.maximum) };
    // If it is refused, so will be the priority.
    let _ = setrlimit(Resource::Rttime, wanted);
}
