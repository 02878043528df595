//! A picture of every screen and form about groups, compared with `tests/snapshots`.
#![cfg(feature = "desktop")]

mod ui_common;

use std::sync::Arc;

use ahoy::{
    app::{AhoyApp, Tab},
    engine::{
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
        state::{GroupNews, GroupNotice, GroupTask, Notice, NoticeKind, Problem},
    },
    protocol::{Code, api::GroupType},
};
use egui::Role as Part;
use egui_kittest::{Harness, SnapshotResults, kittest::Queryable as _};
use ui_common::{
    Fake,
    groups::{click, drop_file, in_groups, open, picture_file, type_into, wait_until, words},
    home, window,
};

/// Every screen in two ways: English and dark, Korean and light.
const WAYS: [(&str, Language, Theme); 2] = [("en", English, Dark), ("ko", Korean, Light)];

fn snapshot(results: &mut SnapshotResults, harness: &mut Harness<'_, AhoyApp>, name: &str) {
    harness.remove_cursor();
    harness.run_steps(4);
    harness.snapshot(name);
    results.extend_harness(harness);
}

#[test]
fn pictures_of_the_list() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut harness = window(&Fake::new(in_groups(language, theme)), Tab::Groups);
        snapshot(&mut results, &mut harness, &format!("groups_{way}"));
        let mut harness = window(&Fake::new(home(language, theme)), Tab::Groups);
        snapshot(&mut results, &mut harness, &format!("groups_empty_{way}"));
    }
}

#[test]
fn pictures_of_a_group() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = in_groups(language, theme);
        let club =
            state.groups.iter().find(|group| group.kind == GroupType::Public).expect("a public one").name.clone();
        let class = state.groups.iter().find(|group| group.kind == GroupType::Meeting).expect("a class").name.clone();
        let applicant = &state.people[4];
        let what = GroupNews::Applicant(applicant.display_name.clone());
        let notice = GroupNotice { group: club.clone(), by: applicant.user.clone(), what };
        state.notices = [Notice { id: 1, kind: NoticeKind::Group(notice) }].into();
        let mut harness = window(&Fake::new(state.clone()), Tab::Groups);
        open(&mut harness, &club);
        snapshot(&mut results, &mut harness, &format!("group_{way}"));

        state.notices = Arc::new([]);
        let other = state.people[0].display_name.clone();
        let mut harness = window(&Fake::new(state), Tab::Groups);
        open(&mut harness, &class);
        let menu = match language {
            English => format!("What to do with {other}"),
            Korean => format!("{other} 님 관리"),
        };
        click(&mut harness, Part::Button, &menu);
        snapshot(&mut results, &mut harness, &format!("group_menu_{way}"));
        click(&mut harness, Part::Button, words(language, "Hand the group over…", "그룹 소유권 넘기기…"));
        snapshot(&mut results, &mut harness, &format!("group_question_{way}"));
    }
}

#[test]
fn pictures_of_the_forms() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let state = in_groups(language, theme);
        let fake = Fake::new(state.clone());
        let mut harness = window(&fake, Tab::Groups);
        click(&mut harness, Part::Button, words(language, "New group", "새 그룹"));
        type_into(&mut harness, words(language, "Name of the group", "그룹 이름"), words(language, "Choir", "합창단"));
        click(&mut harness, Part::RadioButton, words(language, "Class", "수업"));
        click(&mut harness, Part::CheckBox, &state.people[1].display_name);
        let (_folder, file) = picture_file();
        drop_file(&mut harness, &file);
        let change = words(language, "Another picture", "다른 사진");
        wait_until(&mut harness, "the picture", |harness| harness.query_by_label(change).is_some());
        snapshot(&mut results, &mut harness, &format!("group_new_{way}"));

        let mut harness = window(&fake, Tab::Groups);
        click(&mut harness, Part::Button, words(language, "Join", "참여"));
        type_into(&mut harness, words(language, "Code", "코드"), "k7mq 4txq");
        let mut refused = state.clone();
        refused.group_task =
            GroupTask::Failed(Problem { code: Code::NotFound as i32, detail: "There is no such group.".into() });
        fake.set(refused);
        harness.run_steps(2);
        snapshot(&mut results, &mut harness, &format!("group_join_{way}"));

        fake.set(state.clone());
        let club = &state.groups.iter().find(|group| group.kind == GroupType::Public).expect("a public one").name;
        let mut harness = window(&fake, Tab::Groups);
        open(&mut harness, club);
        click(&mut harness, Part::Button, words(language, "Add people", "사람 추가"));
        click(&mut harness, Part::CheckBox, &state.people[4].display_name);
        snapshot(&mut results, &mut harness, &format!("group_add_{way}"));
        click(&mut harness, Part::Button, words(language, "Cancel", "취소"));
        click(&mut harness, Part::Button, words(language, "Edit the group", "그룹 편집"));
        snapshot(&mut results, &mut harness, &format!("group_edit_{way}"));
    }
}
