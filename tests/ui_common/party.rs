//! Calls of several for a window without an engine.

use std::sync::Arc;

use ahoy::{
    call::{CallView, Direction, EndReason, Other, Phase, Standing, log::LogRow},
    engine::{
        State,
        settings::{Language, Theme},
        state::{GroupCall, ParticipantAudio, Person, Quality},
    },
    protocol::{
        DeviceId, RoomId, SourceId, UserId,
        event::{Participant, Presence},
    },
};

use super::{
    MINUTE_MS, NOW_MS, call,
    groups::{group_id, with_groups},
    home, invite, link_quality, user, with_log,
};

fn other(user: &UserId, standing: Standing, may_stop: bool) -> Other {
    Other { user: user.clone(), standing, may_stop }
}

fn participant(user: &UserId, source: u32) -> Participant {
    let device_id = DeviceId::new(format!("device-{source}")).expect("an identifier");
    Participant { user_id: user.clone(), device_id, source_id: SourceId(source), on_hold: false }
}

fn heard(source: u32, level_dbfs: f32) -> ParticipantAudio {
    ParticipantAudio { source: SourceId(source), level_dbfs, volume: 1.0, concealed: 0.0, playout_delay_ms: 60 }
}

/// A call of this user in the class, with somebody in each standing.
pub fn in_party(language: Language, theme: Theme) -> State {
    let mut state = with_groups(home(language, theme));
    let people: Vec<UserId> = state.people.iter().map(|person| person.user.clone()).collect();
    let mut talk = call(&state, Direction::Outgoing, Phase::InCall);
    talk.group = Some(group_id("K7MQ4TXP"));
    talk.talking_since_ms = Some(1_000);
    talk.others = vec![
        other(&people[0], Standing::In, false),
        other(&people[1], Standing::Busy, false),
        other(&people[2], Standing::In, false),
        other(&people[3], Standing::Reconnecting, false),
        other(&people[4], Standing::Ringing, true),
        other(&people[5], Standing::Left, false),
    ]
    .into();
    talk.participants = vec![participant(&people[0], 3), participant(&people[2], 4), participant(&people[3], 5)].into();
    state.calls = [talk].into();
    state.now_ms = 1_000 + 754_000;
    state.audio.participants = [heard(3, -18.0), heard(4, -60.0), heard(5, -127.0)].into();
    state.audio.link = Some(link_quality(12.4, 0.002, 3.1, Quality::Good));
    state.speakers = [SourceId(3)].into();
    state
}

/// Forty people in a call, of whom the last two speak.
pub fn in_crowd(language: Language, theme: Theme) -> State {
    let mut state = in_party(language, theme);
    let name = |at: usize| match language {
        Language::English => format!("Student {at}"),
        Language::Korean => format!("학생 {at}"),
    };
    let crowd = (1..=40).map(|at| Person {
        user: user(&format!("student-{at}")),
        display_name: name(at),
        presence: Presence::InCall,
    });
    state.people = Arc::new(crowd.collect());
    let mut talk = CallView::clone(&state.calls[0]);
    talk.others = Arc::new(state.people.iter().map(|person| other(&person.user, Standing::In, false)).collect());
    talk.participants =
        Arc::new(state.people.iter().zip(1..).map(|(person, source)| participant(&person.user, source)).collect());
    state.calls = [talk].into();
    state.speakers = [SourceId(40), SourceId(39)].into();
    state.audio.participants = [heard(39, -30.0), heard(40, -14.0)].into();
    state
}

/// The class is being called by the first of the people.
pub fn incoming_party(language: Language, theme: Theme) -> State {
    let mut state = with_groups(home(language, theme));
    let people: Vec<UserId> = state.people.iter().map(|person| person.user.clone()).collect();
    let mut ringing = call(&state, Direction::Incoming, Phase::Incoming);
    ringing.group = Some(group_id("K7MQ4TXP"));
    ringing.others = vec![other(&people[0], Standing::Left, false), other(&people[1], Standing::Ringing, false)].into();
    state.calls = [ringing].into();
    state
}

/// A call is on in the class, without this user.
pub fn call_is_on(language: Language, theme: Theme) -> State {
    let mut state = with_groups(home(language, theme));
    let people: Vec<UserId> = state.people.iter().map(|person| person.user.clone()).collect();
    let on = GroupCall {
        group: group_id("K7MQ4TXP"),
        call_id: Some(invite("call-1")),
        room: RoomId::new(7).expect("a room"),
        users: people[..4].to_vec(),
        user_count: 9,
        ringing: people[4..5].to_vec(),
        lesson: false,
    };
    state.group_calls = [on].into();
    state
}

/// An own call of the class that ended in this way.
pub fn ended_party(language: Language, theme: Theme, end: EndReason) -> State {
    let mut state = in_party(language, theme);
    let mut over = CallView::clone(&state.calls[0]);
    over.phase = Phase::Ended;
    over.end = Some(end);
    over.participants = Arc::default();
    for other in Arc::make_mut(&mut over.others) {
        other.standing = Standing::NoAnswer;
        other.may_stop = false;
    }
    state.calls = [over].into();
    state
}

/// A log with calls of several among the others.
pub fn with_party_log(language: Language, theme: Theme) -> State {
    let mut state = with_log(with_groups(home(language, theme)));
    let people: Vec<UserId> = state.people.iter().map(|person| person.user.clone()).collect();
    let row = |at: usize, group: Option<&str>, result, direction, duration_s, call_s| LogRow {
        call_id: invite(&format!("party-{at}")),
        peer: people[at].clone(),
        group: group.map(group_id),
        people: people[..5].to_vec(),
        direction,
        time_ms: NOW_MS - (at as i64 + 1) * 7 * MINUTE_MS,
        result: Some(result),
        answered: duration_s > 0,
        duration_s,
        call_s,
        device_name: None,
    };
    let mut rows = vec![
        row(0, Some("K7MQ4TXP"), EndReason::NoAnswer, Direction::Incoming, 0, 900),
        row(1, Some("FRENDS22"), EndReason::HungUp, Direction::Incoming, 754, 3_600),
        row(2, None, EndReason::HungUp, Direction::Outgoing, 95, 95),
        row(3, Some("GNEGNE22"), EndReason::HungUp, Direction::Outgoing, 61, 70),
    ];
    rows.extend(state.log.iter().cloned());
    state.log = rows.into();
    state
}
