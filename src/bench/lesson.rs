//! `ahoy bench lesson`: a whole class in a lesson of a real server process, on loopback: from the teacher's click to the
//! last student's prompt, and from all hands going up at once to everybody seeing all of them.
//!
//! Everybody is an engine as in the app, with a profile on disk and sound switched off, all of them in this process: a prompt
//! counts from when it is in the state that a window draws. Their work is part of the figures, and most of it.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    class::{View, Whose},
    engine::{
        Command, Engine, EngineConfig, GroupCommand, LessonCommand, Overrides, SignInForm, State,
        state::{GroupTask, Session},
    },
    media::spec::DeviceSpec,
    protocol::{
        UserId,
        api::GroupType,
        class_data::ClassCommand,
        lesson::{LessonSettings, Mine, PEOPLE_MAX},
        limits::MEMBERS_PER_CALL_MAX,
    },
};

use super::{
    percentile,
    process::{Folder, ServerProcess, cpu_time, peak_rss_kib, raise_open_files},
};

/// Nothing that a class does together takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// The hands may be raised for so long, seconds.
const HANDS_S: u32 = 300;
/// Open files of an engine in a lesson, and of everything else here.
const FILES_EACH: u64 = 24;
const FILES_ELSE: u64 = 200;

/// What `ahoy bench lesson` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct LessonArgs {
    /// Students in the lesson
    #[arg(long, value_name = "N", default_value = "300")]
    pub students: NonZeroUsize,
    /// How often the teacher asks for hands
    #[arg(long, value_name = "N", default_value = "10")]
    pub rounds: NonZeroUsize,
}

/// Measures and prints.
///
/// # Errors
/// If the server does not come up, or somebody is not told in a minute.
pub fn run(args: &LessonArgs) -> anyhow::Result<()> {
    let (students, rounds) = (args.students.get(), args.rounds.get());
    ensure!(students < PEOPLE_MAX, "a lesson has at most {PEOPLE_MAX} people, the teacher included");
    raise_open_files(FILES_EACH * students as u64 + FILES_ELSE).context("room for so many open files")?;
    let program = std::env::current_exe().context("this program's own file")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime")?;
    let lines = runtime.block_on(measure(&program, students, rounds))?;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

async fn measure(program: &Path, students: usize, rounds: usize) -> anyhow::Result<Vec<String>> {
    let server = ServerProcess::start(program, &[] as &[&str])?;
    let mut class = Class::gather(&server, students).await?;
    let own = std::process::id();
    let used = || Ok::<_, std::io::Error>((cpu_time(server.pid())?, cpu_time(own)?));
    let (mut prompts, mut last_prompts, mut hands) = (Vec::new(), Vec::new(), Vec::new());
    let before = used()?;
    for _ in 0..rounds {
        let ask = LessonCommand::Ask { command: ClassCommand::RaiseHands, timeout_s: HANDS_S };
        let mut round = class.all(is_prompted, |class| class.teacher.send(Command::Lesson(ask))).await?;
        last_prompts.extend(round.iter().max());
        prompts.append(&mut round);

        let raise = |class: &Class| {
            class.students.iter().for_each(|student| student.send(Command::Lesson(LessonCommand::RaiseHand)));
        };
        let all_up = move |lesson: &View| lesson.hands.len() == students;
        hands.extend(class.all(all_up, raise).await?.into_iter().max());

        let lower = LessonCommand::LowerHands(Whose::All);
        let all_down = |lesson: &View| lesson.hands.is_empty() && !is_prompted(lesson);
        class.all(all_down, |class| class.teacher.send(Command::Lesson(lower))).await?;
    }
    let after = used()?;
    for times in [&mut prompts, &mut last_prompts, &mut hands, &mut class.coming] {
        times.sort_unstable();
    }
    let line = |what: &str, times: &[Duration]| {
        let [p50, p99, worst] = [0.5, 0.99, 1.0].map(|share| 1e3 * percentile(times, share).as_secs_f64());
        format!("{what:<40} p50 {p50:>8.1} ms  p99 {p99:>8.1} ms  at most {worst:>8.1} ms")
    };
    let process = |what: &str, used: Duration, pid: u32| {
        let (round_ms, mib) = (1e3 * used.as_secs_f64() / rounds as f64, peak_rss_kib(pid)? as f64 / 1024.0);
        anyhow::Ok(format!("{what}: {round_ms:.0} ms of processor time a round, {mib:.1} MiB at most"))
    };
    Ok(vec![
        format!("{students} students, {rounds} rounds"),
        line("coming in, one after the other", &class.coming),
        line("click to a student's prompt", &prompts),
        line("click to the last student's prompt", &last_prompts),
        line("all hands at once, seen by everybody", &hands),
        process("server", after.0.saturating_sub(before.0), server.pid())?,
        process("everybody's engines", after.1.saturating_sub(before.1), own)?,
    ])
}

/// Asked to raise the hand.
fn is_prompted(lesson: &View) -> bool {
    lesson.open_prompt(&ClassCommand::RaiseHands).is_some_and(|prompt| prompt.mine == Mine::Open)
}

/// A class in a lesson.
struct Class {
    teacher: Engine,
    students: Vec<Engine>,
    /// How long each student took to come in.
    coming: Vec<Duration>,
    /// Everybody's profiles; behind the engines, which go first.
    _profiles: Folder,
}

impl Class {
    async fn gather(server: &ServerProcess, students: usize) -> anyhow::Result<Self> {
        let profiles = Folder::make().context("no folder for the profiles")?;
        let users: Vec<UserId> =
            (0..students).map(|n| UserId::new(format!("student-{n:03}"))).collect::<Result<_, _>>()?;
        let mut engines = Vec::new();
        for user in &users {
            engines.push(online(server, &profiles, user).await?);
        }
        let teacher = online(server, &profiles, &UserId::new("teacher")?).await?;
        let create =
            GroupCommand::Create { kind: GroupType::Meeting, name: "Class".into(), picture: None, members: Vec::new() };
        teacher.send(Command::Group(create));
        let group = seen(&teacher, "the group", |state| match &state.group_task {
            GroupTask::In(group) => Some(group.clone()),
            _ => None,
        });
        let group = group.await?;
        for some in users.chunks(MEMBERS_PER_CALL_MAX) {
            teacher.send(Command::Group(GroupCommand::Invite(group.clone(), some.to_vec())));
        }
        let start =
            LessonCommand::Start { group: group.clone(), settings: LessonSettings::default(), ring: Vec::new() };
        teacher.send(Command::Lesson(start));
        seen(&teacher, "the teacher's lesson", |state| lesson(state).map(drop)).await?;
        let mut coming = Vec::new();
        for engine in &engines {
            seen(engine, "the lesson's beginning", |state| state.group_call(&group).map(drop)).await?;
            let began = Instant::now();
            engine.send(Command::JoinCall(group.clone()));
            seen(engine, "the lesson from inside", |state| lesson(state).map(drop)).await?;
            coming.push(began.elapsed());
        }
        // Whom the teacher does not see yet is not asked.
        let all_here = |state: &State| lesson(state).filter(|lesson| lesson.people.len() == students + 1).map(drop);
        seen(&teacher, "the class on the desk", all_here).await?;
        Ok(Self { teacher, students: engines, coming, _profiles: profiles })
    }

    /// Does something, and waits until every student's lesson is like this: how long that took for each.
    async fn all(
        &self,
        like: impl Fn(&View) -> bool + Copy + Send + Sync + 'static,
        act: impl FnOnce(&Self),
    ) -> anyhow::Result<Vec<Duration>> {
        let mut waiting = JoinSet::new();
        for student in &self.students {
            let mut states = student.watch();
            waiting.spawn(async move {
                let found = states.wait_for(|state| lesson(state).is_some_and(like)).await.is_ok();
                found.then(Instant::now)
            });
        }
        let began = Instant::now();
        act(self);
        let mut times = Vec::new();
        while let Some(found) = timeout(PATIENCE, waiting.join_next())
            .await
            .with_context(|| format!("only {} of {} students are told", times.len(), self.students.len()))?
        {
            let at = found.context("waiting for a student")?.context("a student's engine has ended")?;
            times.push(at.saturating_duration_since(began));
        }
        Ok(times)
    }
}

/// The lesson that this device is in.
fn lesson(state: &State) -> Option<&View> {
    state.current_call().filter(|call| call.is_live())?.lesson.as_deref()
}

/// Waits until the state has something.
async fn seen<T>(engine: &Engine, what: &str, find: impl Fn(&State) -> Option<T>) -> anyhow::Result<T> {
    let mut states = engine.watch();
    let state = timeout(PATIENCE, states.wait_for(|state| find(state).is_some())).await;
    let state = state.with_context(|| format!("{what} does not come"))?.context("an engine has ended")?;
    find(&state).with_context(|| format!("{what} is there and is not"))
}

/// An engine with a new account, signed in.
async fn online(server: &ServerProcess, profiles: &Folder, user: &UserId) -> anyhow::Result<Engine> {
    let form = SignInForm {
        new_account: true,
        user: user.to_string(),
        display_name: user.to_string(),
        password: String::new(),
    };
    let engine = Engine::start(EngineConfig {
        profile: user.to_string(),
        data_dir: profiles.path().to_owned(),
        on_change: Arc::new(|| {}),
        overrides: Overrides {
            microphone: Some(DeviceSpec::Off),
            speaker: Some(DeviceSpec::Off),
            ring_device: Some(DeviceSpec::Off),
            sign_in: Some((server.address().host_port(), form)),
            no_discovery: true,
            ..Overrides::default()
        },
    })?;
    seen(&engine, "the connection", |state| (state.session == Session::Online).then_some(())).await?;
    Ok(engine)
}
