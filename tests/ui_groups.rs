//! Groups in the window: what its buttons send, and what it shows of what.
#![cfg(feature = "desktop")]

mod ui_common;

use std::sync::Arc;

use ahoy::{
    app::{AhoyApp, Tab},
    engine::{
        Command, GroupCommand,
        settings::{
            Language::{English, Korean},
            Theme::Dark,
        },
        state::{GroupTask, Problem},
    },
    protocol::{
        Code,
        api::{GroupType, Role},
    },
};
use egui::{Key, Modifiers, Role as Part};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{
    Fake,
    groups::{click, drop_file, group, group_id, in_groups, open, picture_file, type_into, wait_until, words},
    home, user, window,
};

/// The single command about groups that was sent.
#[track_caller]
fn only(fake: &Fake) -> GroupCommand {
    let mut sent = fake.take_sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    match sent.remove(0) {
        Command::Group(command) => command,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_is_made_of_a_kind_a_name_a_picture_and_people() {
    let mut state = home(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    harness.run();
    click(&mut harness, Part::Button, "New group");
    assert!(harness.get_by_role_and_label(Part::Button, "Create").accesskit_node().is_disabled(), "no name yet");
    let (folder, file) = picture_file();
    drop_file(&mut harness, &folder.path().join("none.png"));
    let unusable = |harness: &Harness<'_, AhoyApp>| harness.query_by_label_contains("cannot be used").is_some();
    wait_until(&mut harness, "the refusal", unusable);
    drop_file(&mut harness, &file);
    wait_until(&mut harness, "the picture", |harness| harness.query_by_label("Remove the picture").is_some());
    type_into(&mut harness, "Name of the group", " Algebra ");
    click(&mut harness, Part::RadioButton, "Class");
    type_into(&mut harness, "Search people to add", "gra");
    assert!(harness.query_by_role_and_label(Part::CheckBox, "Ada Lovelace").is_none());
    click(&mut harness, Part::CheckBox, "Grace Hopper");
    click(&mut harness, Part::Button, "Create");
    match only(&fake) {
        GroupCommand::Create { kind, name, picture, members } => {
            assert_eq!((kind, name.as_str(), members), (GroupType::Meeting, "Algebra", vec![user("grace")]));
            assert!(picture.is_some());
        }
        other => panic!("{other:?}"),
    }

    // Enter in the name does the same.
    harness.get_by_role_and_label(Part::TextInput, "Name of the group").focus();
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert!(matches!(only(&fake), GroupCommand::Create { .. }));

    state.group_task = GroupTask::Working;
    fake.set(state.clone());
    harness.run_steps(2);
    assert!(harness.get_by_role_and_label(Part::Button, "Create").accesskit_node().is_disabled(), "only once");
    let refused = Problem { code: Code::FrequencyLimit as i32, detail: String::new() };
    state.group_task = GroupTask::Failed(refused);
    fake.set(state.clone());
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Too many tries").is_some());

    // Done: the form is gone, and the new group's page is open.
    let class = group(&state, "K7MQ4TXP", GroupType::Meeting, "Algebra", Role::Owner, 1);
    state.groups = vec![class].into();
    state.group_task = GroupTask::In(group_id("K7MQ4TXP"));
    fake.set(state);
    harness.run_steps(4);
    assert!(matches!(only(&fake), GroupCommand::EndTask));
    assert!(harness.query_by_label("K7MQ-4TXP").is_some());
    assert!(harness.query_by_role_and_label(Part::Button, "Create").is_none());
    click(&mut harness, Part::Button, "Copy Code");
    assert!(harness.output().platform_output.commands.is_empty(), "the copying is done");
}

#[test]
fn a_code_is_typed_and_public_groups_are_found() {
    let state = in_groups(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::Groups);
    click(&mut harness, Part::Button, "Join");
    assert!(matches!(only(&fake), GroupCommand::Search(query) if query.is_empty()));
    type_into(&mut harness, "Code", " k7mq-4txp ");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert!(matches!(only(&fake), GroupCommand::Join(code) if code == "k7mq-4txp"));
    type_into(&mut harness, "Search public groups", "c");
    assert!(matches!(only(&fake), GroupCommand::Search(query) if query == "c"));

    assert!(harness.query_by_label("Apply to “Morning runners”").is_none(), "a member already");
    type_into(&mut harness, "Message with your application (optional)", "Hello!");
    click(&mut harness, Part::Button, "Apply to “Chess”");
    match only(&fake) {
        GroupCommand::Apply { group_id: id, message } => assert_eq!((id, &*message), (group_id("CHESS234"), "Hello!")),
        other => panic!("{other:?}"),
    }
    let take_back = "Take back the application to “Book club”";
    harness.query_all_by_label(take_back).last().expect("in the form").click();
    harness.run_steps(2);
    assert!(matches!(only(&fake), GroupCommand::TakeBack(id) if id == group_id("BKCLUB22")));

    for (code, sentence) in [
        (Code::NotFound, "no group with this code"),
        (Code::PermissionDenied, "is private"),
        (Code::GroupFull, "is full"),
    ] {
        let mut refused = state.clone();
        refused.group_task = GroupTask::Failed(Problem { code: code as i32, detail: String::new() });
        fake.set(refused);
        harness.run_steps(2);
        assert!(harness.query_by_label_contains(sentence).is_some(), "{code:?}");
    }
    fake.set(state);
    harness.run_steps(2);
    click(&mut harness, Part::Button, "Close");
    assert!(matches!(only(&fake), GroupCommand::EndTask));
    assert!(harness.query_by_role_and_label(Part::TextInput, "Code").is_none());
}

#[test]
fn what_is_final_is_asked_before() {
    let fake = Fake::new(in_groups(English, Dark));
    let mut harness = window(&fake, Tab::Groups);
    open(&mut harness, "Morning runners");
    let class = group_id("R8WD3HCN");
    for (menu, item, confirm) in [
        ("What to do with Ada Lovelace", "Hand the group over…", "Hand over"),
        ("What to do with Ada Lovelace", "Remove from the group…", "Remove"),
        ("More about the group", "Dismiss the group…", "Dismiss"),
    ] {
        click(&mut harness, Part::Button, menu);
        click(&mut harness, Part::Button, item);
        click(&mut harness, Part::Button, "Cancel");
        assert!(fake.take_sent().is_empty(), "{item}");
        click(&mut harness, Part::Button, menu);
        click(&mut harness, Part::Button, item);
        // The toast of a notice is dismissed by a word of its own.
        click(&mut harness, Part::Button, confirm);
        match (only(&fake), confirm) {
            (GroupCommand::Transfer(id, who) | GroupCommand::Remove(id, who), _) => {
                assert_eq!((&id, &who), (&class, &user("ada")), "{item}");
            }
            (GroupCommand::Dismiss(id), "Dismiss") => assert_eq!(id, class),
            (other, _) => panic!("{item}: {other:?}"),
        }
    }
    click(&mut harness, Part::Button, "What to do with Grace Hopper");
    click(&mut harness, Part::Button, "No longer admin");
    assert!(matches!(only(&fake), GroupCommand::SetAdmin { user_id, admin: false, .. } if user_id == user("grace")));
    click(&mut harness, Part::Button, "Accept Mary Somerville");
    assert!(matches!(only(&fake), GroupCommand::Decide { user_id, accept: true, .. } if user_id == user("mary")));
    click(&mut harness, Part::Button, "Decline Niels Bohr");
    assert!(matches!(only(&fake), GroupCommand::Decide { user_id, accept: false, .. } if user_id == user("niels")));
}

#[test]
fn only_what_is_allowed_is_offered() {
    let state = home(English, Dark);
    for (kind, role, shown, hidden) in [
        (
            GroupType::Work,
            Role::Member,
            vec!["Add people", "Edit the group"],
            vec!["What to do with Katherine Johnson", "Copy Code"],
        ),
        (
            GroupType::Meeting,
            Role::Member,
            vec!["Copy Code"],
            vec!["Add people", "Edit the group", "What to do with Katherine Johnson"],
        ),
        (
            GroupType::Public,
            Role::Admin,
            vec!["Copy Code", "Add people", "Edit the group", "What to do with Katherine Johnson"],
            // The owner, and another administrator.
            vec!["What to do with Ada Lovelace", "What to do with Grace Hopper"],
        ),
    ] {
        let mut with = state.clone();
        with.groups = vec![group(&state, "K7MQ4TXP", kind, "Chess", role, 3)].into();
        let fake = Fake::new(with);
        let mut harness = window(&fake, Tab::Groups);
        open(&mut harness, "Chess");
        for label in shown {
            assert!(harness.query_by_label(label).is_some(), "{label} for {role:?} of {kind:?}");
        }
        for label in hidden {
            assert!(harness.query_by_label(label).is_none(), "{label} for {role:?} of {kind:?}");
        }
        click(&mut harness, Part::Button, "More about the group");
        assert!(harness.query_by_label("Dismiss the group…").is_none());
        click(&mut harness, Part::Button, "Leave the group…");
        click(&mut harness, Part::Button, "Leave");
        assert!(matches!(only(&fake), GroupCommand::Leave(id) if id == group_id("K7MQ4TXP")));
    }
}

#[test]
fn people_are_added_and_a_group_is_edited() {
    let mut state = in_groups(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::Groups);
    open(&mut harness, "Morning runners");
    click(&mut harness, Part::Button, "Add people");
    assert!(harness.query_by_role_and_label(Part::CheckBox, "Ada Lovelace").is_none(), "a member");
    assert!(harness.get_by_role_and_label(Part::Button, "Add").accesskit_node().is_disabled());
    click(&mut harness, Part::CheckBox, "Mary Somerville");
    click(&mut harness, Part::CheckBox, "Niels Bohr");
    click(&mut harness, Part::CheckBox, "Niels Bohr");
    click(&mut harness, Part::Button, "Add 1 person");
    assert!(matches!(only(&fake), GroupCommand::Invite(_, users) if users == [user("mary")]));

    click(&mut harness, Part::Button, "Edit the group");
    click(&mut harness, Part::Button, "Remove the picture");
    assert!(matches!(only(&fake), GroupCommand::SetPicture(_, None)));
    let (_folder, file) = picture_file();
    drop_file(&mut harness, &file);
    wait_until(&mut harness, "the picture", |_| {
        let sent = fake.take_sent();
        assert!(sent.len() < 2, "{sent:?}");
        matches!(&sent[..], [Command::Group(GroupCommand::SetPicture(_, Some(_)))])
    });
    type_into(&mut harness, "Name of the group", "!");
    click(&mut harness, Part::Button, "Save");
    match only(&fake) {
        GroupCommand::SetInfo { name, introduction, .. } => {
            assert_eq!(name, "Morning runners!");
            assert!(introduction.starts_with("Every Saturday"), "it stays");
        }
        other => panic!("{other:?}"),
    }

    // Put out of the group: its page closes, and whatever was open on it.
    click(&mut harness, Part::Button, "Add people");
    state.groups = Arc::default();
    fake.set(state);
    harness.run_steps(4);
    assert!(harness.query_by_role_and_label(Part::TextInput, "Search people to add").is_none());
    assert!(harness.query_by_label("Waiting for an answer").is_some());
}

#[test]
fn the_keyboard_reaches_everything_about_groups() {
    let reach = |harness: &mut Harness<'_, AhoyApp>, names: &[&str]| {
        let mut reached = std::collections::BTreeSet::new();
        for _ in 0..24 {
            harness.key_press(Key::Tab);
            harness.run_steps(2);
            let focused = harness.root().children_recursive().find(|node| node.is_focused());
            reached.extend(focused.and_then(|node| node.accesskit_node().label()));
        }
        for name in names {
            assert!(reached.iter().any(|label| label.starts_with(name)), "{name} is not among {reached:?}");
        }
    };
    let fake = Fake::new(in_groups(English, Dark));
    let mut harness = window(&fake, Tab::Groups);
    let waiting = "Take back the application to “Book club”";
    reach(&mut harness, &["Groups", "New group", "Join", "Search groups", "Algebra 7b, Class", waiting]);
    open(&mut harness, "Morning runners");
    let controls = ["Back to all groups", "Add people", "Edit the group", "More about the group", "Copy Code"];
    reach(&mut harness, &controls);
    reach(&mut harness, &["Accept Mary Somerville", "Decline Niels Bohr", "What to do with Ada Lovelace"]);
    click(&mut harness, Part::Button, "Back to all groups");
    click(&mut harness, Part::Button, "New group");
    reach(
        &mut harness,
        &["Close", "Private", "Public", "Name of the group", "Choose a picture", "Ada Lovelace", "Cancel"],
    );
    // Escape closes a form, and Ctrl+F goes to the search.
    harness.key_press(Key::Escape);
    harness.run_steps(4);
    assert!(harness.query_by_label("Choose a picture").is_none());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run_steps(2);
    harness.get_by_role_and_label(Part::TextInput, "Search groups").type_text("lunch");
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Algebra 7b").is_none());
    assert!(harness.query_all_by_label_contains("Lunch friends").next().is_some());
}

#[test]
fn no_form_reaches_beyond_the_smallest_window() {
    let size = egui::vec2(760.0, 520.0);
    for language in [English, Korean] {
        let w = |english, korean| words(language, english, korean);
        let mut state = in_groups(language, Dark);
        state.group_task = GroupTask::Failed(Problem { code: Code::FrequencyLimit as i32, detail: String::new() });
        let (close, cancel, name) = (w("Close", "닫기"), w("Cancel", "취소"), w("Name of the group", "그룹 이름"));
        let picture = w("Choose a picture", "사진 선택");
        let another = w("Another picture", "다른 사진");
        for (group, button, parts) in [
            (false, w("New group", "새 그룹"), vec![close, cancel, name, picture, w("Create", "만들기")]),
            (
                false,
                w("Join", "참여"),
                vec![close, w("Message with your application (optional)", "가입 신청 메시지 (선택 사항)")],
            ),
            (true, w("Add people", "사람 추가"), vec![close, cancel, w("Add", "추가")]),
            (true, w("Edit the group", "그룹 편집"), vec![close, cancel, name, another, w("Save", "저장")]),
        ] {
            let club = state.groups.iter().find(|group| group.kind == GroupType::Public).expect("a public one");
            let mut harness = window(&Fake::new(state.clone()), Tab::Groups);
            harness.set_size(size);
            harness.run_steps(4);
            if group {
                open(&mut harness, &club.name);
            }
            click(&mut harness, Part::Button, button);
            let whole = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
            for part in parts {
                let shown = |node: &egui_kittest::Node<'_>| whole.contains_rect(node.rect());
                let mut nodes =
                    harness.query_all_by_label(part).filter(|node| node.accesskit_node().role() != Part::Label);
                assert!(nodes.any(|node| shown(&node)), "{button}: {part} is cut off");
            }
        }
    }
}
