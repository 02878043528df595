//! Who may do what in a group, and who is told.

use super::*;
use crate::protocol::{api::Role, limits};

fn join() -> api::JoinGroup {
    api::JoinGroup { group_id: group("g"), message: String::new() }
}

fn decide_yes(name: &str) -> api::AcceptGroupApplication {
    api::AcceptGroupApplication { group_id: group("g"), user_id: user(name), message: "welcome".into() }
}

fn decide_no(name: &str) -> api::RefuseGroupApplication {
    api::RefuseGroupApplication { group_id: group("g"), user_id: user(name), message: "full".into() }
}

fn take_back() -> api::CancelGroupApplication {
    api::CancelGroupApplication { group_id: group("g") }
}

fn change() -> api::SetGroupInfo {
    api::SetGroupInfo { group_id: group("g"), group_name: None, introduction: None, face_url: None }
}

fn rename(name: &str) -> api::SetGroupInfo {
    api::SetGroupInfo { group_name: Some(name.into()), ..change() }
}

fn open_applications(world: &mut World, phone: &mut Phone, own: bool) -> Vec<String> {
    let list = api::GetGroupApplicationList { own, after: 0, limit: 10 };
    let applications = world.ok(phone, list).applications;
    applications.iter().map(|application| format!("{} {}", application.user_id, application.message)).collect()
}

fn quit() -> api::QuitGroup {
    api::QuitGroup { group_id: group("g") }
}

fn dismiss() -> api::DismissGroup {
    api::DismissGroup { group_id: group("g") }
}

fn bring(names: &[&str]) -> api::InviteUserToGroup {
    api::InviteUserToGroup { group_id: group("g"), user_list: users(names) }
}

fn kick(names: &[&str]) -> api::KickGroupMember {
    api::KickGroupMember { group_id: group("g"), member_list: users(names) }
}

fn role(name: &str, role: Role) -> api::SetGroupMemberRole {
    api::SetGroupMemberRole { group_id: group("g"), user_id: user(name), role }
}

fn hand_over(name: &str) -> api::TransferGroupOwner {
    api::TransferGroupOwner { group_id: group("g"), user_id: user(name) }
}

fn list(world: &mut World, phone: &mut Phone) -> Vec<String> {
    let list = api::GetGroupMemberList { group_id: group("g"), after: None, limit: 10 };
    let members = world.ok(phone, list).members;
    members.iter().map(|member| format!("{} {:?}", member.user_id, member.role)).collect()
}

#[test]
fn a_work_group_is_by_invitation_of_its_members() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.refused(&mut a, create_group(GroupType::Work, &["x"]), Code::AccountNotFound);
    world.ok(&mut a, create_group(GroupType::Work, &["b", "a"]));
    world.refused(&mut c, create_group(GroupType::Work, &[]), Code::IdInUse);
    world.refused(&mut c, join(), Code::PermissionDenied);
    world.refused(&mut c, quit(), Code::PermissionDenied);
    world.refused(&mut c, bring(&["c"]), Code::PermissionDenied);
    world.refused(&mut b, bring(&["c", "a"]), Code::AlreadyMember);
    world.refused(&mut b, bring(&["c", "x"]), Code::AccountNotFound);
    assert_eq!(list(&mut world, &mut a), ["a Owner", "b Member"], "all or nothing");
    world.ok(&mut b, bring(&["c"]));
    assert_eq!(world.lines(&mut c), ["1 onMemberInvited"]);
    world.refused(&mut b, kick(&["c"]), Code::PermissionDenied);
    world.refused(&mut a, role("b", Role::Admin), Code::InvalidOperation);
    world.ok(&mut a, kick(&["c"]));
    assert_eq!(world.lines(&mut c), ["2 onMemberKicked"]);
    assert_eq!(world.lines(&mut b), ["1 onGroupCreated", "2 onMemberInvited", "3 onMemberKicked"]);
    world.ok(&mut a, quit());
    assert_eq!(world.lines(&mut a).last().map(String::as_str), Some("4 onQuitFromGroup"));
    assert_eq!(list(&mut world, &mut b), ["b Member"], "no owner any more");
    let groups = world.ok(&mut b, joined_groups()).groups;
    assert_eq!((groups[0].owner.clone(), groups[0].role, groups[0].member_count), (None, Some(Role::Member), 1));
    world.ok(&mut b, quit());
    world.refused(&mut b, join(), Code::NotFound);
    world.ok(&mut b, create_group(GroupType::Work, &[]));
}

#[test]
fn an_open_group_has_an_owner_and_administrators() {
    for kind in [GroupType::Public, GroupType::Meeting] {
        let mut world = World::new();
        let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
        let mut d = world.online("d");
        world.ok(&mut a, create_group(kind, &[]));
        for (name, phone) in [("b", &mut b), ("c", &mut c)] {
            let joined = world.ok(phone, join()).joined;
            assert_eq!(joined, kind == GroupType::Meeting);
            if !joined {
                world.ok(&mut a, decide_yes(name));
                assert!(world.lines(phone)[0].ends_with("onApplicationProcessed"));
            }
        }
        world.refused(&mut b, join(), Code::AlreadyMember);
        let entered = if kind == GroupType::Meeting { vec!["1 onMemberEnter"] } else { vec![] };
        assert_eq!(world.lines(&mut c), entered);
        world.refused(&mut a, quit(), Code::OwnerMayNotQuit);
        world.refused(&mut b, bring(&["d"]), Code::PermissionDenied);
        world.refused(&mut b, role("c", Role::Admin), Code::PermissionDenied);
        world.refused(&mut b, dismiss(), Code::PermissionDenied);
        world.refused(&mut b, hand_over("c"), Code::PermissionDenied);
        world.refused(&mut a, role("d", Role::Admin), Code::InvalidParameters);
        world.refused(&mut a, role("a", Role::Member), Code::InvalidParameters);
        world.refused(&mut a, hand_over("a"), Code::InvalidParameters);
        world.ok(&mut a, role("b", Role::Admin));
        world.ok(&mut a, role("b", Role::Admin));
        world.ok(&mut b, bring(&["d"]));
        world.refused(&mut b, kick(&["a"]), Code::PermissionDenied);
        world.refused(&mut b, kick(&["b"]), Code::InvalidParameters);
        world.refused(&mut b, kick(&["d", "x"]), Code::InvalidParameters);
        world.ok(&mut b, kick(&["d"]));
        world.refused(&mut d, quit(), Code::PermissionDenied);
        world.ok(&mut a, role("c", Role::Admin));
        world.refused(&mut b, kick(&["c"]), Code::PermissionDenied);
        world.ok(&mut a, role("c", Role::Member));
        world.ok(&mut a, hand_over("c"));
        assert_eq!(list(&mut world, &mut a), ["a Member", "b Admin", "c Owner"]);
        world.ok(&mut a, quit());
        world.refused(
            &mut a,
            api::GetGroupMemberList { group_id: group("g"), after: None, limit: 1 },
            Code::PermissionDenied,
        );
        world.ok(&mut c, dismiss());
        let expected = [
            "onGrantAdministrator",
            "onMemberInvited",
            "onMemberKicked",
            "onGrantAdministrator",
            "onRevokeAdministrator",
            "onGroupInfoChanged",
            "onMemberLeave",
            "onGroupDismissed",
        ];
        let told = world.events(&mut c);
        assert_eq!(told.iter().map(|delivery| delivery.event.method()).collect::<Vec<_>>(), expected);
        world.refused(&mut b, join(), Code::NotFound);
        world.refused(&mut b, dismiss(), Code::NotFound);
    }
}

#[test]
fn leaving_a_group_ends_its_ringing() {
    let mut world = World::new();
    let (mut t, mut a, mut b) = (world.online("t"), world.online("a"), world.online("b"));
    world.ok(&mut t, create_group(GroupType::Meeting, &["a", "b"]));
    world.ok(&mut t, invite_in_group("i", &["a", "b"]));
    world.ok(&mut a, invite_in_group("j", &["b"]));
    for phone in [&mut t, &mut a, &mut b] {
        world.lines(phone);
    }
    world.ok(&mut a, quit());
    let timed_out = "4 onInvitationTimeout";
    assert_eq!(world.lines(&mut a), [timed_out, "5 onInvitationCancelled", "6 onQuitFromGroup"]);
    assert_eq!(world.lines(&mut b), [timed_out, "5 onInvitationCancelled", "6 onMemberLeave"]);
    world.refused(&mut b, accept("j"), Code::InvalidInviteId);
    world.refused(&mut a, accept("i"), Code::InvalidInviteId);
    world.ok(&mut t, dismiss());
    assert_eq!(world.lines(&mut b), ["7 onInvitationCancelled", "8 onGroupDismissed"]);
    world.refused(&mut b, accept("i"), Code::InvalidInviteId);
    assert_eq!(world.logic().book.next_deadline(), None);
}

#[test]
fn a_group_is_full_at_some_point() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create_group(GroupType::Public, &[]));
    let crowd = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         INSERT INTO accounts (user, display_name, folded, created_ms) SELECT 'u' || i, 'U', '', 0 FROM n;
         INSERT INTO members SELECT 'g', user, 0 FROM accounts WHERE user LIKE 'u%'",
        limits::GROUP_MEMBERS_MAX - 1
    );
    world.logic().store.execute(&crowd);
    world.refused(&mut b, join(), Code::GroupFull);
    world.refused(&mut a, bring(&["b"]), Code::GroupFull);
    world.ok(&mut a, kick(&["u7"]));
    assert!(!world.ok(&mut b, join()).joined);
    world.logic().store.execute("INSERT INTO members VALUES ('g', 'u7', 0)");
    world.refused(&mut a, decide_yes("b"), Code::GroupFull);
    assert_eq!(open_applications(&mut world, &mut a, false), ["b "], "it is still open");
    world.ok(&mut a, kick(&["u7"]));
    world.ok(&mut a, decide_yes("b"));
}

#[test]
fn an_application_is_decided_once() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    let mut d = world.online("d");
    world.ok(&mut a, create_group(GroupType::Public, &["b", "d"]));
    world.ok(&mut a, role("b", Role::Admin));
    for phone in [&mut a, &mut b, &mut d] {
        world.lines(phone);
    }
    let apply = api::JoinGroup { message: "please".into(), ..join() };
    assert!(!world.ok(&mut c, apply.clone()).joined);
    world.refused(&mut c, apply, Code::InvalidOperation);
    assert_eq!(world.lines(&mut a), ["3 onReceiveJoinApplication"]);
    assert_eq!(world.lines(&mut b), ["3 onReceiveJoinApplication"]);
    assert_eq!((world.lines(&mut c), world.lines(&mut d)), (no_lines(), no_lines()));
    for (phone, own, listed) in
        [(&mut a, false, vec!["c please"]), (&mut b, false, vec!["c please"]), (&mut d, false, vec![])]
    {
        assert_eq!(open_applications(&mut world, phone, own), listed);
    }
    assert_eq!(open_applications(&mut world, &mut c, true), ["c please"]);
    world.refused(&mut d, decide_yes("c"), Code::PermissionDenied);
    world.refused(&mut c, decide_yes("c"), Code::PermissionDenied);
    world.refused(&mut a, decide_yes("d"), Code::AlreadyProcessed);

    // Two administrators at once: whoever is first in the queue decides.
    world.run(vec![
        Input::Request { conn: b.conn, id: 9_001, request: decide_no("c").into() },
        Input::Request { conn: a.conn, id: 9_002, request: decide_yes("c").into() },
    ]);
    world.reply::<api::Empty>(&mut b, 9_001).expect("first");
    let second = world.reply::<api::Empty>(&mut a, 9_002).expect_err("second");
    assert!(second.is(Code::AlreadyProcessed), "{second}");
    for phone in [&mut a, &mut b, &mut c] {
        let told = world.events(phone);
        let [Delivery { event: Event::ApplicationProcessed(processed), .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&processed.op_user, &processed.user_id), (&user("b"), &user("c")));
        assert_eq!((processed.is_agree_join, processed.op_reason.as_str()), (false, "full"));
    }
    assert_eq!(list(&mut world, &mut a), ["a Owner", "b Admin", "d Member"]);

    // Refused, one may ask again.
    world.ok(&mut c, join());
    world.ok(&mut a, decide_yes("c"));
    assert_eq!(world.lines(&mut c), ["2 onApplicationProcessed", "3 onMemberEnter"]);
    assert_eq!(world.lines(&mut d), ["3 onMemberEnter"]);
    world.refused(&mut c, join(), Code::AlreadyMember);
}

#[test]
fn an_application_ends_when_it_is_pointless() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.ok(&mut a, create_group(GroupType::Public, &[]));
    world.refused(&mut b, take_back(), Code::AlreadyProcessed);
    world.ok(&mut b, join());
    world.ok(&mut b, take_back());
    world.refused(&mut a, decide_yes("b"), Code::AlreadyProcessed);
    let ended = ["onReceiveJoinApplication", "onApplicationProcessed"];
    let methods = |told: Vec<Delivery>| told.iter().map(|delivery| delivery.event.method()).collect::<Vec<_>>();
    assert_eq!(methods(world.events(&mut a))[1..], ended);
    assert_eq!(methods(world.events(&mut b)), ended[1..]);

    world.ok(&mut b, join());
    world.ok(&mut a, bring(&["b"]));
    assert_eq!(methods(world.events(&mut b)), ["onApplicationProcessed", "onMemberInvited"]);
    world.refused(&mut a, decide_no("b"), Code::AlreadyProcessed);

    world.ok(&mut c, join());
    world.ok(&mut a, hand_over("b"));
    assert_eq!(open_applications(&mut world, &mut a, false), no_lines(), "an ordinary member decides nothing");
    assert_eq!(open_applications(&mut world, &mut b, false), ["c "]);
    world.ok(&mut b, dismiss());
    assert_eq!(methods(world.events(&mut c)), ["onApplicationProcessed"]);
    assert_eq!(open_applications(&mut world, &mut c, true), no_lines());
}

#[test]
fn who_may_change_what_a_group_says_about_itself() {
    for (kind, ordinary_may) in [(GroupType::Work, true), (GroupType::Public, false), (GroupType::Meeting, false)] {
        let mut world = World::new();
        let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
        world.ok(&mut a, create_group(kind, &["b"]));
        world.refused(&mut c, rename("Mine"), Code::PermissionDenied);
        if !ordinary_may {
            world.refused(&mut b, rename("Ours"), Code::PermissionDenied);
            world.ok(&mut a, role("b", Role::Admin));
        }
        world.events(&mut a);
        world.ok(&mut b, rename("Ours"));
        world.ok(&mut b, rename("Ours"));
        world.ok(&mut b, api::SetGroupInfo { introduction: Some("all of us".into()), ..change() });
        let nowhere = format!("{}{}", api::PICTURE_SCHEME, "0".repeat(64));
        world.refused(&mut b, api::SetGroupInfo { face_url: Some(nowhere), ..change() }, Code::InvalidParameters);
        let told: Vec<_> = world.events(&mut a).into_iter().map(|delivery| delivery.event).collect();
        let [Event::GroupInfoChanged(first), Event::GroupInfoChanged(second)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((first.group_name.as_str(), &first.introduction, &first.owner), ("Ours", &None, &None));
        assert_eq!(second.introduction.as_deref(), Some("all of us"));
    }
}

#[test]
fn strangers_see_little_and_find_public_groups_only() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    for (id, kind, name) in [
        ("p", GroupType::Public, "Ærø walkers"),
        ("q", GroupType::Public, "Chess"),
        ("m", GroupType::Meeting, "Ærø class"),
        ("w", GroupType::Work, "Ærø work"),
    ] {
        let create = api::CreateGroup { group_id: Some(group(id)), group_name: name.into(), ..create_group(kind, &[]) };
        world.ok(&mut a, create);
    }
    let search = |query: &str| api::SearchGroups { query: query.into(), after: None, limit: 10 };
    let found = world.ok(&mut b, search("ÆRØ")).groups;
    assert_eq!(found.iter().map(|found| found.group_id.as_str()).collect::<Vec<_>>(), ["p"]);
    assert_eq!((&found[0].owner, found[0].role, found[0].member_count), (&None, None, 1));
    let page = world.ok(&mut b, api::SearchGroups { limit: 1, ..search("") });
    assert!(page.more);
    let after = Some(page.groups[0].group_id.clone());
    let page = world.ok(&mut b, api::SearchGroups { after, limit: 1, ..search("") });
    assert!(!page.more && page.groups[0].group_id == group("q"));

    let first = world.ok(&mut a, api::GetJoinedGroupList { limit: 3, ..joined_groups() });
    assert!(first.more);
    let after = first.groups.last().map(|info| info.group_id.clone());
    let rest = world.ok(&mut a, api::GetJoinedGroupList { after, ..joined_groups() });
    assert_eq!((rest.groups.len(), &rest.groups[0].group_id, rest.more), (1, &group("w"), false));

    let all = api::GetGroupsInfo { group_id_list: ["p", "m", "w", "x"].map(group).to_vec() };
    let seen = |groups: Vec<api::GroupInfo>| {
        groups.iter().map(|info| format!("{} {:?}", info.group_id, info.role)).collect::<Vec<_>>()
    };
    assert_eq!(seen(world.ok(&mut b, all.clone()).groups), ["p None", "m None"]);
    let owner = Some(Role::Owner);
    assert_eq!(seen(world.ok(&mut a, all).groups), ["p", "m", "w"].map(|id| format!("{id} {owner:?}")));
}

#[test]
fn a_code_is_made_typed_and_not_guessed() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    let create = api::CreateGroup { group_id: None, ..create_group(GroupType::Meeting, &[]) };
    let code = world.ok(&mut a, create.clone()).group_id;
    assert_eq!(GroupId::from_typed(code.as_str()), Some(code.clone()));
    assert_ne!(world.ok(&mut a, create).group_id, code);
    let typed = |text: &str| api::JoinGroup { group_id: group(text), message: String::new() };
    let info = |text: &str| api::GetGroupsInfo { group_id_list: vec![group(text)] };
    for n in 0..9 {
        world.refused(&mut b, typed(&format!("guess {n}")), Code::NotFound);
    }
    assert_eq!(world.ok(&mut b, info("another")).groups, []);
    world.refused(&mut b, typed(&code.spoken().to_lowercase()), Code::FrequencyLimit);
    world.refused(&mut b, info(code.as_str()), Code::FrequencyLimit);
    world.ok(&mut a, info(code.as_str()));
    world.wait(60_000);
    assert_eq!(
        world.ok(&mut b, typed(&code.spoken().to_lowercase())),
        api::JoinGroupReply { group_id: code, joined: true }
    );
}

#[test]
fn pictures_are_looked_at_from_outside_and_kept_while_a_group_has_them() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut world = World::new();
    let mut a = world.online("a");
    let upload = |bytes: &[u8]| api::UploadPicture { data: STANDARD.encode(bytes) };
    let jpeg = |n: u8| [b"\xff\xd8\xff".as_slice(), &[n]].concat();
    world.refused(&mut a, api::UploadPicture { data: "no base64!".into() }, Code::InvalidParameters);
    world.refused(&mut a, upload(b"GIF89a"), Code::InvalidParameters);
    let mut large = jpeg(0);
    large.resize(limits::PICTURE_MAX_BYTES + 1, 0);
    world.refused(&mut a, upload(&large), Code::InvalidParameters);
    large.pop();
    world.ok(&mut a, upload(&large));

    let kept = world.ok(&mut a, upload(&jpeg(1))).face_url;
    let create = api::CreateGroup { face_url: kept.clone(), ..create_group(GroupType::Work, &[]) };
    world.ok(&mut a, create);
    let urls: Vec<String> = (2..=10).map(|n| world.ok(&mut a, upload(&jpeg(n))).face_url).collect();
    let get = |face_url: &String| api::GetPicture { face_url: face_url.clone() };
    assert_eq!(world.ok(&mut a, get(&kept)).data, STANDARD.encode(jpeg(1)));
    world.refused(&mut a, get(&urls[0]), Code::NotFound);
    world.ok(&mut a, get(&urls[1]));
    world.wait(26 * 60 * 60 * 1_000);
    world.refused(&mut a, get(&urls[8]), Code::NotFound);
    world.ok(&mut a, get(&kept));
    world.ok(&mut a, api::SetGroupInfo { face_url: Some(String::new()), ..change() });
    world.wait(2 * 60 * 60 * 1_000);
    world.refused(&mut a, get(&kept), Code::NotFound);
}
