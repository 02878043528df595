//! `ahoy bench frame`: what a frame of the teacher's desk costs the processor while a class of many is scrolled. Nothing is
//! shown: input, layout, drawing and tessellation are the program's part of a frame; the rest is the graphics card's.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use egui::{Event, Modifiers, MouseWheelSource, MouseWheelUnit, RawInput, Rect, TouchPhase, pos2, vec2};

use crate::{
    app::{AhoyApp, Backend, Clock},
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

/// What `ahoy bench frame` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct FrameArgs {
    /// Students in the class
    #[arg(long, value_name = "N", default_value = "300")]
    pub students: NonZeroUsize,
    /// Frames that are measured
    #[arg(long, value_name = "N", default_value = "600")]
    pub frames: NonZeroUsize,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Half of the frames took no longer.
    pub p50: Duration,
    /// Of a hundred frames one took longer.
    pub p99: Duration,
    /// The longest.
    pub most: Duration,
    /// Different pictures: what is scrolled looks different.
    pub pictures: usize,
}

/// A large window on an ordinary screen, points.
const WINDOW: egui::Vec2 = vec2(1920.0, 1080.0);
/// Where the class is in it.
const OVER_THE_CLASS: egui::Pos2 = pos2(1600.0, 700.0);
/// Frames before anything is measured: fonts are read, and the screen opens.
const WARM_UP: usize = 20;
/// The engine's clock at the beginning, ms.
const BEGIN_MS: u64 = 2_000_000;
/// Time between two frames, ms.
const FRAME_MS: u64 = 16;

/// Stands in for the engine.
#[derive(Default)]
struct Stage(Mutex<Arc<State>>);

impl Stage {
    fn set(&self, state: State) {
        // No code under the lock can panic.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }
}

impl Backend for Stage {
    fn state(&self) -> Arc<State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(&self, _: Command) {}
}

/// Measures and prints.
///
/// # Errors
/// If there is nothing to see.
pub fn run(args: &FrameArgs) -> anyhow::Result<()> {
    let figures = measure(args)?;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "students {}, frames {}: p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms",
        args.students,
        args.frames,
        ms(figures.p50),
        ms(figures.p99),
        ms(figures.most)
    );
    Ok(())
}

/// Scrolls the class up and down, and takes the time of each frame.
///
/// # Errors
/// If there is nothing to see.
pub fn measure(args: &FrameArgs) -> anyhow::Result<Figures> {
    let stage = Arc::new(Stage::default());
    let state = class(args.students.get())?;
    stage.set(state.clone());
    let ctx = egui::Context::default();
    let mut app = AhoyApp::new(&ctx, stage.clone(), Clock::default());
    let mut times = Vec::with_capacity(args.frames.get());
    let mut pictures = std::collections::BTreeSet::new();
    for frame in 0..WARM_UP + args.frames.get() {
        let passed_ms = frame as u64 * FRAME_MS;
        let mut next = state.clone();
        next.now_ms = BEGIN_MS + passed_ms;
        // Somebody speaks: the state is another one in each frame.
        next.audio.microphone_level_dbfs = -30.0 + (frame % 20) as f32;
        stage.set(next);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), WINDOW)),
            time: Some(passed_ms as f64 / 1000.0),
            events: vec![
                Event::PointerMoved(OVER_THE_CLASS),
                Event::MouseWheel {
                    unit: MouseWheelUnit::Point,
                    // Two seconds down, two seconds up.
                    delta: vec2(0.0, if frame / 120 % 2 == 0 { -60.0 } else { 60.0 }),
                    phase: TouchPhase::Move,
                    source: MouseWheelSource::Unknown,
                    modifiers: Modifiers::NONE,
                },
            ],
            ..RawInput::default()
        };
        let begin = Instant::now();
        let mut output = ctx.run_ui(input, |ui| app.draw(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = ctx.tessellate(shapes, output.pixels_per_point);
        let took = begin.elapsed();
        let corners: usize = meshes.iter().map(|mesh| corners(&mesh.primitive)).sum();
        output.drop_without_applying_deltas();
        if frame >= WARM_UP {
            times.push(took);
            pictures.insert(corners);
        }
    }
    ensure!(pictures.iter().all(|corners| *corners > 0), "a frame was empty");
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() - 1) as f64 * share) as usize).copied();
    let (p50, p99, most) = (at(0.5), at(0.99), times.last().copied());
    let (p50, p99, most) = (p50.context("no frame")?, p99.context("no frame")?, most.context("no frame")?);
    Ok(Figures { p50, p99, most, pictures: pictures.len() })
}

fn corners(primitive: &egui::epaint::Primitive) -> usize {
    match primitive {
        egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
        egui::epaint::Primitive::Callback(_) => 0,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_drawn_and_scrolled() {
        let count = |count: usize| NonZeroUsize::new(count).expect("not zero");
        let figures = measure(&FrameArgs { students: count(60), frames: count(30) }).expect("measured");
        assert!(figures.p50 <= figures.p99 && figures.p99 <= figures.most, "{figures:?}");
        assert!(figures.most > Duration::ZERO && figures.pictures > 1, "{figures:?}");
    }
}
