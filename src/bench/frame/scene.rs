//! The class that is drawn, and what happens to it from frame to frame.

use std::sync::{Arc, Mutex, PoisonError};

use egui::{Event, Modifiers, MouseWheelSource, MouseWheelUnit, TouchPhase, pos2, vec2};

use crate::{
    app::Backend,
    call::{CallView, Direction, Network, Phase},
    class::View,
    engine::{
        Command, State,
        state::{Me, ParticipantAudio, Person, Session},
    },
    protocol::{
        DeviceId, GroupId, InviteId, SourceId, UserId,
        event::{Participant, Presence},
        lesson::{Attendee, Hand, LessonSettings, LessonState, Whereabouts},
    },
};

/// A large window on an ordinary screen, points.
pub(super) const WINDOW: egui::Vec2 = vec2(1920.0, 1080.0);
/// Where the class is in it.
const OVER_THE_CLASS: egui::Pos2 = pos2(1600.0, 700.0);
/// The engine's clock at the beginning, ms.
const BEGIN_MS: u64 = 2_000_000;
/// Time between two frames, ms.
pub(super) const FRAME_MS: u64 = 16;

/// Stands in for the engine.
pub(super) struct Stage {
    first: State,
    now: Mutex<Arc<State>>,
}

impl Stage {
    /// With so many students.
    pub(super) fn new(students: usize) -> anyhow::Result<Self> {
        let first = class(students)?;
        Ok(Self { now: Mutex::new(Arc::new(first.clone())), first })
    }

    /// What there is to see in this frame, and what the hand does: it scrolls two seconds down, and two seconds up.
    pub(super) fn turn_to(&self, frame: usize) -> Vec<Event> {
        let mut next = self.first.clone();
        next.now_ms = BEGIN_MS + frame as u64 * FRAME_MS;
        // Somebody speaks: the state is another one in each frame.
        next.audio.microphone_level_dbfs = -30.0 + (frame % 20) as f32;
        // No code under the lock can panic.
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        let wheel = Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, if (frame / 120).is_multiple_of(2) { -60.0 } else { 60.0 }),
            phase: TouchPhase::Move,
            source: MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        };
        vec![Event::PointerMoved(OVER_THE_CLASS), wheel]
    }
}

impl Backend for Stage {
    fn state(&self) -> Arc<State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(&self, _: Command) {}
}

/// A teacher in a lesson with so many students, of whom every fifth has a hand up.
fn class(students: usize) -> anyhow::Result<State> {
    let teacher = UserId::new("teacher")?;
    let users = (1..=students).map(|at| UserId::new(format!("student-{at}"))).collect::<Result<Vec<_>, _>>()?;
    let attendee = |user: &UserId, teacher: bool| Attendee {
        user_id: user.clone(),
        teacher,
        at: Whereabouts::Here,
        hands: 0,
        turns: 0,
        talked_ms: 0,
    };
    let mut people: Vec<Attendee> = users.iter().map(|user| attendee(user, false)).collect();
    people.push(attendee(&teacher, true));
    let hands = users.iter().step_by(5).zip(0..);
    let lesson = LessonState {
        settings: LessonSettings { floors: 3, ..LessonSettings::default() },
        elapsed_ms: 600_000,
        people,
        hands: hands
            .map(|(user, at)| Hand { user_id: user.clone(), invite_id: None, waiting_ms: 200_000 - at * 1000 })
            .collect(),
        ..LessonState::default()
    };
    let device = DeviceId::new("device")?;
    let participant = |(user, source): (&UserId, u32)| Participant {
        user_id: user.clone(),
        device_id: device.clone(),
        source_id: SourceId(source),
        on_hold: false,
    };
    let heard = |source: u32| ParticipantAudio {
        source: SourceId(source),
        level_dbfs: -25.0,
        volume: 1.0,
        concealed: 0.0,
        playout_delay_ms: 60,
    };
    let call = CallView {
        call_id: InviteId::new("lesson")?,
        peer: teacher.clone(),
        group: Some(GroupId::new("K7MQ4TXP")?),
        others: Arc::default(),
        direction: Direction::Outgoing,
        phase: Phase::InCall,
        room: None,
        participants: Arc::new(users.iter().zip(1..).map(participant).collect()),
        talking_since_ms: Some(BEGIN_MS),
        ring_deadline_ms: None,
        end: None,
        detail: None,
        duration_s: 0,
        on_hold: false,
        network: Network::Good,
        lesson: Some(Arc::new(View::of(BEGIN_MS, teacher.clone(), &lesson))),
        lesson_over: None,
    };
    let named = |user: &UserId| Person {
        user: user.clone(),
        display_name: format!("{user} 김민준"),
        presence: Presence::InCall,
    };
    let mut state = State {
        session: Session::Online,
        me: Some(Me { user: teacher, display_name: "Teacher".into(), server: "localhost".into() }),
        people: Arc::new(users.iter().map(named).collect()),
        calls: [call].into(),
        now_ms: BEGIN_MS,
        ..State::default()
    };
    state.audio.participants = (1..=3).map(heard).collect();
    Ok(state)
}
