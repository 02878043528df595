//! A call of three, one of them behind a gate: what the others see, and what becomes of the call, while the network of
//! that one says nothing, stays away, or becomes another one.

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

use class::{Class, answer, live, row, says, wait_call, wait_ended};
use gate::Gate;
use phone::Phone;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Alice and Bob, who hear Carol, who is behind the gate; all of them in a call of their group.
struct Scene {
    class: Class,
    gate: Gate,
    alice: Phone,
    bob: Phone,
    carol: Phone,
    _runtime: Runtime,
}

impl Scene {
    fn start() -> Self {
        let (class, [mut alice, mut bob]) = Class::of(["alice", "bob"]);
        let runtime = Runtime::new().expect("threads");
        let gate = runtime.block_on(Gate::before(class.server.listen.parse().expect("an address")));
        let url = format!("wss://127.0.0.1:{}", gate.port);
        let tone = ["--no-processing", "--microphone", "tone:500"];
        let mut carol = Phone::start(&url, "carol", class.dir.path(), &tone);
        alice.done("inviteUserToGroup", json!({"groupID": class.group, "userList": ["carol"]}));
        for phone in [&mut alice, &mut bob, &mut carol] {
            class.has(phone, 3);
        }
        class.call(&mut alice, &["bob", "carol"]);
        answer(&mut bob);
        answer(&mut carol);
        let mut scene = Self { class, gate, alice, bob, carol, _runtime: runtime };
        scene.wait_in();
        scene.wait_heard(true);
        scene
    }

    fn wait_in(&mut self) {
        wait_call(&mut self.alice, "inCall", &[("bob", "in"), ("carol", "in")]);
        wait_call(&mut self.bob, "inCall", &[("alice", "in"), ("carol", "in")]);
        wait_call(&mut self.carol, "inCall", &[("alice", "in"), ("bob", "in")]);
    }

    /// The others see that Carol is away for the moment, and are still with each other.
    fn wait_away(&mut self) {
        let began = Instant::now();
        wait_call(&mut self.alice, "inCall", &[("bob", "in"), ("carol", "reconnecting")]);
        wait_call(&mut self.bob, "inCall", &[("alice", "in"), ("carol", "reconnecting")]);
        println!("the others see it after {:?}", began.elapsed());
    }

    /// Waits until both hear Carol's tone, or nothing of her.
    fn wait_heard(&mut self, wished: bool) {
        let source = self.carols_place()["sourceID"].clone();
        for phone in [&mut self.alice, &mut self.bob] {
            let deadline = Instant::now() + phone::PATIENCE;
            loop {
                let stats = phone.done("getStats", json!({}));
                let there = stats["participants"].as_array().into_iter().flatten().find(|p| p["sourceID"] == source);
                let level = there.and_then(|there| there["levelDbfs"].as_f64());
                let (heard, unheard) = (level.is_some_and(|db| db > -40.0), level.is_none_or(|db| db < -60.0));
                if if wished { heard } else { unheard } {
                    break;
                }
                assert!(Instant::now() < deadline, "heard, should be {wished}: {stats:#}");
                sleep(Duration::from_millis(50));
            }
        }
    }

    /// Carol as a participant, as Alice sees her.
    fn carols_place(&mut self) -> Value {
        let state = self.alice.done("getState", json!({}));
        let call = live(&state).expect("a call");
        let mut there = call["participants"].as_array().into_iter().flatten();
        there.find(|participant| participant["userID"] == "carol").cloned().expect("she has a place")
    }

    /// What of a call stays when its network changes.
    fn picture(&mut self) -> [Value; 4] {
        let place = self.carols_place();
        let state = self.carol.done("getState", json!({}));
        let call = live(&state).expect("a call");
        [call["callId"].clone(), call["room"].clone(), call["talkingSinceMs"].clone(), place]
    }

    /// Each log has the one row of a call that is on.
    fn assert_one_open_row(&mut self) {
        for phone in [&mut self.alice, &mut self.bob, &mut self.carol] {
            let log = phone.done("getLog", json!({}))["rows"].take();
            let open = log.as_array().is_some_and(|rows| rows.len() == 1 && rows[0]["result"].is_null());
            assert!(open, "{log:#}");
        }
    }

    /// All hang up, and each has one row.
    fn end(mut self) {
        for (phone, direction) in
            [(&mut self.carol, "incoming"), (&mut self.bob, "incoming"), (&mut self.alice, "outgoing")]
        {
            // Who is left alone has hung up already.
            let _ = phone.ask("hangUp", json!({}));
            assert_eq!(wait_ended(phone)["end"], "hungUp");
            // The row of a call that one came back to is brought up to date.
            phone.wait_log(|rows| rows.len() == 1 && row(&rows[0]) == says(direction, true, "hungUp"));
        }
        self.class.shows_none(&mut [&mut self.alice, &mut self.bob, &mut self.carol]);
    }
}

/// Waits for what comes only after more than one limit.
fn until_at_last(phone: &mut Phone, what: &str, fits: impl Fn(&Value) -> bool) {
    let deadline = Instant::now() + 3 * phone::PATIENCE;
    loop {
        let state = phone.done("getState", json!({}));
        if fits(&state) {
            return;
        }
        assert!(Instant::now() < deadline, "never {what}: {state:#}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_network_that_is_back_in_time_leaves_nothing_behind() {
    let mut scene = Scene::start();
    let before = scene.picture();
    scene.gate.conditions.pull_cable(true);
    scene.wait_heard(false);
    scene.wait_away();
    scene.gate.conditions.pull_cable(false);
    scene.wait_in();
    scene.wait_heard(true);
    assert_eq!(scene.picture(), before);
    scene.assert_one_open_row();
    scene.end();
}

#[test]
fn another_address_is_the_same_call() {
    let mut scene = Scene::start();
    let before = scene.picture();
    scene.gate.conditions.change_address();
    scene.wait_heard(true);
    scene.wait_in();
    assert_eq!(scene.picture(), before);
    scene.assert_one_open_row();
    scene.end();
}

#[test]
fn who_does_not_come_back_has_lost_the_call_and_the_others_go_on() {
    let mut scene = Scene::start();
    scene.gate.conditions.pull_cable(true);
    scene.wait_away();
    let began = Instant::now();
    // A connection that nobody has closed is given up late, and the place in the room half a minute after that.
    until_at_last(&mut scene.carol, "over", |state| live(state).is_none());
    println!("she has lost the call {:?} later", began.elapsed());
    assert_eq!(wait_ended(&mut scene.carol)["end"], "connectionLost");
    for (phone, other) in [(&mut scene.alice, "bob"), (&mut scene.bob, "alice")] {
        until_at_last(phone, "without her", |state| {
            let others = live(state).and_then(|call| call["others"].as_array());
            others.into_iter().flatten().any(|other| other["userID"] == "carol" && other["standing"] == "lost")
        });
        wait_call(phone, "inCall", &[(other, "in"), ("carol", "lost")]);
    }
    println!("the others see it {:?} later", began.elapsed());
    scene.class.shows(&mut [&mut scene.alice, &mut scene.bob], &["alice", "bob"], &[]);

    scene.gate.conditions.pull_cable(false);
    scene.carol.wait_until("online again", |state| state["session"] == "online");
    assert_eq!(row(&scene.carol.only_row()), says("incoming", true, "connectionLost"));
    // It is on, and she may join it.
    scene.class.shows(&mut [&mut scene.carol], &["alice", "bob"], &[]);
    scene.class.join(&mut scene.carol);
    scene.wait_in();
    scene.wait_heard(true);
    scene.end();
}
