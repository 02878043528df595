//! A call of two, one of them behind a gate: what both see and hear while the network of that one says nothing, stays
//! away, or becomes another one.

#[path = "common/class.rs"]
mod class;
#[path = "common/gate.rs"]
mod gate;
#[path = "common/phone.rs"]
mod phone;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use class::{live, row, says, wait_ended};
use gate::Gate;
use phone::{Phone, ServerProcess};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Alice calls Bob, who is behind the gate; each says a tone.
struct Scene {
    server: ServerProcess,
    dir: tempfile::TempDir,
    gate: Gate,
    alice: Phone,
    bob: Phone,
    _runtime: Runtime,
}

impl Scene {
    fn start() -> Self {
        let server = ServerProcess::start(&[]);
        let dir = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("threads");
        let gate = runtime.block_on(Gate::before(server.listen.parse().expect("an address")));
        let tone = ["--no-processing", "--microphone", "tone:500"];
        let alice = Phone::start(&server.url(), "alice", dir.path(), &tone);
        let bob = Phone::start(&format!("wss://127.0.0.1:{}", gate.port), "bob", dir.path(), &tone);
        let mut scene = Self { server, dir, gate, alice, bob, _runtime: runtime };
        scene.call();
        scene
    }

    fn call(&mut self) {
        self.alice.done("call", json!({"userID": "bob"}));
        self.bob.wait_until("ringing", |state| live(state).is_some_and(|call| call["phase"] == "incoming"));
        self.bob.done("answer", json!({}));
        self.wait_talking();
    }

    /// Both talk, with nothing amiss, and hear each other.
    fn wait_talking(&mut self) {
        for phone in [&mut self.alice, &mut self.bob] {
            phone.wait_until("talking", |state| {
                live(state).is_some_and(|call| call["phase"] == "inCall" && call["network"].is_null())
            });
            wait_heard(phone, true);
        }
    }

    /// What of a call stays when its network breaks.
    fn picture(&mut self) -> Vec<Value> {
        let state = [&mut self.alice, &mut self.bob].map(|phone| phone.done("getState", json!({})));
        let calls = state.iter().map(|state| live(state).expect("a call"));
        calls.flat_map(|call| ["callId", "room", "talkingSinceMs"].map(|field| call[field].clone())).collect()
    }

    /// Each log has the one row of a call that is on.
    fn assert_one_open_row(&mut self) {
        for phone in [&mut self.alice, &mut self.bob] {
            let rows = phone.done("getLog", json!({}))["rows"].take();
            assert!(rows.as_array().is_some_and(|rows| rows.len() == 1 && rows[0]["result"].is_null()), "{rows:#}");
        }
    }

    /// Bob hangs up, and each has one row of the same length.
    fn end(mut self) {
        self.bob.done("hangUp", json!({}));
        let rows = [(&mut self.alice, "outgoing"), (&mut self.bob, "incoming")].map(|(phone, direction)| {
            assert_eq!(wait_ended(phone)["end"], "hungUp");
            let only = phone.only_row();
            assert_eq!(row(&only), says(direction, true, "hungUp"));
            only["durationS"].clone()
        });
        assert_eq!(rows[0], rows[1]);
    }
}

/// Waits until a phone hears the other's tone, or nothing.
fn wait_heard(phone: &mut Phone, wished: bool) {
    let deadline = Instant::now() + phone::PATIENCE;
    loop {
        let stats = phone.done("getStats", json!({}));
        let level = stats["participants"][0]["levelDbfs"].as_f64();
        let (heard, unheard) = (level.is_some_and(|db| db > -40.0), level.is_none_or(|db| db < -60.0));
        if if wished { heard } else { unheard } {
            return;
        }
        assert!(Instant::now() < deadline, "heard, should be {wished}: {stats:#}");
        sleep(Duration::from_millis(50));
    }
}

/// The next news of the call that fits, in the order in which they came.
fn wait_news(phone: &mut Phone, what: &str, phase: &str, network: Option<&str>) {
    phone.wait(what, |news| {
        let call = &news["params"];
        news["method"] == "callChanged" && call["phase"] == phase && call["network"].as_str() == network
    });
}

/// Whoever is cut off sees it first weak, then lost; the other one sees that it is not the own network.
fn wait_lost(scene: &mut Scene, since: Instant) {
    wait_news(&mut scene.bob, "a weak connection", "inCall", Some("weak"));
    println!("weak after {:?}", since.elapsed());
    wait_news(&mut scene.bob, "reconnecting", "reconnecting", Some("lost"));
    println!("reconnecting after {:?}", since.elapsed());
    wait_news(&mut scene.alice, "bob reconnecting", "reconnecting", None);
    println!("the other one sees it after {:?}", since.elapsed());
}

#[test]
fn a_cable_that_is_back_in_time_leaves_the_call_as_it_was() {
    let mut scene = Scene::start();
    let before = scene.picture();
    for away in [Duration::ZERO, Duration::from_secs(8)] {
        let began = Instant::now();
        scene.gate.conditions.pull_cable(true);
        wait_lost(&mut scene, began);
        wait_heard(&mut scene.alice, false);
        wait_heard(&mut scene.bob, false);
        // Long enough, the second time, for both ends to give up the connection to the server.
        sleep(away);
        let back = Instant::now();
        scene.gate.conditions.pull_cable(false);
        scene.wait_talking();
        println!("both talk again {:?} after the cable is back", back.elapsed());
        assert_eq!(scene.picture(), before);
        scene.assert_one_open_row();
    }
    scene.end();
}

#[test]
fn a_cable_that_stays_out_ends_the_call_for_both_and_one_can_call_again() {
    let mut scene = Scene::start();
    let began = Instant::now();
    scene.gate.conditions.pull_cable(true);
    wait_lost(&mut scene, began);
    assert_eq!(wait_ended(&mut scene.bob)["end"], "connectionLost");
    println!("lost after {:?}", began.elapsed());
    assert_eq!(wait_ended(&mut scene.alice)["end"], "connectionLost");
    println!("lost for the other one after {:?}", began.elapsed());
    let ended = scene.alice.only_row();
    assert_eq!(row(&ended), says("outgoing", true, "connectionLost"));

    scene.gate.conditions.pull_cable(false);
    scene.bob.wait_until("online again", |state| state["session"] == "online");
    assert_eq!(row(&scene.bob.only_row()), says("incoming", true, "connectionLost"));
    scene.call();
    scene.bob.done("hangUp", json!({}));
    for phone in [&mut scene.alice, &mut scene.bob] {
        phone
            .wait_log(|rows| rows.len() == 2 && rows[0]["result"] == "hungUp" && rows[1]["result"] == "connectionLost");
    }
}

#[test]
fn another_address_is_the_same_call_and_nobody_notices() {
    let mut scene = Scene::start();
    let before = scene.picture();
    scene.gate.conditions.change_address();
    // What of the server's events this device does not hear any more comes over the next connection.
    let missed = scene.dir.path().join("nobody");
    let mut carol = Phone::start(&scene.server.url(), "carol", &missed, &[]);
    scene.bob.wait_presence("carol", "online");
    scene.wait_talking();
    assert_eq!(scene.picture(), before);
    scene.assert_one_open_row();
    // The call is carried on by whatever connection there is now.
    carol.done("call", json!({"userID": "bob"}));
    assert_eq!(carol.wait_phase("ended")["end"], "busy");
    scene.bob.done("hangUp", json!({}));
    assert_eq!(wait_ended(&mut scene.alice)["end"], "hungUp");
}
