//! A lesson on virtual time; whole classes at random are in `random`.

mod random;

use super::*;
use crate::protocol::{
    ApiError, Code, DeviceId, InviteId, UserId,
    class_data::{ClassAnswer, ClassCommand, Reaction},
    lesson::{FloorEnd, HandDown, LessonChange, LessonSettings, Mine, Outcome, Whereabouts},
};

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(format!("{name}-1")).expect("valid")
}

fn id(name: &str) -> InviteId {
    InviteId::new(name).expect("valid")
}

/// A lesson, and those who see it.
struct Room {
    lesson: Lesson,
    now_ms: u64,
    views: Vec<View>,
    /// What came out since it was looked at last.
    told: Vec<LessonChange>,
    closed: Vec<(InviteId, Option<UserId>)>,
    removed: Vec<UserId>,
    over: bool,
}

impl Room {
    fn new(settings: LessonSettings) -> Self {
        let lesson = Lesson::new(1_000, settings);
        Self { lesson, now_ms: 1_000, views: vec![], told: vec![], closed: vec![], removed: vec![], over: false }
    }

    /// A teacher, kim, and students.
    fn with(settings: LessonSettings, students: &[&str]) -> Self {
        let mut room = Self::new(settings);
        room.enter("kim", true);
        students.iter().for_each(|student| room.enter(student, false));
        room.told.clear();
        room
    }

    fn enter(&mut self, name: &str, teacher: bool) {
        self.lesson.check_entry(&user(name)).expect("may come in");
        self.ok(Input::Entered { user: user(name), device: device(name), teacher });
        self.views.retain(|view| view.me != Some(user(name)));
        let state = self.lesson.state_for(self.now_ms, &user(name));
        self.views.push(View::of(self.now_ms, user(name), &state));
    }

    fn drain(&mut self) {
        while let Some(output) = self.lesson.poll_output() {
            match output {
                Output::Tell(change) => {
                    self.views.iter_mut().for_each(|view| view.apply(self.now_ms, &change));
                    self.told.push(change);
                }
                Output::Close { id, user } => self.closed.push((id, user)),
                Output::Remove { user, .. } => {
                    self.views.retain(|view| view.me != Some(user.clone()));
                    self.removed.push(user);
                }
                Output::Over { .. } => self.over = true,
            }
        }
    }

    fn handle(&mut self, input: Input) -> Result<(), ApiError> {
        let before = self.lesson.view().clone();
        let outcome = self.lesson.handle(self.now_ms, input);
        if outcome.is_err() {
            assert_eq!(*self.lesson.view(), before, "what is refused changes nothing");
            assert_eq!(self.lesson.poll_output(), None, "and nobody hears of it");
        }
        self.drain();
        outcome
    }

    fn ok(&mut self, input: Input) {
        self.handle(input).expect("possible");
    }

    fn refused(&mut self, input: Input, code: Code) {
        let error = self.handle(input).expect_err("refused");
        assert!(error.is(code), "{error}");
    }

    fn invite(
        &mut self,
        name: &str,
        by: &str,
        command: ClassCommand,
        whom: &[&str],
        timeout_s: u32,
    ) -> Result<(), ApiError> {
        let invitees: Vec<UserId> = whom.iter().map(|name| user(name)).collect();
        self.lesson.check_invitation(&user(by), &command, &invitees, timeout_s)?;
        self.ok(Input::Invited { id: id(name), by: user(by), device: device(by), command, invitees, timeout_s });
        Ok(())
    }

    fn accept(&mut self, name: &str, who: &str) -> Result<(), ApiError> {
        self.answer(name, who, "")
    }

    fn answer(&mut self, name: &str, who: &str, data: &str) -> Result<(), ApiError> {
        self.lesson.check_acceptance(&id(name), &user(who), data)?;
        self.ok(Input::Accepted { id: id(name), user: user(who), device: device(who), data: data.into() });
        Ok(())
    }

    fn ended(&mut self, name: &str, who: &[&str], outcome: Outcome) {
        let users = who.iter().map(|name| user(name)).collect();
        self.ok(Input::Ended { id: id(name), users, outcome });
    }

    fn pass(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while let Some(at) = self.lesson.next_deadline().filter(|at| *at <= until) {
            assert!(at >= self.now_ms, "a deadline in the past");
            self.now_ms = at;
            self.lesson.due(at);
            self.drain();
            assert!(self.lesson.next_deadline().is_none_or(|next| next > at), "what was due is done");
        }
        self.now_ms = until;
    }

    fn hands(&self) -> Vec<&str> {
        self.lesson.view().hands.iter().map(|hand| hand.user.as_str()).collect()
    }

    fn floors(&self) -> Vec<&str> {
        self.lesson.view().floors.iter().map(|floor| floor.user.as_str()).collect()
    }

    fn speaks(&self, name: &str) -> bool {
        self.lesson.may_speak(&user(name), &device(name))
    }

    fn give_floor(&mut self, name: &str) {
        let invitation = format!("speak-{name}-{}", self.now_ms);
        self.invite(&invitation, "kim", ClassCommand::Speak, &[name], 30).expect("invited");
        self.accept(&invitation, name).expect("accepted");
    }
}

fn end_floor(by: &str, whose: Whose) -> Input {
    Input::EndFloors { by: user(by), whose }
}

#[test]
fn the_six_steps_of_the_specification() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben", "cho"]);
    room.invite("hands", "kim", ClassCommand::RaiseHands, &["ann", "ben", "cho"], 60).expect("step 1");
    assert!(room.views[1].prompts.iter().all(|prompt| prompt.mine == Mine::Open), "{:?}", room.views[1].prompts);
    assert!(room.views[0].prompts.iter().all(|prompt| prompt.mine == Mine::No), "a teacher is not asked");
    room.accept("hands", "cho").expect("step 2");
    room.accept("hands", "ann").expect("step 2");
    assert_eq!(room.hands(), ["cho", "ann"], "step 3: the server's order");
    assert!(room.views.iter().all(|view| view.hands.iter().map(|hand| hand.user.as_str()).eq(["cho", "ann"])));
    room.invite("speak", "kim", ClassCommand::Speak, &["cho"], 30).expect("step 4");
    assert!(!room.speaks("cho"), "not before the student wants to");
    room.accept("speak", "cho").expect("step 5");
    assert!(room.speaks("cho") && !room.speaks("ann") && room.speaks("kim"));
    assert_eq!(room.floors(), ["cho"], "step 6");
    room.ok(end_floor("cho", Whose::Own));
    assert!(!room.speaks("cho"));
    assert_eq!(room.hands(), ["ann"], "a hand is lowered after its turn");
    room.ended("hands", &["ben"], Outcome::TimedOut);
    assert!(room.lesson.view().prompts.is_empty(), "what came of it is in the list");
}

#[test]
fn what_only_teachers_may_do_is_refused_to_students() {
    let mut room = Room::with(LessonSettings { floors: 2, ..LessonSettings::default() }, &["ann", "ben"]);
    room.give_floor("ben");
    for command in [ClassCommand::RaiseHands, ClassCommand::Speak, ClassCommand::RollCall] {
        let error = room.invite("x", "ann", command, &["ben"], 30).expect_err("a student");
        assert!(error.is(Code::PermissionDenied), "{error}");
    }
    let (ann, ben) = (|| user("ann"), || user("ben"));
    for input in [
        Input::Set { by: ann(), settings: LessonSettings::default() },
        end_floor("ann", Whose::Of(vec![ben()])),
        end_floor("ann", Whose::All),
        Input::LowerHands { by: ann(), whose: Whose::All },
        Input::SetMicrophones { by: ann(), open: false, whose: Whose::All },
        Input::SetMicrophones { by: ann(), open: true, whose: Whose::Own },
        Input::Remove { by: ann(), user: ben(), reason: String::new() },
        Input::Readmit { by: ann(), user: ben() },
        Input::End { by: ann() },
    ] {
        room.refused(input, Code::PermissionDenied);
    }
    assert!(room.invite("x", "guest", ClassCommand::AskToSpeak, &["kim"], 30).is_err(), "not in the lesson");
    assert!(room.speaks("ben"));
}

#[test]
fn one_floor_is_one_floor() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben"]);
    room.enter("lee", true);
    room.invite("a", "kim", ClassCommand::Speak, &["ann"], 30).expect("free");
    let error = room.invite("b", "lee", ClassCommand::Speak, &["ben"], 30).expect_err("offered already");
    assert!(error.is(Code::InvalidOperation) && error.message.contains("kim has invited ann"), "{error}");
    let error = room.invite("c", "lee", ClassCommand::Speak, &["ann"], 30).expect_err("invited already");
    assert!(error.message.contains("kim"), "{error}");
    room.accept("a", "ann").expect("free");
    assert!(room.invite("d", "lee", ClassCommand::Speak, &["ben"], 30).is_err());
    room.ok(Input::Set { by: user("lee"), settings: LessonSettings { floors: 2, ..LessonSettings::default() } });
    room.invite("e", "lee", ClassCommand::Speak, &["ben"], 30).expect("two are allowed now");
    room.ok(Input::Set { by: user("kim"), settings: LessonSettings::default() });
    let error = room.accept("e", "ben").expect_err("and now one again");
    assert!(error.is(Code::InvalidOperation), "{error}");
    assert_eq!(room.floors(), ["ann"], "who has the floor keeps it");
    room.ok(end_floor("lee", Whose::Of(vec![user("ann")])));
    room.refused(end_floor("kim", Whose::Of(vec![user("ann")])), Code::InvalidOperation);
    room.accept("e", "ben").expect("the invitation was still open");
}

#[test]
fn a_hand_raised_unasked_is_answered_by_one_teacher() {
    let mut room = Room::with(LessonSettings { floors: 2, ..LessonSettings::default() }, &["ann", "ben", "cho"]);
    room.enter("lee", true);
    for (name, student) in [("a", "ann"), ("b", "ben"), ("c", "cho")] {
        room.invite(name, student, ClassCommand::AskToSpeak, &["kim", "lee"], 60).expect("allowed");
    }
    assert!(room.invite("again", "ann", ClassCommand::AskToSpeak, &["kim"], 60).is_err(), "one hand each");
    assert!(room.invite("x", "kim", ClassCommand::AskToSpeak, &["lee"], 60).is_err(), "a teacher");
    assert_eq!(room.hands(), ["ann", "ben", "cho"]);
    room.accept("a", "lee").expect("a teacher");
    assert!(room.speaks("ann"));
    assert_eq!(room.closed, [(id("a"), None)], "the other teacher is asked no longer");
    assert!(room.accept("a", "kim").expect_err("over").is(Code::InvalidInviteId));
    room.ended("b", &["kim"], Outcome::Declined);
    assert_eq!(room.hands(), ["ann", "cho"], "declined; the first is having its turn");
    room.ended("c", &["kim"], Outcome::TimedOut);
    assert_eq!(room.hands(), ["ann", "cho"], "the other teacher can still answer");
    room.ended("c", &["lee"], Outcome::TimedOut);
    assert_eq!(room.hands(), ["ann"]);
    assert!(matches!(room.told.last(), Some(LessonChange::HandLowered { why: HandDown::TimedOut, .. })));
    room.ok(Input::Set {
        by: user("kim"),
        settings: LessonSettings { unasked_hands: false, ..LessonSettings::default() },
    });
    let error = room.invite("d", "ben", ClassCommand::AskToSpeak, &["kim"], 60).expect_err("not allowed any more");
    assert!(error.is(Code::PermissionDenied), "{error}");
    room.invite("hands", "kim", ClassCommand::RaiseHands, &["cho"], 60).expect("asked");
    room.invite("e", "ben", ClassCommand::AskToSpeak, &["kim"], 60).expect("who was not asked may while others are");
}

#[test]
fn a_lowered_hand_takes_its_invitation_with_it() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben"]);
    room.invite("a", "ann", ClassCommand::AskToSpeak, &["kim"], 0).expect("allowed");
    room.invite("b", "ben", ClassCommand::AskToSpeak, &["kim"], 0).expect("allowed");
    room.ok(Input::LowerHands { by: user("ann"), whose: Whose::Own });
    room.refused(Input::LowerHands { by: user("ann"), whose: Whose::Own }, Code::InvalidOperation);
    room.ok(Input::LowerHands { by: user("kim"), whose: Whose::All });
    assert_eq!(room.closed, [(id("a"), None), (id("b"), None)]);
    assert!(room.hands().is_empty());
    // The server tells of the end it was asked for.
    room.ended("a", &["kim"], Outcome::Cancelled);
    assert!(matches!(room.told.last(), Some(LessonChange::HandLowered { why: HandDown::Teacher, by: Some(_), .. })));
}

#[test]
fn hand_and_floor_survive_a_minute_of_absence_and_not_more() {
    let mut room = Room::with(LessonSettings { silence_s: 5, ..LessonSettings::default() }, &["ann", "ben"]);
    room.give_floor("ann");
    room.invite("b", "ben", ClassCommand::AskToSpeak, &["kim"], 0).expect("allowed");
    for name in ["ann", "ben", "kim"] {
        room.ok(Input::Lost { user: user(name), device: device(name) });
    }
    room.pass(30_000);
    for name in ["ann", "ben"] {
        room.ok(Input::Left { user: user(name), device: device(name), lost: true });
    }
    room.pass(29_000);
    assert_eq!((room.floors(), room.hands()), (vec!["ann"], vec!["ben"]), "no silence counts while away");
    // Another device of the same user has the floor now, and the old one has not.
    room.ok(Input::Entered { user: user("ann"), device: device("ann-tablet"), teacher: false });
    assert!(room.lesson.may_speak(&user("ann"), &device("ann-tablet")) && !room.speaks("ann"));
    room.pass(2_000);
    assert!(room.hands().is_empty(), "ben did not come back");
    assert!(room.lesson.view().is_gone(&user("ben")) && !room.over);
    room.pass(3_000);
    assert!(room.floors().is_empty(), "and ann said nothing");
    assert!(room.told.iter().any(|change| matches!(change, LessonChange::FloorEnded { why: FloorEnd::Silence, .. })));
}

#[test]
fn who_leaves_gives_everything_back_and_an_empty_lesson_ends() {
    let mut room = Room::with(LessonSettings { floors: 2, ..LessonSettings::default() }, &["ann", "ben"]);
    room.give_floor("ann");
    room.invite("o", "kim", ClassCommand::Speak, &["ben"], 30).expect("free");
    for name in ["ann", "ben", "kim"] {
        room.ok(Input::Left { user: user(name), device: device(name), lost: false });
    }
    assert!(room.floors().is_empty() && room.lesson.view().offers.is_empty());
    assert_eq!(room.closed, [(id("o"), Some(user("ben")))]);
    room.pass(59_000);
    assert!(!room.over);
    room.enter("kim", true);
    room.pass(120_000);
    assert!(!room.over, "somebody is there");
    room.ok(Input::Left { user: user("kim"), device: device("kim"), lost: false });
    room.pass(60_000);
    assert!(room.over);
    let rows = room.lesson.attendance(room.now_ms);
    assert_eq!(rows[&user("ann")].stays, [(0, 0)]);
    assert_eq!(rows[&user("kim")].stays, [(0, 179_000)], "a moment away is none");
}

#[test]
fn silence_gives_the_floor_back_and_speech_keeps_it() {
    let mut room = Room::with(LessonSettings { silence_s: 10, ..LessonSettings::default() }, &["ann"]);
    room.give_floor("ann");
    for _ in 0..5 {
        room.pass(9_000);
        room.ok(Input::Spoke { user: user("ann"), ms: 800 });
    }
    assert_eq!(room.floors(), ["ann"]);
    room.pass(10_000);
    assert!(room.floors().is_empty());
    assert_eq!(room.lesson.view().people[&user("ann")].talked_ms, 4_000);
    assert_eq!(room.lesson.view().people[&user("ann")].turns, 1);
}

#[test]
fn free_microphones_are_opened_by_their_owners_only() {
    let free = LessonSettings { free_microphones: true, ..LessonSettings::default() };
    let mut room = Room::with(free, &["ann", "ben"]);
    assert!(!room.speaks("ann"), "students come in listening");
    let open = |by: &str, open, whose| Input::SetMicrophones { by: user(by), open, whose };
    room.ok(open("ann", true, Whose::Own));
    room.ok(open("ben", true, Whose::Own));
    assert!(room.speaks("ann") && room.speaks("ben"));
    room.refused(open("kim", true, Whose::Of(vec![user("ann")])), Code::InvalidOperation);
    room.ok(open("kim", false, Whose::Of(vec![user("ben")])));
    assert!(!room.speaks("ben"));
    room.ok(open("ben", true, Whose::Own));
    room.ok(open("kim", false, Whose::All));
    assert!(!room.speaks("ann") && !room.speaks("ben"), "mute all");
    room.ok(open("ann", true, Whose::Own));
    room.ok(Input::Set { by: user("kim"), settings: LessonSettings::default() });
    assert!(!room.speaks("ann"), "and lock");
    room.refused(open("ann", true, Whose::Own), Code::PermissionDenied);
    room.give_floor("ann");
    room.ok(open("kim", false, Whose::All));
    assert!(!room.speaks("ann"));
    assert!(room.told.iter().any(|change| matches!(change, LessonChange::FloorEnded { why: FloorEnd::MutedAll, .. })));
}

#[test]
fn roll_calls_and_polls_are_counted() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben", "cho"]);
    room.invite("roll", "kim", ClassCommand::RollCall, &["ann", "ben", "cho"], 30).expect("possible");
    assert!(room.invite("roll2", "kim", ClassCommand::RollCall, &["ann"], 30).is_err(), "one at a time");
    room.accept("roll", "ann").expect("asked");
    room.ended("roll", &["ben", "cho"], Outcome::TimedOut);
    let rows = room.lesson.attendance(room.now_ms);
    assert_eq!((rows[&user("ann")].present, rows[&user("ben")].present, rows[&user("ben")].called), (1, 0, 1));
    assert!(room.lesson.view().prompts[0].over, "its result stays");
    let missing = [user("ben"), user("cho")].into();
    for view in room.views.iter().chain([room.lesson.view()]) {
        assert_eq!((&view.prompts[0].waiting, view.prompts[0].asked()), (&missing, 3), "whom it was about");
    }
    let poll =
        ClassCommand::Poll { question: "Break?".into(), choices: vec!["Now".into(), "Later".into(), "No".into()] };
    room.invite("poll", "kim", poll, &["ann", "ben", "cho"], 0).expect("possible");
    for (student, choice) in [("ann", 2), ("ben", 0)] {
        room.answer("poll", student, &ClassAnswer { choice }.to_json()).expect("a choice");
    }
    for bad in [ClassAnswer { choice: 3 }.to_json(), String::new()] {
        assert!(room.answer("poll", "cho", &bad).expect_err("no choice").is(Code::InvalidParameters));
    }
    room.ended("poll", &["cho"], Outcome::Declined);
    let prompt = &room.lesson.view().prompts[1];
    assert_eq!((prompt.tally(), prompt.answers.len(), prompt.over), (vec![1, 0, 1], 3, true));
}

#[test]
fn who_comes_late_sees_it_all_and_is_not_asked_what_was_asked_before() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben"]);
    room.invite("hands", "kim", ClassCommand::RaiseHands, &["ann", "ben"], 60).expect("possible");
    room.accept("hands", "ann").expect("asked");
    room.pass(5_000);
    room.enter("dan", false);
    let late = room.views.last().expect("dan's");
    assert_eq!((late.prompts[0].mine, late.hands.len()), (Mine::No, 1));
    assert_eq!((&late.prompts[0].waiting, late.prompts[0].asked()), (&[user("ben")].into(), 2));
    assert_eq!(late.hands[0].since_ms, room.lesson.view().hands[0].since_ms);
    // Back within the minute, one is still asked.
    room.enter("ben", false);
    assert_eq!(room.views.last().expect("ben's").prompts[0].mine, Mine::Open);
    room.enter("ann", false);
    assert_eq!(room.views.last().expect("ann's").prompts[0].mine, Mine::Done);
}

#[test]
fn who_is_removed_stays_out_until_let_in() {
    let mut room = Room::with(LessonSettings::default(), &["ann"]);
    room.give_floor("ann");
    room.enter("lee", true);
    let remove = |whom: &str| Input::Remove { by: user("kim"), user: user(whom), reason: "Noise".into() };
    room.refused(remove("lee"), Code::PermissionDenied);
    room.ok(remove("ann"));
    assert!(!room.speaks("ann") && room.removed == [user("ann")]);
    room.refused(remove("ann"), Code::InvalidOperation);
    assert!(room.lesson.check_entry(&user("ann")).expect_err("removed").is(Code::PermissionDenied));
    room.ok(Input::Readmit { by: user("lee"), user: user("ann") });
    room.enter("ann", false);
    assert!(!room.speaks("ann"));
}

#[test]
fn roles_change_in_mid_lesson() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben"]);
    room.give_floor("ann");
    room.ok(Input::Role { user: user("ann"), teacher: true });
    assert!(room.floors().is_empty() && room.speaks("ann"), "a teacher needs no floor");
    room.ok(Input::Role { user: user("kim"), teacher: false });
    assert!(!room.speaks("kim"));
    room.refused(Input::End { by: user("kim") }, Code::PermissionDenied);
    room.ok(Input::End { by: user("ann") });
    assert!(room.over && !room.speaks("ann"));
}

#[test]
fn a_sign_is_seen_and_leaves_nothing_behind() {
    let mut room = Room::with(LessonSettings::default(), &["ann"]);
    room.invite("r", "ann", ClassCommand::React { reaction: Reaction::Applause }, &["kim"], 0).expect("possible");
    assert!(room.invite("s", "ann", ClassCommand::React { reaction: Reaction::Applause }, &["kim"], 9).is_err());
    assert_eq!(room.views[0].signs.len(), 1);
    assert_eq!(room.closed, [(id("r"), None)]);
    assert!(!room.lesson.knows(&id("r")));
}

#[test]
fn what_a_teacher_does_is_news_to_all() {
    let mut room = Room::with(LessonSettings::default(), &["ann", "ben"]);
    let news =
        |room: &Room| -> Vec<LessonChange> { room.views[1].news.iter().map(|news| news.change.clone()).collect() };
    let known = news(&room).len();
    room.invite("s", "kim", ClassCommand::Speak, &["ann"], 30).expect("possible");
    room.ok(Input::Ended { id: id("s"), users: vec![user("ann")], outcome: Outcome::Declined });
    room.invite("r", "ben", ClassCommand::React { reaction: Reaction::Applause }, &["kim"], 0).expect("possible");
    let told = news(&room);
    assert!(matches!(&told[known..], [LessonChange::Offered { .. }, LessonChange::OfferEnded { .. }]), "{told:?}");
    assert_eq!(room.views[1].news[known].by(), Some(&user("kim")));
    assert_eq!(room.views[1].news[known + 1].by(), None);
    // It does not grow without end.
    for at in 0..40 {
        let settings = LessonSettings { floors: 1 + at % 2, ..LessonSettings::default() };
        room.ok(Input::Set { by: user("kim"), settings });
    }
    assert_eq!(news(&room).len(), 16);
}
