//! What is known of the groups: kept from listings and from the events that follow them. No I/O, no time.
//!
//! A listing is asked for and answered page by page. The answers come in order with the events, so that a page is true
//! for its part of the list at the moment when it comes in, whatever happened between it and the page before.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::{Bound, RangeBounds},
    sync::Arc,
};

use crate::{
    engine::picture::Picture,
    protocol::{
        GroupId, UserId,
        api::{self, GroupApplication, GroupInfo, GroupPage, MemberPage, Role},
    },
};

use super::view::{Application, Applied, FoundGroup, Group, GroupNews, GroupNotice, GroupSearch, Member};

/// Pictures kept; with one more, the one that came first is forgotten.
const PICTURES_MAX: usize = 128;

/// What is to be asked of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Ask {
    /// The own groups behind one.
    Groups(Option<GroupId>),
    /// One group that this user is in now.
    Group(GroupId),
    /// Its members behind one.
    Members(GroupId, Option<UserId>),
    /// Open applications behind one: own ones, or those to decide.
    Applications { own: bool, after: u64 },
    /// A picture.
    Picture(String),
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) info: GroupInfo,
    pub(super) role: Role,
    pub(super) members: BTreeMap<UserId, Member>,
    /// All members are there.
    pub(super) whole: bool,
    pub(super) applications: Vec<Application>,
    /// As last shown; none if it has changed.
    pub(super) shown: Option<Arc<Vec<Member>>>,
}

/// The groups of one account.
#[derive(Debug, Default)]
pub(in crate::engine) struct Groups {
    pub(super) known: BTreeMap<GroupId, Known>,
    pub(super) applied: BTreeMap<GroupId, String>,
    pub(super) search: GroupSearch,
    pub(super) found: Vec<GroupInfo>,
    pub(super) pictures: BTreeMap<String, Option<Picture>>,
    /// Their addresses in the order in which they came.
    pub(super) order: VecDeque<String>,
    pub(super) asks: VecDeque<Ask>,
    /// Groups that somebody brought this user into, told of once their names are known.
    pub(super) added_by: BTreeMap<GroupId, UserId>,
    /// Groups that have let this user in, which is told already.
    pub(super) let_in: BTreeSet<GroupId>,
    pub(super) shown: Arc<Vec<Group>>,
    pub(super) shown_applied: Arc<[Applied]>,
    pub(super) stale: bool,
}

impl Groups {
    /// Nothing is known any more, as after a change of server.
    pub(in crate::engine) fn clear(&mut self) {
        *self = Self { stale: true, ..Self::default() };
    }

    pub(in crate::engine) fn knows(&self, id: &GroupId) -> bool {
        self.known.contains_key(id)
    }

    // ---- what is to be asked -----------------------------------------------------------------------------------------

    /// The connection is there (again): everything is asked for.
    pub(in crate::engine) fn list(&mut self) {
        self.asks = VecDeque::from([Ask::Groups(None)]);
        self.ask_for_applications(true);
        self.ask_for_applications(false);
    }

    /// What to ask next.
    pub(in crate::engine) fn next_ask(&mut self) -> Option<Ask> {
        self.asks.pop_front()
    }

    /// It could not be answered now.
    pub(in crate::engine) fn ask_again(&mut self, ask: Ask) {
        self.asks.push_front(ask);
    }

    /// The connection is gone; it is all asked again when it is back.
    pub(in crate::engine) fn ask_nothing(&mut self) {
        self.asks.clear();
    }

    pub(super) fn ask(&mut self, ask: Ask) {
        if !self.asks.contains(&ask) {
            self.asks.push_back(ask);
        }
    }

    pub(in crate::engine) fn ask_for_applications(&mut self, own: bool) {
        self.ask(Ask::Applications { own, after: 0 });
    }

    pub(super) fn ask_for_picture(&mut self, url: &str) {
        if !url.is_empty() && !self.pictures.contains_key(url) {
            self.ask(Ask::Picture(url.to_owned()));
        }
    }

    // ---- answers -----------------------------------------------------------------------------------------------------

    /// The own groups behind `after`; what the person should be told of.
    pub(in crate::engine) fn listed(&mut self, after: Option<&GroupId>, page: GroupPage) -> Vec<GroupNotice> {
        let last = page.groups.last().map(|info| info.group_id.clone());
        let range = part(after, last, page.more);
        let listed: BTreeSet<&GroupId> = page.groups.iter().map(|info| &info.group_id).collect();
        self.known.retain(|id, _| !range.contains(id) || listed.contains(id));
        self.stale = true;
        if let Bound::Included(last) = range.1 {
            self.asks.push_front(Ask::Groups(Some(last)));
        }
        page.groups.into_iter().filter_map(|info| self.learn(info)).collect()
    }

    /// One group; what the person should be told of.
    pub(in crate::engine) fn learn(&mut self, info: GroupInfo) -> Option<GroupNotice> {
        // Without a role this user is out again already.
        let role = info.role?;
        let id = info.group_id.clone();
        let added_by = self.added_by.remove(&id);
        let notice = added_by.map(|by| GroupNotice { group: info.group_name.clone(), by, what: GroupNews::Added });
        self.ask(Ask::Members(id.clone(), None));
        self.ask_for_picture(&info.face_url);
        let before = self.known.get(&id).map(|known| known.role);
        if role != Role::Member && before != Some(role) {
            self.ask_for_applications(false);
        }
        match self.known.get_mut(&id) {
            Some(known) => (known.info, known.role, known.whole) = (info, role, false),
            None => {
                let (members, applications) = (BTreeMap::new(), Vec::new());
                let known = Known { info, role, members, whole: false, applications, shown: None };
                self.known.insert(id, known);
            }
        }
        self.stale = true;
        notice
    }

    /// The members of a group behind `after`.
    pub(in crate::engine) fn members_listed(&mut self, id: &GroupId, after: Option<&UserId>, page: MemberPage) {
        let Some(known) = self.known.get_mut(id) else { return };
        let last = page.members.last().map(|member| member.user_id.clone());
        let range = part(after, last, page.more);
        known.members.retain(|user, _| !range.contains(user));
        known.members.extend(page.members.into_iter().map(|member| {
            let api::Member { user_id: user, display_name, role } = member;
            (user.clone(), Member { user, display_name, role })
        }));
        known.whole = range.1 == Bound::Unbounded;
        known.shown = None;
        self.stale = true;
        if let Bound::Included(last) = range.1 {
            // Before other groups: a page that comes soon is a short time in which the list is half old.
            self.asks.push_front(Ask::Members(id.clone(), Some(last)));
        }
    }

    /// Open applications behind `after`.
    pub(in crate::engine) fn applications_listed(&mut self, own: bool, after: u64, page: api::ApplicationPage) {
        if after == 0 && own {
            self.applied.clear();
        } else if after == 0 {
            self.known.values_mut().for_each(|known| known.applications.clear());
        }
        if let Some(last) = page.applications.last().filter(|last| page.more && last.number > after) {
            self.asks.push_front(Ask::Applications { own, after: last.number });
        }
        for GroupApplication { group_id, group_name, user_id: user, display_name, message, time, .. } in
            page.applications
        {
            if own {
                self.applied.insert(group_id, group_name);
            } else {
                self.applicant(&group_id, Application { user, display_name, message, time_ms: time });
            }
        }
        self.stale = true;
    }

    pub(super) fn applicant(&mut self, id: &GroupId, application: Application) {
        if let Some(known) = self.known.get_mut(id) {
            known.applications.retain(|other| other.user != application.user);
            known.applications.push(application);
            self.stale = true;
        }
    }

    /// A picture came, or cannot be had.
    pub(in crate::engine) fn picture_came(&mut self, url: String, picture: Option<Picture>) {
        if self.pictures.insert(url.clone(), picture).is_none() {
            self.order.push_back(url);
        }
        if self.order.len() > PICTURES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.pictures.remove(&oldest);
        }
        self.stale = true;
    }

    /// A search begins.
    pub(in crate::engine) fn search(&mut self, query: String) {
        self.search = GroupSearch { query: Some(query), searching: true, ..std::mem::take(&mut self.search) };
    }

    /// Its answer; one to an earlier search comes too late.
    pub(in crate::engine) fn searched(&mut self, query: &str, page: GroupPage) {
        if self.search.query.as_deref() != Some(query) {
            return;
        }
        (self.search.searching, self.search.more) = (false, page.more);
        for info in &page.groups {
            self.ask_for_picture(&info.face_url);
        }
        self.found = page.groups;
        self.found.sort_by_cached_key(|info| (info.group_name.to_lowercase(), info.group_id.clone()));
        self.stale = true;
    }

    // ---- what is shown -----------------------------------------------------------------------------------------------

    /// The groups in the order of their names, the own applications, and the search.
    pub(in crate::engine) fn shown(&mut self) -> (Arc<Vec<Group>>, Arc<[Applied]>, GroupSearch) {
        if std::mem::take(&mut self.stale) {
            let pictures = &self.pictures;
            let picture = |info: &GroupInfo| pictures.get(&info.face_url).cloned().flatten();
            let mut groups: Vec<Group> =
                self.known.values_mut().map(|known| known.show(picture(&known.info))).collect();
            groups.sort_by_cached_key(|group| (group.name.to_lowercase(), group.id.clone()));
            self.shown = groups.into();
            let mut applied: Vec<Applied> =
                self.applied.iter().map(|(id, name)| Applied { id: id.clone(), name: name.clone() }).collect();
            applied.sort_by_cached_key(|applied| (applied.name.to_lowercase(), applied.id.clone()));
            self.shown_applied = applied.into();
            let found = self.found.iter().map(|info| FoundGroup {
                id: info.group_id.clone(),
                name: info.group_name.clone(),
                introduction: info.introduction.clone(),
                picture: picture(info),
                member_count: info.member_count,
            });
            self.search.found = found.collect();
        }
        (self.shown.clone(), self.shown_applied.clone(), self.search.clone())
    }
}

/// The part of a list that a page is true for: up to its last entry if there is more, otherwise to the end.
fn part<T: Ord + Clone>(after: Option<&T>, last: Option<T>, more: bool) -> (Bound<T>, Bound<T>) {
    // A page that ends where it begins would be asked for again and again.
    let last = last.filter(|last| more && after.is_none_or(|after| last > after));
    (after.cloned().map_or(Bound::Unbounded, Bound::Excluded), last.map_or(Bound::Unbounded, Bound::Included))
}

impl Known {
    fn show(&mut self, picture: Option<Picture>) -> Group {
        let members = self.shown.get_or_insert_with(|| {
            let mut members: Vec<Member> = self.members.values().cloned().collect();
            members.sort_by_cached_key(|member| (member.display_name.to_lowercase(), member.user.clone()));
            members.into()
        });
        Group {
            id: self.info.group_id.clone(),
            kind: self.info.group_type,
            name: self.info.group_name.clone(),
            introduction: self.info.introduction.clone(),
            picture,
            owner: self.info.owner.clone(),
            role: self.role,
            members: members.clone(),
            member_count: if self.whole { self.members.len() } else { self.info.member_count },
            applications: self.applications.clone().into(),
        }
    }
}
