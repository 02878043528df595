//! Groups as front ends have them: engines, each with a profile of its own, around a real server.
#![cfg(feature = "desktop")]

#[path = "common/server.rs"]
mod server;

use std::{io::Cursor, sync::Arc, time::Duration};

use ahoy::{
    engine::{
        Command, Engine, EngineConfig, GroupCommand, Overrides, SignInForm, State,
        picture::Prepared,
        state::{Group, GroupNews, GroupTask, NoticeKind, Session},
    },
    protocol::{
        GroupId, UserId,
        api::{GroupType, Role},
    },
};
use server::ServerProcess;

/// Generous: only a broken program takes as long.
const LIMIT: Duration = Duration::from_secs(60);

fn user(name: &str) -> UserId {
    UserId::new(name).expect("an identifier")
}

/// Somebody at a computer.
struct Seat {
    engine: Engine,
    name: &'static str,
    _folder: tempfile::TempDir,
}

impl Seat {
    async fn take(server: &ServerProcess, name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let form =
            SignInForm { new_account: true, user: name.into(), display_name: name.into(), password: String::new() };
        let engine = Engine::start(EngineConfig {
            profile: name.into(),
            data_dir: folder.path().to_owned(),
            on_change: Arc::new(|| {}),
            overrides: Overrides { sign_in: Some((server.url(), form)), no_discovery: true, ..Overrides::default() },
        })
        .expect("the engine starts");
        let seat = Self { engine, name, _folder: folder };
        seat.until("online", |state| (state.session == Session::Online).then_some(())).await;
        seat
    }

    fn wish(&self, command: GroupCommand) {
        self.engine.send(Command::Group(command));
    }

    async fn until<T>(&self, what: &str, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut states = self.engine.watch();
        let wait = async {
            loop {
                if let Some(found) = look(&states.borrow_and_update().clone()) {
                    return found;
                }
                states.changed().await.expect("the engine runs");
            }
        };
        match tokio::time::timeout(LIMIT, wait).await {
            Ok(found) => found,
            Err(_) => panic!("{} waits for {what}: {:#?}", self.name, self.engine.state().groups),
        }
    }

    /// Waits until the only group is as wished.
    async fn group(&self, what: &str, fits: impl Fn(&Group) -> bool) -> Group {
        self.until(what, |state| state.groups.first().filter(|group| fits(group)).cloned()).await
    }

    /// Waits until the only group has these members, `*` for its owner and `+` for administrators.
    async fn members(&self, expected: &str) {
        self.group(expected, |group| members(group) == expected).await;
    }

    async fn told(&self, what: GroupNews) {
        let is_it = |kind: &NoticeKind| matches!(kind, NoticeKind::Group(notice) if notice.what == what);
        let label = format!("{what:?}");
        self.until(&label, |state| state.notices.iter().any(|notice| is_it(&notice.kind)).then_some(())).await;
    }

    async fn nothing_left(&self) {
        self.until("no groups", |state| state.groups.is_empty().then_some(())).await;
    }
}

fn members(group: &Group) -> String {
    let mark = |role| match role {
        Role::Owner => "*",
        Role::Admin => "+",
        Role::Member => "",
    };
    let names: Vec<String> =
        group.members.iter().map(|member| format!("{}{}", member.display_name, mark(member.role))).collect();
    names.join(" ")
}

fn create(kind: GroupType, picture: Option<Prepared>, members: &[&str]) -> GroupCommand {
    GroupCommand::Create {
        kind,
        name: "Chess".into(),
        picture,
        members: members.iter().map(|name| user(name)).collect(),
    }
}

/// Waits until the group is made; its identifier.
async fn made(seat: &Seat) -> GroupId {
    let id = seat
        .until("the new group", |state| match &state.group_task {
            GroupTask::In(id) => Some(id.clone()),
            GroupTask::Failed(problem) => panic!("{problem:?}"),
            _ => None,
        })
        .await;
    assert!(seat.engine.state().group(&id).is_some(), "it is in the list at once");
    seat.wish(GroupCommand::EndTask);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_with_a_picture_from_its_beginning_to_its_end() {
    let server = ServerProcess::start(&[]);
    let teacher = Seat::take(&server, "teacher").await;
    let (ann, ben) = (Seat::take(&server, "ann").await, Seat::take(&server, "ben").await);

    let mut png = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 20, image::Rgb([0, 90, 200]))
        .write_to(&mut png, image::ImageFormat::Png)
        .expect("PNG");
    let picture = Prepared::from_file(png.get_ref()).expect("a picture");
    teacher.wish(create(GroupType::Meeting, Some(picture.clone()), &["ann"]));
    let id = made(&teacher).await;
    ann.told(GroupNews::Added).await;
    ann.members("ann teacher*").await;
    for seat in [&teacher, &ann] {
        seat.group("the picture", |group| group.picture.as_ref() == Some(picture.shown())).await;
    }

    ben.wish(GroupCommand::Join("NOSUCH22".into()));
    let problem = ben
        .until("a refusal", |state| match &state.group_task {
            GroupTask::Failed(problem) => Some(problem.clone()),
            _ => None,
        })
        .await;
    assert_eq!(problem.code, 10_010, "{problem:?}");
    ben.wish(GroupCommand::EndTask);
    ben.until("no task", |state| (state.group_task == GroupTask::Idle).then_some(())).await;
    ben.wish(GroupCommand::Join(format!(" {} ", id.spoken().to_lowercase())));
    assert_eq!(made(&ben).await, id);
    for seat in [&teacher, &ann, &ben] {
        seat.members("ann ben teacher*").await;
    }

    let introduction = "On Mondays".to_owned();
    teacher.wish(GroupCommand::SetInfo { group_id: id.clone(), name: "Go".into(), introduction });
    teacher.wish(GroupCommand::SetPicture(id.clone(), None));
    ben.group("the new name", |group| {
        (group.name.as_str(), group.introduction.as_str(), &group.picture) == ("Go", "On Mondays", &None)
    })
    .await;
    teacher.wish(GroupCommand::SetAdmin { group_id: id.clone(), user_id: user("ann"), admin: true });
    ann.told(GroupNews::NowAdmin).await;
    ann.wish(GroupCommand::Remove(id.clone(), user("ben")));
    ben.told(GroupNews::Removed).await;
    ben.nothing_left().await;
    teacher.wish(GroupCommand::Transfer(id.clone(), user("ann")));
    ann.told(GroupNews::NowOwner).await;
    for seat in [&teacher, &ann] {
        seat.members("ann* teacher").await;
    }
    ann.wish(GroupCommand::Dismiss(id));
    teacher.told(GroupNews::Dismissed).await;
    teacher.nothing_left().await;
    ann.nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_group_is_found_and_two_who_decide_see_the_same() {
    let mut server = ServerProcess::start(&[]);
    let (olga, ann) = (Seat::take(&server, "olga").await, Seat::take(&server, "ann").await);
    let ben = Seat::take(&server, "ben").await;
    olga.wish(create(GroupType::Public, None, &["ann"]));
    let id = made(&olga).await;
    olga.wish(GroupCommand::SetAdmin { group_id: id.clone(), user_id: user("ann"), admin: true });
    ann.told(GroupNews::NowAdmin).await;

    ben.wish(GroupCommand::Search("CHE".into()));
    let found = ben.until("the group", |state| state.group_search.found.first().cloned()).await;
    assert_eq!((&found.id, found.member_count), (&id, 2));
    ben.wish(GroupCommand::Apply { group_id: id.clone(), message: "May I?".into() });
    ben.until("the application", |state| state.applied.first().filter(|applied| applied.id == id).cloned()).await;
    for seat in [&olga, &ann] {
        seat.group("the application", |group| group.applications.iter().any(|open| open.message == "May I?")).await;
    }
    ben.wish(GroupCommand::TakeBack(id.clone()));
    ben.until("nothing open", |state| state.applied.is_empty().then_some(())).await;
    olga.group("nothing open", |group| group.applications.is_empty()).await;

    // The server dies and comes back: what was open is open, on every screen.
    ben.wish(GroupCommand::Join(id.to_string()));
    ben.until("the application", |state| (state.group_task == GroupTask::Applied(id.clone())).then_some(())).await;
    server.kill();
    ann.until("offline", |state| matches!(state.session, Session::Offline { .. }).then_some(())).await;
    let _server = server.restart();
    for seat in [&olga, &ann, &ben] {
        seat.engine.send(Command::RetryNow);
        seat.until("online", |state| (state.session == Session::Online).then_some(())).await;
    }
    for seat in [&olga, &ann] {
        seat.group("the application", |group| group.applications.len() == 1).await;
    }
    let decide = |accept| GroupCommand::Decide { group_id: id.clone(), user_id: user("ben"), accept };
    ann.wish(decide(true));
    ben.told(GroupNews::LetIn).await;
    for seat in [&olga, &ann, &ben] {
        seat.members("ann+ ben olga*").await;
        seat.group("nothing open", |group| group.applications.is_empty()).await;
    }
    // Too late: it is said, and nothing else happens.
    olga.wish(decide(false));
    let too_late = |kind: &NoticeKind| matches!(kind, NoticeKind::Failed(problem) if problem.code == 10_024);
    olga.until("a refusal", |state| state.notices.iter().any(|notice| too_late(&notice.kind)).then_some(())).await;
    ben.wish(GroupCommand::Leave(id));
    ben.nothing_left().await;
    olga.members("ann+ olga*").await;
}
