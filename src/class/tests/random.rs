//! Whole classes at random: one order and one truth for all, never more microphones than floors, every invitation ends.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{super::*, *};

const NAMES: [&str; 7] = ["kim", "lee", "ann", "ben", "cho", "dan", "eve"];

#[derive(Clone, Copy, Debug)]
struct Step {
    who: usize,
    whom: usize,
    what: u8,
    pick: usize,
    wait_ms: u64,
}

fn step() -> impl Strategy<Value = Step> {
    (
        0..NAMES.len(),
        0..NAMES.len(),
        0..24u8,
        any::<prop::sample::Index>(),
        prop_oneof![Just(0), 1..3_000u64, 1..70_000u64],
    )
        .prop_map(|(who, whom, what, pick, wait_ms)| Step { who, whom, what, pick: pick.index(1 << 20), wait_ms })
}

/// An invitation as a server's book would keep it.
struct Open {
    name: String,
    open: BTreeSet<UserId>,
}

fn play(settings: LessonSettings, steps: &[Step]) {
    let mut room = Room::new(settings);
    let mut book: Vec<Open> = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        room.pass(step.wait_ms);
        if room.over {
            return;
        }
        let (who, whom) = (NAMES[step.who], NAMES[step.whom]);
        let (by, other) = (user(who), user(whom));
        let all: Vec<&str> =
            NAMES.iter().filter(|name| **name != who && !["kim", "lee"].contains(name)).copied().collect();
        let mut invite = |room: &mut Room, command: ClassCommand, whom: &[&str], timeout_s: u32| {
            let name = format!("i{n}");
            if room.invite(&name, who, command, whom, timeout_s).is_ok() {
                book.push(Open { name, open: whom.iter().map(|name| user(name)).collect() });
            }
        };
        match step.what {
            0..=3 if room.lesson.check_entry(&by).is_ok() => room.enter(who, step.who < 2),
            4 => _ = room.handle(Input::Lost { user: by, device: device(who) }),
            5 => _ = room.handle(Input::Back { user: by, device: device(who) }),
            6 => _ = room.handle(Input::Left { user: by, device: device(who), lost: step.pick.is_multiple_of(2) }),
            7 => invite(&mut room, ClassCommand::RaiseHands, &all, 30),
            8 | 9 if who != whom => invite(&mut room, ClassCommand::Speak, &[whom], 10 + step.pick as u32 % 60),
            10 | 11 => invite(&mut room, ClassCommand::AskToSpeak, &["kim", "lee"], 60 * (step.pick as u32 % 2)),
            12 => invite(&mut room, ClassCommand::RollCall, &all, 10),
            13 => invite(&mut room, ClassCommand::Poll { question: "?".into(), choices: vec![] }, &all, 0),
            14..=18 if !book.is_empty() => {
                let at = step.pick % book.len();
                let invitation = &mut book[at];
                if invitation.open.contains(&by) {
                    let name = invitation.name.clone();
                    if step.what < 18 {
                        let data = ClassAnswer { choice: (step.pick % 2) as u8 }.to_json();
                        if room.answer(&name, who, &data).is_ok() {
                            book[at].open.remove(&by);
                        }
                    } else {
                        book[at].open.remove(&by);
                        room.ended(&name, &[who], Outcome::Declined);
                    }
                }
            }
            19 if !book.is_empty() => {
                let at = step.pick % book.len();
                let Open { name, open } = book.swap_remove(at);
                let users = open.into_iter().collect();
                let outcome = if step.pick.is_multiple_of(3) { Outcome::Cancelled } else { Outcome::TimedOut };
                room.ok(Input::Ended { id: id(&name), users, outcome });
            }
            20 => {
                let whose = [Whose::Own, Whose::Of(vec![other]), Whose::All][step.pick % 3].clone();
                _ = room.handle(Input::EndFloors { by, whose });
            }
            21 => {
                let whose = [Whose::Own, Whose::Of(vec![other]), Whose::All][step.pick % 3].clone();
                let open = step.pick.is_multiple_of(2);
                _ = room.handle(Input::SetMicrophones { by, open, whose });
            }
            22 => {
                let floors = 1 + (step.pick % 3) as u8;
                let free_microphones = step.pick.is_multiple_of(5);
                let settings = LessonSettings { floors, free_microphones, ..room.lesson.view().settings };
                _ = room.handle(Input::Set { by, settings });
            }
            23 => _ = room.handle(Input::LowerHands { by, whose: Whose::Of(vec![other]) }),
            _ => {}
        }
        // What the lesson ends, the book ends.
        for (id, user) in std::mem::take(&mut room.closed) {
            for there in book.iter_mut().filter(|there| there.name == id.as_str()) {
                there.open.retain(|open| user.as_ref().is_some_and(|user| user != open));
            }
        }
        book.retain(|there| !there.open.is_empty());
        check(&room, &book);
        if room.over {
            return;
        }
    }
    // Everybody goes, and nothing is left.
    for name in NAMES {
        _ = room.handle(Input::Left { user: user(name), device: device(name), lost: false });
    }
    room.pass(2 * ABSENCE_MS);
    assert!(room.over && room.lesson.view().floors.is_empty() && room.lesson.view().hands.is_empty());
    let closed: BTreeSet<&str> = room.closed.iter().map(|(id, _)| id.as_str()).collect();
    assert!(book.iter().all(|there| closed.contains(there.name.as_str())), "every invitation ends");
}

fn check(room: &Room, book: &[Open]) {
    let view = room.lesson.view();
    for seen in &room.views {
        // One order, and one truth, for all.
        let late = |until_ms: Option<u64>| until_ms.map(|until| until.max(room.now_ms));
        let strip = |view: &View| View {
            me: None,
            prompts: view
                .prompts
                .iter()
                .map(|prompt| Prompt { mine: Mine::No, until_ms: late(prompt.until_ms), ..prompt.clone() })
                .collect(),
            offers: view.offers.iter().map(|offer| Offer { until_ms: late(offer.until_ms), ..offer.clone() }).collect(),
            signs: std::collections::VecDeque::new(),
            news: std::collections::VecDeque::new(),
            ..view.clone()
        };
        assert_eq!(strip(seen), strip(view), "{:?}", seen.me);
        let me = seen.me.as_ref().expect("a reader");
        for prompt in seen.prompts.iter().filter(|prompt| prompt.mine == Mine::Open && !prompt.over) {
            let there = book.iter().find(|there| there.name == prompt.invite.as_str());
            assert!(there.is_some_and(|there| there.open.contains(me)), "{me} is asked what cannot be answered");
        }
    }
    let open = NAMES.iter().filter(|name| !view.is_teacher(&user(name)) && room.speaks(name)).count();
    let free = if view.settings.free_microphones { view.open.len() } else { 0 };
    assert!(open <= view.floors.len() + free, "never more microphones than floors");
    assert!(view.floors.iter().all(|floor| view.is_student(&floor.user) && !view.is_gone(&floor.user)));
    assert!(view.hands.iter().all(|hand| !view.is_gone(&hand.user)));
    let hands: BTreeSet<&UserId> = view.hands.iter().map(|hand| &hand.user).collect();
    assert_eq!(hands.len(), view.hands.len(), "one hand each");
    let asked = view.hands.iter().filter_map(|hand| hand.invite.as_ref());
    assert!(asked.into_iter().all(|id| room.lesson.knows(id)), "a hand whose invitation is over");
    assert!(view.offers.iter().all(|offer| room.lesson.knows(&offer.invite)));
    for there in book {
        assert!(room.lesson.knows(&id(&there.name)), "{} is open, and the lesson has forgotten it", there.name);
    }
    assert!(
        view.people.values().any(|person| person.at != Whereabouts::Gone)
            || room.lesson.next_deadline().is_some()
            || room.over
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12_000, ..ProptestConfig::default() })]

    #[test]
    fn a_class_at_random_keeps_the_rules(
        floors in 1..4u8,
        silence_s in prop_oneof![Just(0u16), 3..20u16],
        free_microphones: bool,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        play(LessonSettings { floors, silence_s, free_microphones, unasked_hands: true }, &steps);
    }
}
