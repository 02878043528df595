//! Lessons for a window without an engine.

use std::sync::Arc;

use ahoy::{
    app::{AhoyApp, Tab},
    call::{CallView, Direction, EndReason, Phase},
    class::View,
    engine::{
        Command, LessonCommand, State,
        settings::{
            Language::{self, English, Korean},
            Theme,
        },
        state::{GroupCall, LessonReport, LessonReports, ParticipantAudio, Person, Quality},
    },
    protocol::{
        DeviceId, SourceId, UserId,
        class_data::{ClassCommand, Reaction},
        event::{LessonOver, Participant, Presence},
        lesson::{
            Attendee, Floor, Hand, LessonChange, LessonSettings, LessonState, LessonSummary, Mine, Offer, Prompt,
            ReportRow, Whereabouts,
        },
    },
};
use egui::Role as Part;
use egui_kittest::{
    Harness, SnapshotResults,
    kittest::{NodeT as _, Queryable as _},
};

use super::{
    Fake, MINUTE_MS, NOW_MS, call,
    groups::{group_id, in_groups},
    invite, link_quality, only,
    party::{call_is_on, incoming_party},
    user, window,
};

/// The engine's clock in the pictures, ms.
pub const AT_MS: u64 = 2_000_000;

/// Who looks at the lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    Teacher,
    Student,
}

/// A lesson of the class, with everybody here but the last two: one is away, one has left. The first of the people is the
/// other teacher, or the only one.
pub fn lesson(state: &State, who: As) -> LessonState {
    let me = state.me.as_ref().expect("signed in").user.clone();
    let mut people: Vec<Attendee> = state
        .people
        .iter()
        .enumerate()
        .map(|(at, person)| {
            let whereabouts = match state.people.len() - at {
                1 => Whereabouts::Gone,
                2 => Whereabouts::Away,
                _ => Whereabouts::Here,
            };
            attendee(&person.user, at == 0, whereabouts)
        })
        .collect();
    people.push(attendee(&me, who == As::Teacher, Whereabouts::Here));
    LessonState { elapsed_ms: 754_000, people, ..LessonState::default() }
}

fn attendee(user: &UserId, teacher: bool, at: Whereabouts) -> Attendee {
    Attendee { user_id: user.clone(), teacher, at, hands: 0, turns: 0, talked_ms: 0 }
}

/// The identifier of one of the people.
pub fn person(state: &State, at: usize) -> UserId {
    state.people[at].user.clone()
}

pub fn hand(user: UserId, waiting_s: u64, unasked: bool) -> Hand {
    let invite_id = unasked.then(|| invite(&format!("hand-{user}")));
    Hand { user_id: user, invite_id, waiting_ms: waiting_s * 1000 }
}

pub fn floor(state: &State, user: UserId, by: UserId, held_s: u64) -> Floor {
    let own = state.me.as_ref().is_some_and(|me| me.user == user);
    let device_id = if own { state.devices[0].id.clone() } else { DeviceId::new("elsewhere").expect("valid") };
    Floor { user_id: user, device_id, by, held_ms: held_s * 1000 }
}

pub fn offer(user: UserId, by: UserId, left_s: u64) -> Offer {
    Offer { invite_id: invite("offer-1"), user_id: user, by, remaining_ms: Some(left_s * 1000) }
}

pub fn prompt(command: ClassCommand, by: UserId, left_s: Option<u64>, mine: Mine) -> Prompt {
    let invite_id = invite(match command {
        ClassCommand::RollCall => "roll-1",
        ClassCommand::Poll { .. } => "poll-1",
        _ => "hands-1",
    });
    let remaining_ms = left_s.map(|left| left * 1000);
    Prompt { invite_id, by, command, remaining_ms, over: false, answers: vec![], waiting: vec![], mine }
}

/// A window in the lesson, told what it is like and what has changed since.
pub fn in_lesson(mut state: State, lesson: &LessonState, changes: &[LessonChange]) -> State {
    let me = state.me.as_ref().expect("signed in").user.clone();
    let mut view = View::of(AT_MS, me.clone(), lesson);
    changes.iter().for_each(|change| view.apply(AT_MS - 1_500, change));
    let mut talk = call(&state, Direction::Incoming, Phase::InCall);
    talk.group = Some(group_id("K7MQ4TXP"));
    talk.talking_since_ms = Some(AT_MS - lesson.elapsed_ms);
    let others = lesson.people.iter().filter(|person| person.user_id != me && person.at == Whereabouts::Here);
    let participants = others
        .zip(3..)
        .map(|(person, source)| Participant {
            user_id: person.user_id.clone(),
            device_id: DeviceId::new(format!("device-{source}")).expect("an identifier"),
            source_id: SourceId(source),
            on_hold: false,
        })
        .collect();
    talk.participants = Arc::new(participants);
    talk.lesson = Some(Arc::new(view));
    state.calls = [talk].into();
    state.now_ms = AT_MS;
    let heard = |source: u32, level_dbfs: f32| ParticipantAudio {
        source: SourceId(source),
        level_dbfs,
        volume: 1.0,
        concealed: 0.0,
        playout_delay_ms: 60,
    };
    state.audio.participants = [heard(3, -20.0), heard(4, -80.0)].into();
    state.audio.link = Some(link_quality(12.4, 0.002, 3.1, Quality::Good));
    state
}

/// The lesson of the one call, changed by hand.
pub fn change_view(state: &mut State, change: impl FnOnce(&mut View)) {
    let mut talk = CallView::clone(&state.calls[0]);
    let mut view = View::clone(talk.lesson.as_deref().expect("a lesson"));
    change(&mut view);
    talk.lesson = Some(Arc::new(view));
    state.calls = [talk].into();
}

/// Somebody in the class, before any lesson.
pub fn at_home(language: Language, theme: Theme) -> State {
    in_groups(language, theme)
}

/// A lesson that is quiet: nobody has asked anything.
pub fn quiet(language: Language, theme: Theme, who: As) -> State {
    let state = at_home(language, theme);
    let lesson = lesson(&state, who);
    in_lesson(state, &lesson, &[])
}

/// Signs of three people, and what the other teacher did.
pub fn signs(state: &State) -> Vec<LessonChange> {
    let sign = |at: usize, reaction| LessonChange::Reacted { user_id: person(state, at), reaction };
    vec![
        sign(1, Reaction::Applause),
        sign(2, Reaction::Applause),
        sign(3, Reaction::ThumbsUp),
        LessonChange::FloorGiven {
            user_id: person(state, 1),
            device_id: DeviceId::new("elsewhere").expect("valid"),
            by: person(state, 0),
        },
    ]
}

/// A lesson with a floor, an invitation to speak, and hands.
pub fn busy(language: Language, theme: Theme) -> State {
    let state = at_home(language, theme);
    let me = state.me.as_ref().expect("signed in").user.clone();
    let mut lesson = lesson(&state, As::Teacher);
    lesson.settings = LessonSettings { floors: 3, ..LessonSettings::default() };
    lesson.hands = vec![hand(person(&state, 3), 65, true), hand(person(&state, 4), 12, false)];
    lesson.offers = vec![offer(person(&state, 2), me, 14)];
    let changes = signs(&state);
    in_lesson(state, &lesson, &changes)
}

/// Three hundred students and a teacher, of whom some have their hands up.
pub fn crowd(language: Language, theme: Theme) -> State {
    let mut state = at_home(language, theme);
    let name = |at: usize| match language {
        Language::English => format!("Student {at:03}"),
        Language::Korean => format!("학생 {at:03}"),
    };
    let people = (1..=300).map(|at| Person {
        user: user(&format!("student-{at:03}")),
        display_name: name(at),
        presence: Presence::InCall,
    });
    state.people = Arc::new(people.collect());
    let mut lesson = lesson(&state, As::Teacher);
    lesson
        .people
        .iter_mut()
        .for_each(|person| person.teacher = person.user_id == user("alice") || person.user_id == user("hana"));
    lesson.settings.floors = 3;
    lesson.hands = (10..40).map(|at| hand(person(&state, at * 7), 200 - at as u64, at % 3 == 0)).collect();
    in_lesson(state, &lesson, &[])
}

/// A lesson that is over for this device.
pub fn over(language: Language, theme: Theme, removed: bool, reason: &str, by: bool) -> State {
    let mut state = quiet(language, theme, As::Student);
    let teacher = person(&state, 0);
    let mut talk = CallView::clone(&state.calls[0]);
    talk.phase = Phase::Ended;
    talk.end = Some(EndReason::EndedByServer);
    talk.duration_s = 754;
    talk.participants = Arc::default();
    talk.lesson_over = Some(LessonOver {
        room_id: talk.room.expect("a room"),
        group_id: group_id("K7MQ4TXP"),
        op_user: by.then_some(teacher),
        removed,
        reason: reason.into(),
    });
    state.calls = [talk].into();
    state
}

/// A lesson is on in the class, without this user.
pub fn is_on(language: Language, theme: Theme) -> State {
    let mut state = call_is_on(language, theme);
    let on = GroupCall { lesson: true, ringing: vec![], ..state.group_calls[0].clone() };
    state.group_calls = [on].into();
    state
}

fn summary(at: i64, on: bool) -> LessonSummary {
    LessonSummary {
        lesson_id: invite(&format!("lesson-{at}")),
        started: NOW_MS - (50 + at * 24 * 60) * MINUTE_MS,
        length_ms: 45 * 60_000 + at as u64 * 61_000,
        on,
        people: 6,
    }
}

/// The lessons of the class, and the report of one of them if `shown`.
pub fn with_reports(language: Language, theme: Theme, shown: bool) -> State {
    let mut state = at_home(language, theme);
    let minutes = |minutes: u64| minutes * 60_000;
    let row = |at: usize, stays: &[(u64, u64)], talked_s: u64, (hands, turns): (u32, u32), present: u32| ReportRow {
        user_id: person(&state, at),
        display_name: state.people[at].display_name.clone(),
        teacher: at == 0,
        stays: stays.iter().map(|(from, to)| (minutes(*from), minutes(*to))).collect(),
        talked_ms: talked_s * 1000,
        hands,
        turns,
        present,
        called: u32::from(at > 0) * 2,
    };
    let rows = vec![
        row(0, &[(0, 45)], 1_260, (0, 0), 0),
        row(1, &[(0, 45)], 190, (4, 2), 2),
        row(2, &[(3, 18), (22, 45)], 65, (1, 1), 2),
        row(3, &[(1, 45)], 0, (2, 0), 1),
        row(4, &[(12, 40)], 0, (0, 0), 0),
    ];
    let report = LessonReport { lesson: summary(0, false), rows: Some(rows) };
    state.reports = Some(Arc::new(LessonReports {
        group: group_id("K7MQ4TXP"),
        lessons: Some(vec![summary(0, true), summary(1, false), summary(7, false)]),
        report: shown.then_some(report),
    }));
    state
}

/// The class is being called to its lesson by the first of the people.
pub fn rings(language: Language, theme: Theme) -> State {
    let mut state = incoming_party(language, theme);
    state.group_calls = is_on(language, theme).group_calls;
    state
}

pub fn picture(results: &mut SnapshotResults, name: String, state: State) {
    let mut harness = window(&Fake::new(state), Tab::People);
    harness.snapshot(name);
    results.extend_harness(&mut harness);
}

/// A student's lesson, changed before anybody sees it.
pub fn student(language: Language, theme: Theme, change: impl FnOnce(&State, &mut LessonState)) -> State {
    let state = at_home(language, theme);
    let mut lesson = lesson(&state, As::Student);
    change(&state, &mut lesson);
    in_lesson(state, &lesson, &[])
}

pub fn teacher(language: Language, theme: Theme, change: impl FnOnce(&State, &mut LessonState)) -> State {
    let state = at_home(language, theme);
    let mut lesson = lesson(&state, As::Teacher);
    change(&state, &mut lesson);
    in_lesson(state, &lesson, &[])
}

pub fn me(state: &State) -> UserId {
    state.me.as_ref().expect("signed in").user.clone()
}

pub fn poll(language: Language, own: bool) -> ClassCommand {
    let (question, choices) = match language {
        English => ("Which side is the longest?", ["The hypotenuse", "The one next to the angle", "It depends"]),
        Korean => ("가장 긴 변은 무엇일까요?", ["빗변", "각에 이웃한 변", "경우에 따라 다르다"]),
    };
    let choices = if own { choices.map(String::from).to_vec() } else { Vec::new() };
    ClassCommand::Poll { question: question.into(), choices }
}

/// A roll call that goes on, and a poll that is over.
pub fn questions(language: Language, theme: Theme) -> State {
    teacher(language, theme, |state, lesson| {
        let mut roll = prompt(ClassCommand::RollCall, me(state), Some(12), Mine::No);
        roll.answers = vec![(person(state, 1), Some(0)), (person(state, 2), Some(0))];
        roll.waiting = [3, 4].map(|at| person(state, at)).to_vec();
        let mut poll = prompt(poll(language, true), me(state), None, Mine::No);
        (poll.waiting, poll.over) = (vec![person(state, 4)], true);
        poll.answers = vec![(person(state, 1), Some(0)), (person(state, 2), Some(0)), (person(state, 3), Some(2))];
        lesson.prompts = vec![roll, poll];
    })
}

/// A window over a state, whose first wishes are out of the way.
pub fn shown(state: State) -> (Fake, Harness<'static, AhoyApp>) {
    let fake = Fake::new(state);
    let harness = window(&fake, Tab::People);
    fake.take_sent();
    (fake, harness)
}

/// The single wish about the lesson that was sent.
#[track_caller]
pub fn wish(fake: &Fake) -> LessonCommand {
    match only(fake) {
        Command::Lesson(command) => command,
        other => panic!("not about the lesson: {other:?}"),
    }
}

#[track_caller]
pub fn is_disabled(harness: &Harness<'_, AhoyApp>, label: &str) -> bool {
    harness.get_by_role_and_label(Part::Button, label).accesskit_node().is_disabled()
}
