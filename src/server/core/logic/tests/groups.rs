//! Who may do what in a group, and who is told.

use super::*;
use crate::protocol::{api::Role, limits};

fn join() -> api::JoinGroup {
    api::JoinGroup { group_id: group("g") }
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
    let groups = world.ok(&mut b, api::GetJoinedGroupList {}).groups;
    assert_eq!((groups[0].owner.clone(), groups[0].role, groups[0].member_count), (None, Role::Member, 1));
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
        for phone in [&mut b, &mut c] {
            world.ok(phone, join());
        }
        world.refused(&mut b, join(), Code::AlreadyMember);
        assert_eq!(world.lines(&mut c), ["1 onMemberEnter"]);
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
    world.ok(&mut b, join());
}
