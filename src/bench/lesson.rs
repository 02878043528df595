//! `ahoy bench lesson`: a whole class in a lesson of a real server process, on loopback: from the teacher's click to the
//! last student's prompt, and from all hands going up at once to everybody seeing all of them.

use std::{
    num::NonZeroUsize,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    client::{Client, ClientConfig, ClientEvent, account},
    protocol::{
        Event, GroupId, InviteId, RoomId, UserId,
        api::{EnterRoom, GroupType, LowerHands, SignUp, Start},
        class_data::ClassCommand,
        lesson::{LessonChange, LessonSettings, PEOPLE_MAX},
        limits::MEMBERS_PER_CALL_MAX,
    },
};

use super::process::{ServerProcess, cpu_time, peak_rss_kib};

/// Nothing that a class does together takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// The hands may be raised for so long, seconds.
const HANDS_S: u32 = 300;

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

/// What a student reports.
enum News {
    /// The prompt has come.
    Prompted(Instant),
    /// All hands are up.
    AllUp(Instant),
    /// All hands are down again.
    AllDown,
    /// The connection is gone.
    Lost(String),
}

/// Measures and prints.
///
/// # Errors
/// If the server does not come up, or somebody is not told in a minute.
pub fn run(args: &LessonArgs) -> anyhow::Result<()> {
    let (students, rounds) = (args.students.get(), args.rounds.get());
    ensure!(students < PEOPLE_MAX, "a lesson has at most {PEOPLE_MAX} people, the teacher included");
    let program = std::env::current_exe().context("this program's own file")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime")?;
    let lines = runtime.block_on(measure(&program, students, rounds))?;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// A class in a lesson.
struct Class {
    teacher: Client,
    group: GroupId,
    students: Vec<UserId>,
    /// Of all students, in no order.
    news: mpsc::Receiver<News>,
    /// The invitation that all accept at once.
    accept: watch::Sender<Option<InviteId>>,
    /// How long each student took to come in.
    coming: Vec<Duration>,
}

async fn measure(program: &Path, students: usize, rounds: usize) -> anyhow::Result<Vec<String>> {
    let server = ServerProcess::start(program, &[] as &[&str])?;
    let mut class = Class::gather(&server, students).await?;
    let (mut prompts, mut last_prompts, mut hands) = (Vec::new(), Vec::new(), Vec::new());
    let cpu_before = cpu_time(server.pid())?;
    let began = Instant::now();
    for _ in 0..rounds {
        let data = ClassCommand::RaiseHands.to_json();
        let (id, asking) =
            class.teacher.invite_in_group(class.group.clone(), class.students.clone(), data, true, HANDS_S);
        let asked = Instant::now();
        asking.await.context("the teacher asks for hands")?;
        let times = class.all(|news| if let News::Prompted(at) = news { Some(at) } else { None }).await?;
        let mut round: Vec<Duration> = times.into_iter().map(|at| at.saturating_duration_since(asked)).collect();
        round.sort_unstable();
        last_prompts.extend(round.last().copied());
        prompts.extend(round);

        let raised = Instant::now();
        class.accept.send_replace(Some(id));
        let times = class.all(|news| if let News::AllUp(at) = news { Some(at) } else { None }).await?;
        hands.extend(times.into_iter().max().map(|at| at.saturating_duration_since(raised)));

        let lower = LowerHands { group_id: class.group.clone(), user_list: None, all: true };
        class.teacher.call(lower).await.context("the teacher lowers all hands")?;
        class.all(|news| matches!(news, News::AllDown).then_some(())).await?;
    }
    let (cpu, wall) = (cpu_time(server.pid())?.saturating_sub(cpu_before), began.elapsed());
    for times in [&mut prompts, &mut last_prompts, &mut hands, &mut class.coming] {
        times.sort_unstable();
    }
    let line = |what: &str, times: &[Duration]| {
        let [p50, p99, worst] = [0.5, 0.99, 1.0].map(|share| 1e3 * percentile(times, share).as_secs_f64());
        format!("{what:<40} p50 {p50:>8.1} ms  p99 {p99:>8.1} ms  at most {worst:>8.1} ms")
    };
    Ok(vec![
        format!("{students} students, {rounds} rounds"),
        line("coming in, one after the other", &class.coming),
        line("click to a student's prompt", &prompts),
        line("click to the last student's prompt", &last_prompts),
        line("all hands at once, seen by everybody", &hands),
        format!(
            "server: {:.0} % of a core, {:.0} ms a round, {:.1} MiB at most",
            100.0 * cpu.as_secs_f64() / wall.as_secs_f64(),
            1e3 * cpu.as_secs_f64() / rounds as f64,
            peak_rss_kib(server.pid())? as f64 / 1024.0
        ),
    ])
}

/// The smallest of the sorted times that so large a share of them does not exceed.
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

impl Class {
    async fn gather(server: &ServerProcess, students: usize) -> anyhow::Result<Self> {
        let users: Vec<UserId> =
            (0..students).map(|n| UserId::new(format!("student-{n:03}"))).collect::<Result<_, _>>()?;
        let (teacher, mut events) = sign_up(server, UserId::new("teacher")?).await?;
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let (tell, news) = mpsc::channel(4 * students);
        let (accept, accepting) = watch::channel(None);
        let mut clients = Vec::new();
        for user in &users {
            let (client, events) = sign_up(server, user.clone()).await?;
            let student = Student { client: client.clone(), up: 0, students, tell: tell.clone() };
            tokio::spawn(student.attend(events, accepting.clone()));
            clients.push(client);
        }
        let group = GroupId::new("class")?;
        teacher.create_group(Some(group.clone()), GroupType::Meeting, "Class", Vec::new()).await?;
        for some in users.chunks(MEMBERS_PER_CALL_MAX) {
            teacher.invite_user_to_group(group.clone(), some.to_vec()).await?;
        }
        let room = RoomId::new(1)?;
        let open = EnterRoom {
            create: true,
            group_id: Some(group.clone()),
            lesson: Some(LessonSettings::default()),
            ..EnterRoom::of(room)
        };
        teacher.call(open).await.context("the lesson")?;
        let mut coming = Vec::new();
        for client in clients {
            let began = Instant::now();
            client.call(EnterRoom::of(room)).await.context("a student comes")?;
            coming.push(began.elapsed());
        }
        Ok(Self { teacher, group, students: users, news, accept, coming })
    }

    /// Waits until every student has reported what `pick` takes.
    async fn all<T>(&mut self, pick: impl Fn(News) -> Option<T>) -> anyhow::Result<Vec<T>> {
        let mut told = Vec::new();
        while told.len() < self.students.len() {
            let news = timeout(PATIENCE, self.news.recv()).await;
            match news.with_context(|| format!("only {} of the students are told", told.len()))? {
                Some(News::Lost(error)) => bail!("a student's connection is gone: {error}"),
                Some(news) => told.extend(pick(news)),
                None => bail!("the students are gone"),
            }
        }
        Ok(told)
    }
}

/// One of the class.
struct Student {
    client: Client,
    /// Hands that are up, as this one is told.
    up: usize,
    students: usize,
    tell: mpsc::Sender<News>,
}

impl Student {
    async fn attend(mut self, mut events: mpsc::Receiver<ClientEvent>, mut accept: watch::Receiver<Option<InviteId>>) {
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take(event).await,
                    None => return,
                },
                changed = accept.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let id = accept.borrow_and_update().clone();
                    if let Some(id) = id {
                        let (client, tell) = (self.client.clone(), self.tell.clone());
                        tokio::spawn(async move {
                            if let Err(error) = client.accept(id, "").await {
                                // The measurement may be over.
                                let _ = tell.send(News::Lost(error.to_string())).await;
                            }
                        });
                    }
                }
            }
        }
    }

    async fn take(&mut self, event: ClientEvent) {
        let now = Instant::now();
        let news = match event {
            ClientEvent::Callback(delivery) => match delivery.event {
                Event::ReceiveNewInvitation(_) => Some(News::Prompted(now)),
                Event::LessonChanged(changed) => {
                    let before = self.up;
                    for change in &changed.changes {
                        match change {
                            LessonChange::HandRaised { .. } => self.up += 1,
                            LessonChange::HandLowered { .. } => self.up = self.up.saturating_sub(1),
                            _ => {}
                        }
                    }
                    if self.up == before {
                        None
                    } else if self.up == self.students {
                        Some(News::AllUp(now))
                    } else {
                        (self.up == 0).then_some(News::AllDown)
                    }
                }
                _ => None,
            },
            ClientEvent::Lost { error, .. } => Some(News::Lost(error.to_string())),
            _ => None,
        };
        if let Some(news) = news {
            // The measurement may be over.
            let _ = self.tell.send(news).await;
        }
    }
}

/// Makes an account, and a session that stays.
async fn sign_up(server: &ServerProcess, user: UserId) -> anyhow::Result<(Client, mpsc::Receiver<ClientEvent>)> {
    let request =
        SignUp { user_id: user, display_name: "Somebody".into(), password: None, device_name: "bench".into() };
    let (credentials, _) = account::sign_up(server.address(), server.pin(), request).await?;
    let (client, mut events) = Client::start(ClientConfig {
        address: server.address().clone(),
        pin: server.pin(),
        credentials,
        start: Start::Cold,
        last_seq: 0,
    });
    loop {
        match events.recv().await.context("the session has ended")? {
            ClientEvent::Synced { .. } => return Ok((client, events)),
            ClientEvent::Lost { error, .. } => return Err(error.into()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_those_there_are() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        for (share, ms) in [(0.5, 100), (0.99, 198), (1.0, 200)] {
            assert_eq!(percentile(&times, share), Duration::from_millis(ms));
        }
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
