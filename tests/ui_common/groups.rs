//! Groups for a window without an engine, and hands for its forms.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use ahoy::{
    app::AhoyApp,
    engine::{
        State,
        picture::Prepared,
        settings::{
            Language::{self, English, Korean},
            Theme,
        },
        state::{Application, Applied, FoundGroup, Group, GroupSearch, Member},
    },
    protocol::{
        GroupId,
        api::{GroupType, Role},
    },
};
use egui::Role as Part;
use egui_kittest::{Harness, kittest::Queryable as _};

use super::{MINUTE_MS, NOW_MS, home};

pub fn group_id(id: &str) -> GroupId {
    GroupId::new(id).expect("an identifier")
}

/// A picture: a sun over the sea.
pub fn picture() -> Prepared {
    let pixel = |x: u32, y: u32| {
        let sun = (f64::from(x) - 60.0).hypot(f64::from(y) - 45.0) < 24.0;
        match (sun, y > 70) {
            (_, true) => image::Rgb([30, 90, 160]),
            (true, false) => image::Rgb([250, 210, 80]),
            (false, false) => image::Rgb([235, 120, 90]),
        }
    };
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(120, 120, pixel).write_to(&mut png, image::ImageFormat::Png).expect("a PNG");
    Prepared::from_file(png.get_ref()).expect("a picture")
}

/// A group of the signed-in user and the first of the people, in the order of names.
pub fn group(state: &State, id: &str, kind: GroupType, name: &str, role: Role, people: usize) -> Group {
    let me = state.me.as_ref().expect("signed in");
    let others = if role == Role::Owner { Role::Member } else { Role::Owner };
    let mut members: Vec<Member> = state.people[..people]
        .iter()
        .enumerate()
        .map(|(at, person)| Member {
            user: person.user.clone(),
            display_name: person.display_name.clone(),
            role: match at {
                0 => others,
                1 if kind != GroupType::Work => Role::Admin,
                _ => Role::Member,
            },
        })
        .collect();
    members.push(Member { user: me.user.clone(), display_name: me.display_name.clone(), role });
    members.sort_by_cached_key(|member| member.display_name.to_lowercase());
    Group {
        id: group_id(id),
        kind,
        name: name.into(),
        introduction: String::new(),
        picture: None,
        owner: members.iter().find(|member| member.role == Role::Owner).map(|member| member.user.clone()),
        role,
        member_count: members.len(),
        members: members.into(),
        applications: Arc::new([]),
    }
}

/// Somebody in three groups: teaching a class, owning a public one that others want to join, and among friends.
pub fn with_groups(mut state: State) -> State {
    let [class, club_name, friends, introduction, message, bye] = match state.settings.language {
        Some(Language::Korean) => [
            "7학년 2반 수학",
            "한강 달리기 모임",
            "점심 친구들",
            "매주 토요일 아침 7시, 여의도에서 만나요. 처음 오시는 분도 환영합니다!",
            "저도 같이 달리고 싶어요. 일요일 아침에는 늘 한강에 있습니다.",
            "독서 모임",
        ],
        _ => [
            "Algebra 7b",
            "Morning runners",
            "Lunch friends",
            "Every Saturday at seven, at the north bridge. Beginners are welcome, and so are slow ones.",
            "May I join? I run there every Sunday anyway.",
            "Book club",
        ],
    };
    let class = group(&state, "K7MQ4TXP", GroupType::Meeting, class, Role::Owner, 6);
    let mut club = group(&state, "R8WD3HCN", GroupType::Public, club_name, Role::Owner, 4);
    club.introduction = introduction.into();
    club.picture = Some(picture().shown().clone());
    club.applications = [4, 5]
        .map(|at: usize| Application {
            user: state.people[at].user.clone(),
            display_name: state.people[at].display_name.clone(),
            message: if at == 4 { message.into() } else { String::new() },
            time_ms: NOW_MS - 5 * MINUTE_MS,
        })
        .into();
    let friends = group(&state, "FRENDS22", GroupType::Work, friends, Role::Member, 3);
    let mut groups = [class, club, friends];
    groups.sort_by_cached_key(|group| group.name.to_lowercase());
    state.groups = groups.to_vec().into();
    state.applied = [Applied { id: group_id("BKCLUB22"), name: bye.into() }].into();
    state.group_search = GroupSearch {
        query: Some(String::new()),
        searching: false,
        more: true,
        found: [("BKCLUB22", bye, "", 12), ("CHESS234", "Chess", "", 1), ("R8WD3HCN", club_name, introduction, 5)]
            .into_iter()
            .map(|(id, name, introduction, member_count)| FoundGroup {
                id: group_id(id),
                name: name.into(),
                introduction: introduction.into(),
                picture: (id == "R8WD3HCN").then(|| picture().shown().clone()),
                member_count,
            })
            .collect(),
    };
    state
}

pub fn in_groups(language: Language, theme: Theme) -> State {
    with_groups(home(language, theme))
}

#[track_caller]
pub fn click(harness: &mut Harness<'_, AhoyApp>, role: Part, label: &str) {
    harness.get_by_role_and_label(role, label).click();
    harness.run_steps(4);
}

pub fn type_into(harness: &mut Harness<'_, AhoyApp>, label: &str, text: &str) {
    harness.get_by_role_and_label(Part::TextInput, label).focus();
    harness.run_steps(2);
    harness.get_by_role_and_label(Part::TextInput, label).type_text(text);
    harness.run_steps(2);
}

/// Presses the row of a group.
#[track_caller]
pub fn open(harness: &mut Harness<'_, AhoyApp>, name: &str) {
    harness
        .get_by(|node| node.role() == Part::Button && node.label().is_some_and(|label| label.starts_with(name)))
        .click();
    harness.run_steps(4);
}

/// Words of the window in the language of a picture.
pub fn words(language: Language, english: &'static str, korean: &'static str) -> &'static str {
    match language {
        English => english,
        Korean => korean,
    }
}

/// A PNG on disk.
pub fn picture_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sun.png");
    let shown = picture();
    let side = shown.shown().side();
    image::RgbaImage::from_raw(side, side, shown.shown().rgba().to_vec()).expect("pixels").save(&path).expect("saved");
    (folder, path)
}

/// A file as the system drops it on a window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

pub fn drop_file(harness: &mut Harness<'_, AhoyApp>, path: &Path) {
    harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
    harness.step();
}

/// Steps the window until something is true; a thread of the window's own works on it.
#[track_caller]
pub fn wait_until(harness: &mut Harness<'_, AhoyApp>, what: &str, condition: impl Fn(&Harness<'_, AhoyApp>) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition(harness) {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
}
