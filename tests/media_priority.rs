//! The threads of sound ask RealtimeKit for priority where they have no right of their own to it. The bus is real, and
//! so are the sound server and the session; the service is one of ours that writes down what it is asked.
#![cfg(all(feature = "desktop", target_os = "linux"))]

#[path = "common/bus.rs"]
mod bus;
#[path = "common/pulse.rs"]
mod pulse;
#[path = "common/sound.rs"]
mod sound;

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use ahoy::media::AudioNotice;
use bus::Bus;
use pulse::Pulse;
use sound::{Loop, wait};
use zbus::{blocking::connection::Builder, fdo};

/// The longest that a real-time thread may work for without a pause, µs.
const LONGEST_WORK: u64 = 150_000;
/// The highest priority, and the least nice value, that are granted.
const HIGHEST: i32 = 7;
const LEAST_NICE: i32 = -9;

#[derive(Clone, Copy)]
enum Manner {
    Grants,
    GrantsNiceOnly,
    NeverAnswers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    RealTime(u32),
    Nice(i32),
}

/// What was asked for which threads, by their names.
type Book = Arc<Mutex<BTreeSet<(String, Asked)>>>;

/// In the place of RealtimeKit.
struct Kit {
    manner: Manner,
    book: Book,
}

impl Kit {
    /// The kernel knows threads by the number that was sent.
    fn note(&self, thread: u64, asked: Asked) -> fdo::Result<()> {
        let name = std::fs::read_to_string(format!("/proc/{thread}/comm"))
            .map_err(|_| fdo::Error::InvalidArgs("no such thread".into()))?;
        self.book.lock().expect("no panic").insert((name.trim().to_owned(), asked));
        Ok(())
    }
}

#[zbus::interface(name = "org.freedesktop.RealtimeKit1")]
impl Kit {
    async fn make_thread_realtime(&self, thread: u64, priority: u32) -> fdo::Result<()> {
        self.note(thread, Asked::RealTime(priority))?;
        let limits = std::fs::read_to_string(format!("/proc/{thread}/limits")).unwrap_or_default();
        let limit = limits.lines().find(|line| line.starts_with("Max realtime timeout")).unwrap_or_default();
        let kept = limit.split_whitespace().filter_map(|word| word.parse().ok()).filter(|us: &u64| *us <= LONGEST_WORK);
        if kept.count() != 2 {
            return Err(fdo::Error::AccessDenied(format!("not limited: {limit}")));
        }
        match self.manner {
            Manner::Grants => Ok(()),
            Manner::GrantsNiceOnly => Err(fdo::Error::AccessDenied("not today".into())),
            Manner::NeverAnswers => std::future::pending().await,
        }
    }

    fn make_thread_high_priority(&self, thread: u64, priority: i32) -> fdo::Result<()> {
        self.note(thread, Asked::Nice(priority))
    }

    #[zbus(property)]
    fn max_realtime_priority(&self) -> i32 {
        HIGHEST
    }

    #[zbus(property)]
    fn min_nice_level(&self) -> i32 {
        LEAST_NICE
    }

    #[zbus(property, name = "RTTimeUSecMax")]
    fn longest_work(&self) -> i64 {
        LONGEST_WORK as i64
    }
}

/// This program without any right to priority, whoever runs the tests.
fn without_rights() -> Command {
    let mut command = Command::new("prlimit");
    command.args(["--rtprio=0", "--nice=0"]);
    if rustix::process::geteuid().is_root() {
        command.args(["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]);
    }
    command.arg(std::env::current_exe().expect("this program"));
    command
}

/// Runs a session beside such a service, until `enough` has been asked and sound goes its way; returns what was asked.
fn session_beside(manner: Manner, enough: impl Fn(&BTreeSet<(String, Asked)>) -> bool) -> BTreeSet<(String, Asked)> {
    let (bus, pulse) = (Bus::start(), Pulse::start(&["only"]));
    let book = Book::default();
    let kit = Kit { manner, book: book.clone() };
    let _service = Builder::address(bus.address().as_str())
        .and_then(|builder| builder.name("org.freedesktop.RealtimeKit1"))
        .and_then(|builder| builder.serve_at("/org/freedesktop/RealtimeKit1", kit))
        .and_then(Builder::build)
        .expect("a service");
    let steps = tempfile::tempdir().expect("a folder");
    let done = steps.path().join("done");
    let session = without_rights()
        .args(["--ignored", "--exact", "inner_session", "--nocapture", "--test-threads=1"])
        .envs(pulse.environment())
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus.address())
        .env("DONE", &done)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prlimit is installed");
    wait("enough is asked", || enough(&book.lock().expect("no panic")));
    std::fs::write(done, "").expect("a file");
    let output = session.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    book.lock().expect("no panic").clone()
}

/// All of this for all threads of sound.
fn all(asked: &[Asked]) -> BTreeSet<(String, Asked)> {
    let names = ["card-in", "card-out", "microphone", "speaker"];
    names.iter().flat_map(|name| asked.iter().map(|asked| ((*name).to_owned(), *asked))).collect()
}

#[test]
fn real_time_is_asked_for_within_what_is_granted() {
    let expected = all(&[Asked::RealTime(HIGHEST as u32)]);
    assert_eq!(session_beside(Manner::Grants, |asked| asked.is_superset(&expected)), expected);
}

#[test]
fn who_is_refused_asks_for_a_better_nice_value() {
    let expected = all(&[Asked::RealTime(HIGHEST as u32), Asked::Nice(LEAST_NICE)]);
    assert_eq!(session_beside(Manner::GrantsNiceOnly, |asked| asked.is_superset(&expected)), expected);
}

#[test]
fn a_service_that_never_answers_holds_up_nobody() {
    let asked = session_beside(Manner::NeverAnswers, |asked| !asked.is_empty());
    assert!(asked.iter().all(|(_, asked)| *asked == Asked::RealTime(HIGHEST as u32)), "{asked:?}");
}

#[test]
#[ignore = "run by the other tests"]
fn inner_session() {
    let done = std::env::var("DONE").expect("set by the outer test");
    let both = Loop::start(|notice: AudioNotice| panic!("{notice:?}"));
    wait("the tone goes out of one card and into the other", || both.is_heard());
    wait("the outer test has seen enough", || Path::new(&done).exists());
    assert!(both.is_heard(), "it is still heard");
}
