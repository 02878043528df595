//! A server, three phones of which two talk, and what each of them shows of its calls and hears.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    class::{answer, live},
    phone::{PATIENCE, Phone, ServerProcess},
};

/// Who says what, where it is listened to.
pub(crate) const VOICES: [(&str, f32); 3] = [("alice", 500.0), ("bob", 900.0), ("carol", 1_300.0)];

/// Alice and Bob, who talk, and Carol.
pub(crate) struct Line {
    pub(crate) server: ServerProcess,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) alice: Phone,
    pub(crate) bob: Phone,
    pub(crate) carol: Phone,
}

impl Line {
    /// Alice has called Bob. With silent phones; the options are Carol's.
    pub(crate) fn talking(carols: &[&str]) -> Self {
        Self::start(
            |_, (name, _)| if name == "carol" { carols.iter().map(ToString::to_string).collect() } else { vec![] },
        )
    }

    /// The same with phones that say something, and record what they hear.
    pub(crate) fn audible() -> Self {
        Self::start(|dir, (name, hz)| {
            let (microphone, speaker) = (format!("tone:{hz}"), format!("file:{}", heard_by(name, dir).display()));
            ["--no-processing", "--microphone", &microphone, "--speaker", &speaker].map(str::to_owned).into()
        })
    }

    fn start(options: impl Fn(&Path, (&str, f32)) -> Vec<String>) -> Self {
        let server = ServerProcess::start(&[]);
        let dir = tempfile::tempdir().expect("a folder");
        let [mut alice, mut bob, carol] = VOICES.map(|voice| {
            let options = options(dir.path(), voice);
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            Phone::start(&server.url(), voice.0, dir.path(), &options)
        });
        alice.done("call", json!({"userID": "bob"}));
        answer(&mut bob);
        wait_calls(&mut alice, &[("bob", "inCall", false)]);
        Self { server, dir, alice, bob, carol }
    }

    pub(crate) fn phone(&self, name: &str) -> Phone {
        Phone::start(&self.server.url(), name, self.dir.path(), &[])
    }

    /// Carol calls during the talk, and her call waits.
    pub(crate) fn ring(&mut self) {
        self.carol.done("call", json!({"userID": "bob"}));
        wait_calls(&mut self.bob, &[("alice", "inCall", false), ("carol", "incoming", false)]);
        wait_calls(&mut self.carol, &[("bob", "ringing", false)]);
    }

    /// Bob takes her call, and Alice sees that he has put hers on hold.
    pub(crate) fn take(&mut self) {
        self.bob.done("answer", json!({}));
        wait_calls(&mut self.bob, &[("carol", "inCall", false), ("alice", "inCall", true)]);
        wait_calls(&mut self.carol, &[("bob", "inCall", false)]);
        wait_held(&mut self.carol, false);
        wait_calls(&mut self.alice, &[("bob", "inCall", false)]);
        wait_held(&mut self.alice, true);
    }
}

pub(crate) fn heard_by(name: &str, dir: &Path) -> PathBuf {
    dir.join(format!("heard-by-{name}.wav"))
}

/// From now on, who calls during a talk may wait, or not.
pub(crate) fn let_wait(phone: &mut Phone, on: bool) {
    phone.done("setCallWaiting", json!({"on": on}));
    // Asked behind it, and so answered when it holds.
    phone.done("getSelfStatus", json!({}));
}

/// The calls that are not over: with whom, where they stand, and whether this phone has them on hold.
pub(crate) fn calls(state: &Value) -> Vec<(&str, &str, bool)> {
    let live = state["calls"].as_array().expect("calls").iter().filter(|call| call["phase"] != "ended");
    live.map(|call| (text(&call["peer"]), text(&call["phase"]), call["onHold"] == true)).collect()
}

/// Waits until these are a phone's calls: the talk, then one that rings, then one on hold.
pub(crate) fn wait_calls(phone: &mut Phone, expected: &[(&str, &str, bool)]) -> Value {
    phone.wait_state(|state| calls(state) == expected)
}

/// Waits until a phone shows that the other one has the call on hold, or has not.
pub(crate) fn wait_held(phone: &mut Phone, held: bool) {
    phone.wait_until(&format!("held: {held}"), |state| {
        let there = live(state).and_then(|call| call["participants"].as_array());
        there.is_some_and(|there| there.len() == 1 && (there[0]["onHold"] == true) == held)
    });
}

/// What of a talk nobody else's call changes.
pub(crate) fn talk(phone: &mut Phone) -> Value {
    let state = phone.done("getState", json!({}));
    let call = state["calls"].as_array().into_iter().flatten().find(|call| !call["talkingSinceMs"].is_null());
    let call = call.expect("a talk");
    json!(["callId", "phase", "room", "talkingSinceMs", "participants", "onHold"].map(|field| &call[field]))
}

/// Waits until a phone hears these people, and nothing of anybody else.
pub(crate) fn wait_hears(phone: &mut Phone, whom: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    let wanted: BTreeSet<&str> = whom.iter().copied().collect();
    loop {
        let (state, stats) = (phone.done("getState", json!({})), phone.done("getStats", json!({})));
        let there = |call: &Value| call["participants"].as_array().cloned().unwrap_or_default();
        let people: Vec<Value> = state["calls"].as_array().into_iter().flatten().flat_map(there).collect();
        let name = |source: &Value| {
            people.iter().find(|there| there["sourceID"] == *source).map_or("", |there| text(&there["userID"]))
        };
        let levels: Vec<(&str, f64)> = stats["participants"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|heard| (name(&heard["sourceID"]), heard["levelDbfs"].as_f64().expect("a level")))
            .collect();
        let above = |db: f64| -> BTreeSet<&str> {
            levels.iter().filter(|(_, level)| *level > db).map(|(user, _)| *user).collect()
        };
        // A tone is loud; what is dying away is neither heard nor silent.
        if above(-40.0) == wanted && above(-60.0) == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "should hear {whom:?}: {levels:?}");
        sleep(Duration::from_millis(50));
    }
}

/// Waits until these are the rows of a log, the newest first: with whom, who called, answered or not, how it ended.
pub(crate) fn wait_rows(phone: &mut Phone, expected: &[(&str, &str, bool, &str)]) -> Vec<Value> {
    phone.wait_log(|rows| {
        let row = |(row, expected): (&Value, &(&str, &str, bool, &str))| {
            let (peer, direction, answered, result) = *expected;
            row["peer"] == peer
                && row["direction"] == direction
                && row["answered"] == answered
                && row["result"] == result
        };
        rows.len() == expected.len() && rows.iter().zip(expected).all(row)
    })
}

/// Both sides of a call tell the same story.
pub(crate) fn assert_same_call(one: &Value, other: &Value) {
    for field in ["callId", "timeMs", "answered", "durationS"] {
        assert_eq!(one[field], other[field], "{field}: {one:#}{other:#}");
    }
}

/// A call lasted at least so many seconds, and at most as long as the clock allows.
pub(crate) fn assert_lasted(row: &Value, at_least_ms: u64, since: Instant) {
    let lasted = row["durationS"].as_u64().expect("a length");
    assert!((at_least_ms / 1_000..=since.elapsed().as_secs()).contains(&lasted), "{at_least_ms} ms: {row:#}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
