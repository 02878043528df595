//! The keeper of groups, event by event.

use super::{
    keep::{Ask, Groups},
    view::{GroupNews, GroupNotice},
};
use crate::{
    engine::people::People,
    protocol::{
        Event, GroupId, UserId,
        api::{ApplicationPage, GroupApplication, GroupInfo, GroupPage, GroupType, Member, MemberPage, Role},
        event::{
            ApplicationProcessed, GroupChange, GroupInfoChange, GroupMembers, JoinApplication, Presence, UserStatus,
            UserStatusChanged,
        },
    },
};

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn group(name: &str) -> GroupId {
    GroupId::new(name).expect("valid")
}

fn info(id: &str, name: &str, role: Role) -> GroupInfo {
    GroupInfo {
        group_id: group(id),
        group_type: GroupType::Public,
        group_name: name.into(),
        introduction: String::new(),
        face_url: String::new(),
        owner: Some(user(if role == Role::Owner { "me" } else { "o" })),
        member_count: 3,
        role: Some(role),
    }
}

fn list(groups: &[(&str, Role)], more: bool) -> GroupPage {
    GroupPage { groups: groups.iter().map(|(id, role)| info(id, "Chess", *role)).collect(), more }
}

fn page(members: &[(&str, Role)], more: bool) -> MemberPage {
    let member = |(id, role): &(&str, Role)| Member { user_id: user(id), display_name: id.to_uppercase(), role: *role };
    MemberPage { members: members.iter().map(member).collect(), more }
}

fn members(id: &str, op: &str, who: &[&str]) -> GroupMembers {
    GroupMembers { group_id: group(id), op_user: user(op), member_list: who.iter().map(|name| user(name)).collect() }
}

fn change(id: &str, op: &str) -> GroupInfoChange {
    GroupInfoChange {
        group_id: group(id),
        op_user: user(op),
        group_name: "Chess".into(),
        introduction: None,
        face_url: None,
        owner: None,
    }
}

/// A keeper that has listed one group with its owner, this user and one more.
struct Kept(Groups, People);

impl Kept {
    fn new(role: Role) -> Self {
        let mut groups = Groups::default();
        groups.list();
        assert_eq!(groups.next_ask(), Some(Ask::Groups(None)));
        assert!(groups.listed(None, list(&[("g", role)], false)).is_empty());
        let mut kept = Self(groups, People::default());
        assert_eq!(
            kept.asks(),
            [
                Ask::Applications { own: true, after: 0 },
                Ask::Applications { own: false, after: 0 },
                Ask::Members(group("g"), None)
            ]
        );
        let owner = if role == Role::Owner { ("o", Role::Member) } else { ("o", Role::Owner) };
        kept.0.members_listed(&group("g"), None, page(&[("b", Role::Member), ("me", role), owner], false));
        kept
    }

    fn asks(&mut self) -> Vec<Ask> {
        std::iter::from_fn(|| self.0.next_ask()).collect()
    }

    fn event(&mut self, event: Event) -> Option<GroupNotice> {
        self.0.event(&event, 7, &user("me"), &self.1)
    }

    /// The members of the only group, and how many.
    fn shown(&mut self) -> (Vec<String>, usize) {
        let (groups, ..) = self.0.shown();
        let [group] = &groups[..] else { panic!("{groups:?}") };
        let members = group.members.iter().map(|member| format!("{} {:?}", member.display_name, member.role));
        (members.collect(), group.member_count)
    }

    fn applicants(&mut self) -> Vec<String> {
        self.0.shown().0[0].applications.iter().map(|application| application.user.to_string()).collect()
    }
}

#[test]
fn groups_are_shown_by_name_with_members_by_name() {
    let mut kept = Kept::new(Role::Member);
    kept.0.learn(info("a", "apes", Role::Member));
    let (groups, ..) = kept.0.shown();
    assert_eq!(groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["apes", "Chess"]);
    assert_eq!((groups[0].member_count, groups[0].members.len()), (3, 0), "not listed yet");
    assert_eq!(groups[1].members.iter().map(|member| member.user.as_str()).collect::<Vec<_>>(), ["b", "me", "o"]);
}

#[test]
fn members_come_go_and_change_as_events_say() {
    let mut kept = Kept::new(Role::Admin);
    kept.1.update([UserStatus { user_id: user("c"), display_name: "Cleo".into(), presence: Presence::Online }]);
    assert_eq!(kept.event(Event::MemberEnter(members("g", "c", &["c"]))), None);
    kept.event(Event::MemberInvited(members("g", "o", &["d"])));
    kept.event(Event::MemberLeave(members("g", "b", &["b"])));
    kept.event(Event::GrantAdministrator(members("g", "o", &["c"])));
    assert_eq!(kept.shown(), (vec!["Cleo Admin".into(), "d Member".into(), "ME Admin".into(), "O Owner".into()], 4));
    kept.event(Event::MemberKicked(members("g", "me", &["d"])));
    kept.event(Event::RevokeAdministrator(members("g", "o", &["c"])));
    let renamed = UserStatus { user_id: user("c"), display_name: "Zoe".into(), presence: Presence::Offline };
    kept.event(Event::UserStatusChanged(UserStatusChanged { user_status_list: vec![renamed] }));
    assert_eq!(kept.shown(), (vec!["ME Admin".into(), "O Owner".into(), "Zoe Member".into()], 3));
}

#[test]
fn a_page_is_true_for_its_part_only() {
    let mut kept = Kept::new(Role::Member);
    // While it is listed anew, the connection was gone and a lot has changed.
    kept.0.learn(info("g", "Chess", Role::Member));
    kept.0.members_listed(&group("g"), None, page(&[("a", Role::Member), ("c", Role::Member)], true));
    assert_eq!(kept.0.next_ask(), Some(Ask::Members(group("g"), Some(user("c")))));
    // Between the pages somebody of the first one leaves, and somebody behind it comes.
    kept.event(Event::MemberLeave(members("g", "a", &["a"])));
    kept.event(Event::MemberEnter(members("g", "d", &["d"])));
    let second = page(&[("d", Role::Member), ("me", Role::Member)], false);
    kept.0.members_listed(&group("g"), Some(&user("c")), second);
    assert_eq!(kept.shown(), (vec!["C Member".into(), "D Member".into(), "ME Member".into()], 3));
    // So it is with the groups themselves.
    kept.0.listed(None, list(&[("a", Role::Member), ("b", Role::Member)], true));
    assert_eq!(kept.0.next_ask(), Some(Ask::Groups(Some(group("b")))));
    assert!(kept.0.knows(&group("g")), "it may stand on the next page");
    kept.0.listed(Some(&group("b")), list(&[("h", Role::Member)], false));
    assert!(!kept.0.knows(&group("g")) && kept.0.knows(&group("a")) && kept.0.knows(&group("h")));
    kept.0.listed(None, list(&[("g", Role::Member)], false));
    // A server that repeats itself is not asked for ever.
    kept.asks();
    kept.0.members_listed(&group("g"), Some(&user("me")), page(&[("c", Role::Member)], true));
    kept.0.listed(Some(&group("g")), GroupPage { groups: Vec::new(), more: true });
    assert_eq!(kept.asks(), []);
}

#[test]
fn what_happens_to_this_user_is_told() {
    let notice = |what| Some(GroupNotice { group: "Chess".into(), by: user("o"), what });
    let created = |op: &str| {
        Event::GroupCreated(GroupChange { group_id: group("n"), op_user: user(op), group_name: "Chess".into() })
    };
    let mut kept = Kept::new(Role::Member);
    assert_eq!(kept.event(created("o")), notice(GroupNews::Added));
    assert_eq!(kept.event(created("me")), None);
    assert_eq!(kept.asks(), [Ask::Group(group("n"))]);

    assert_eq!(kept.event(Event::MemberInvited(members("h", "o", &["me"]))), None, "its name is not known");
    assert_eq!(kept.0.learn(info("h", "Chess", Role::Member)), notice(GroupNews::Added));
    assert_eq!(kept.0.learn(info("h", "Chess", Role::Member)), None, "once");
    assert_eq!(kept.event(Event::MemberKicked(members("h", "o", &["b", "me"]))), notice(GroupNews::Removed));
    assert!(!kept.0.knows(&group("h")));

    assert_eq!(kept.event(Event::GrantAdministrator(members("g", "o", &["me"]))), notice(GroupNews::NowAdmin));
    let handed = GroupInfoChange { owner: Some(user("me")), ..change("g", "o") };
    assert_eq!(kept.event(Event::GroupInfoChanged(handed)), notice(GroupNews::NowOwner));
    assert_eq!(kept.shown().0, ["B Member", "ME Owner", "O Member"]);
    let gone = GroupChange { group_id: group("g"), op_user: user("o"), group_name: "Chess".into() };
    assert_eq!(kept.event(Event::GroupDismissed(gone)), notice(GroupNews::Dismissed));
    assert_eq!(kept.0.shown().0.len(), 0);
}

#[test]
fn applications_are_for_those_who_decide() {
    let mut kept = Kept::new(Role::Owner);
    let listed = |number, name: &str| GroupApplication {
        number,
        group_id: group("g"),
        group_name: "Chess".into(),
        user_id: user(name),
        display_name: name.into(),
        message: String::new(),
        time: 1,
    };
    let page = |applications, more| ApplicationPage { applications, more };
    kept.0.applications_listed(false, 0, page(vec![listed(3, "x")], true));
    assert_eq!(kept.asks(), [Ask::Applications { own: false, after: 3 }]);
    kept.0.applications_listed(false, 3, page(vec![listed(4, "y")], false));
    let new = JoinApplication {
        group_id: group("g"),
        group_name: "Chess".into(),
        user_id: user("z"),
        display_name: "Zoe".into(),
        message: "hello".into(),
    };
    let told = kept.event(Event::ReceiveJoinApplication(new)).expect("a notice");
    assert_eq!((told.by, told.what), (user("z"), GroupNews::Applicant("Zoe".into())));
    assert_eq!(kept.applicants(), ["x", "y", "z"]);
    let processed = |name: &str, op: &str, agreed| {
        Event::ApplicationProcessed(ApplicationProcessed {
            group_id: group("g"),
            group_name: "Chess".into(),
            op_user: user(op),
            user_id: user(name),
            is_agree_join: agreed,
            op_reason: "full".into(),
        })
    };
    assert_eq!(kept.event(processed("y", "b", true)), None);
    assert_eq!(kept.applicants(), ["x", "z"]);
    kept.event(Event::GroupInfoChanged(GroupInfoChange { owner: Some(user("b")), ..change("g", "me") }));
    assert_eq!(kept.applicants(), [""; 0], "handed over");

    kept.0.applications_listed(true, 0, page(vec![listed(5, "me")], false));
    assert_eq!(kept.0.shown().1[0].name, "Chess");
    let told = kept.event(processed("me", "b", false)).expect("a notice");
    assert_eq!(told.what, GroupNews::TurnedDown("full".into()));
    assert_eq!(kept.0.shown().1.len(), 0);
    assert_eq!(kept.event(processed("me", "me", false)), None, "taken back");

    // Brought in by whoever might have decided: told once.
    assert_eq!(kept.event(processed("me", "b", true)).map(|told| told.what), Some(GroupNews::LetIn));
    kept.event(Event::MemberInvited(members("h", "b", &["me"])));
    assert!(kept.0.learn(info("h", "Go", Role::Member)).is_some(), "another group");
    kept.event(Event::MemberInvited(members("g", "b", &["me"])));
    assert_eq!(kept.0.learn(info("g", "Chess", Role::Member)), None);
    // Whoever decides from the beginning asks for what is open.
    kept.asks();
    kept.0.learn(info("n", "New", Role::Admin));
    assert!(kept.asks().contains(&Ask::Applications { own: false, after: 0 }));
}

#[test]
fn what_a_group_says_about_itself_follows_and_searches_are_answered_once() {
    let mut kept = Kept::new(Role::Member);
    let url = format!("ahoy:{}", "0".repeat(64));
    let told = GroupInfoChange {
        group_name: "Go".into(),
        introduction: Some("on a board".into()),
        face_url: Some(url.clone()),
        ..change("g", "o")
    };
    kept.event(Event::GroupInfoChanged(told));
    assert_eq!(kept.asks(), [Ask::Picture(url.clone())]);
    kept.0.picture_came(url, None);
    let (groups, ..) = kept.0.shown();
    assert_eq!((&*groups[0].name, &*groups[0].introduction, &groups[0].picture), ("Go", "on a board", &None));

    kept.0.search("go".into());
    kept.0.search("chess".into());
    let found = |name: &str| GroupPage { groups: vec![info("p", name, Role::Member)], more: true };
    kept.0.searched("go", found("Go"));
    assert!(kept.0.shown().2.searching);
    kept.0.searched("chess", found("Chess"));
    let search = kept.0.shown().2;
    assert_eq!((search.searching, search.more, &*search.found[0].name), (false, true, "Chess"));
}
