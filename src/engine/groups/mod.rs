//! Groups: wishes go to the server, listings and events come back, and the keeper (`keep`) makes the picture of them.
//!
//! Listings are asked for one after the other, so that they never take the connection's whole allowance of requests.
//! Nothing is asked twice to see whether it has changed: events tell.

mod events;
mod keep;
#[cfg(test)]
mod tests;
pub(super) mod view;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    client::Client,
    protocol::{
        ApiError, Call, Code, Event, GroupId, Request,
        api::{
            AcceptGroupApplication, ApplicationPage, CancelGroupApplication, CreateGroup, DismissGroup,
            GetGroupApplicationList, GetGroupMemberList, GetGroupsInfo, GetJoinedGroupList, GetPicture, GroupList,
            GroupPage, InviteUserToGroup, JoinGroup, KickGroupMember, MemberPage, QuitGroup, RefuseGroupApplication,
            Role, SearchGroups, SetGroupInfo, SetGroupMemberRole, TransferGroupOwner, UploadPicture,
        },
        limits,
    },
};

use super::{
    actor::{Actor, Message},
    command::GroupCommand,
    picture::{Picture, Prepared},
    state::{NoticeKind, Problem},
};
use keep::Ask;
use view::GroupTask;

pub(super) use keep::Groups;

/// So many listings follow each other at once; the rest with pauses, well below what a server takes.
const AT_ONCE: u32 = 16;
const PAUSE: Duration = Duration::from_millis(100);
/// After a listing that failed though the connection is there, and how often it is tried again.
const PATIENCE: Duration = Duration::from_secs(2);
const TRIES: u32 = 5;
/// Public groups shown at once.
const FOUND_MAX: usize = 50;

/// How the listings stand.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// One is under way in this session.
    waiting: Option<u64>,
    /// How many there were since the connection came.
    asked: u32,
    /// How often the present one has failed.
    failed: u32,
    /// Counts the wishes for a new group: what comes of an earlier one is not the form's any more.
    wish: u64,
    /// A group made or joined that is not in the list yet.
    awaited: Option<GroupId>,
}

/// What comes back.
pub(super) enum News {
    /// A listing.
    Heard(Ask, Result<Heard, ApiError>),
    /// A search, by what was looked for.
    Found(String, Result<GroupPage, ApiError>),
    /// A group was made or joined (`true`), or applied to, for a wish of this number.
    Entered(u64, Result<(GroupId, bool), ApiError>),
    /// This device has applied to a group.
    Applied,
}

/// The answer to an [`Ask`].
pub(super) enum Heard {
    Groups(GroupPage),
    Group(GroupList),
    Members(MemberPage),
    Applications(ApplicationPage),
    Picture(Option<Picture>),
}

impl Actor {
    /// The connection is there with everything missed: whatever was known is asked for anew.
    pub(super) fn list_groups(&mut self) {
        self.groups.list();
        (self.listing.asked, self.listing.failed) = (0, 0);
        self.list_on();
    }

    /// Nobody is signed in any more.
    pub(super) fn forget_groups(&mut self) {
        self.groups.clear();
        self.listing = Listing::default();
        self.draft.group_task = GroupTask::Idle;
    }

    /// Asks for the next listing, unless one is under way.
    fn list_on(&mut self) {
        if self.listing.waiting == Some(self.link.generation) {
            return;
        }
        let Some(client) = self.link.client.clone() else { return };
        let Some(ask) = self.groups.next_ask() else { return };
        self.listing.waiting = Some(self.link.generation);
        self.listing.asked = self.listing.asked.saturating_add(1);
        let pause = match (self.listing.failed, self.listing.asked) {
            (1.., _) => PATIENCE,
            (0, ..=AT_ONCE) => Duration::ZERO,
            (0, _) => PAUSE,
        };
        let generation = self.link.generation;
        let answer = Box::pin(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let heard = hear(&client, &ask).await;
            Message::Groups(generation, News::Heard(ask, heard))
        });
        self.link.await_in_order(answer, &self.inbox);
    }

    /// An event, before the call machine gets it.
    pub(super) fn group_event(&mut self, event: &Event, time_ms: i64) {
        let Some(me) = self.draft.me.as_ref().map(|me| me.user.clone()) else { return };
        if let Some(notice) = self.groups.event(event, time_ms, &me, &self.people) {
            self.notify(NoticeKind::Group(notice));
        }
        self.list_on();
    }

    pub(super) fn group_news(&mut self, news: News) {
        match news {
            News::Heard(ask, Ok(heard)) => {
                (self.listing.waiting, self.listing.failed) = (None, 0);
                self.heard(ask, heard);
            }
            News::Heard(ask, Err(error)) => {
                self.listing.waiting = None;
                self.unheard(ask, &error);
            }
            News::Found(query, Ok(page)) => self.groups.searched(&query, page),
            News::Found(query, Err(error)) => {
                self.groups.searched(&query, GroupPage { groups: Vec::new(), more: false });
                self.fail(error);
            }
            News::Entered(wish, result) => self.entered_group(wish, result),
            News::Applied => self.groups.ask_for_applications(true),
        }
        if let Some(group) = self.listing.awaited.take_if(|group| self.groups.knows(group)) {
            self.finish(GroupTask::In(group));
        }
        self.list_on();
    }

    fn entered_group(&mut self, wish: u64, result: Result<(GroupId, bool), ApiError>) {
        let (shown, entered) = (wish == self.listing.wish, result.is_ok());
        match result {
            Ok((group, true)) if shown => self.listing.awaited = Some(group),
            Ok((group, false)) if shown => self.finish(GroupTask::Applied(group)),
            // Nobody looks at the form any more; the group shows in the list.
            Ok(_) => {}
            Err(error) if shown => {
                self.finish(GroupTask::Failed(Problem { code: error.code, detail: error.message }));
            }
            Err(error) => self.fail(error),
        }
        if entered {
            self.groups.ask_for_applications(true);
        }
    }

    /// The form is told.
    fn finish(&mut self, task: GroupTask) {
        self.draft.group_task = task;
    }

    /// A new wish, or none, takes the place of the last.
    fn begin(&mut self, task: GroupTask) {
        self.draft.group_task = task;
        self.listing.wish += 1;
        self.listing.awaited = None;
    }

    fn heard(&mut self, ask: Ask, heard: Heard) {
        match (ask, heard) {
            (Ask::Groups(after), Heard::Groups(page)) => {
                for notice in self.groups.listed(after.as_ref(), page) {
                    self.notify(NoticeKind::Group(notice));
                }
            }
            (Ask::Group(_), Heard::Group(list)) => {
                for info in list.groups {
                    if let Some(notice) = self.groups.learn(info) {
                        self.notify(NoticeKind::Group(notice));
                    }
                }
            }
            (Ask::Members(group, after), Heard::Members(page)) => {
                self.groups.members_listed(&group, after.as_ref(), page);
            }
            (Ask::Applications { own, after }, Heard::Applications(page)) => {
                self.groups.applications_listed(own, after, page);
            }
            (Ask::Picture(url), Heard::Picture(picture)) => self.groups.picture_came(url, picture),
            // `hear` answers what was asked.
            _ => {}
        }
    }

    fn unheard(&mut self, ask: Ask, error: &ApiError) {
        let over = [Code::Disconnected, Code::NotInitialized, Code::NotLoggedIn].iter().any(|code| error.is(*code));
        let again = [Code::FrequencyLimit, Code::RequestTimeout, Code::Internal].iter().any(|code| error.is(*code));
        if over {
            self.groups.ask_nothing();
        } else if again && self.listing.failed < TRIES {
            self.listing.failed += 1;
            self.groups.ask_again(ask);
        } else {
            // Of a group that this user has left meanwhile, or a picture that is gone.
            tracing::info!(code = error.code, "not listed: {}", error.message);
            self.listing.failed = 0;
            if let Ask::Picture(url) = ask {
                self.groups.picture_came(url, None);
            }
        }
    }

    /// A wish of the person in front.
    pub(super) fn group_command(&mut self, command: GroupCommand) {
        match command {
            GroupCommand::Create { kind, name, picture, members } => {
                self.begin(GroupTask::Working);
                self.enter_group(move |client| async move {
                    let face_url = match picture {
                        Some(picture) => upload(&client, &picture).await?,
                        None => String::new(),
                    };
                    let request = CreateGroup {
                        group_id: None,
                        group_type: kind,
                        group_name: name,
                        introduction: String::new(),
                        face_url,
                        member_list: members,
                    };
                    Ok((client.call(request).await?.group_id, true))
                });
            }
            GroupCommand::Join(typed) => {
                self.begin(GroupTask::Working);
                self.enter_group(move |client| async move {
                    let invalid = |error| ApiError::new(Code::InvalidParameters, format!("{error}."));
                    let group_id = GroupId::new(typed.trim()).map_err(invalid)?;
                    let reply = client.call(JoinGroup { group_id, message: String::new() }).await?;
                    Ok((reply.group_id, reply.joined))
                });
            }
            GroupCommand::EndTask => self.begin(GroupTask::Idle),
            GroupCommand::Apply { group_id, message } => {
                self.group_wish(JoinGroup { group_id, message }, Some(News::Applied));
            }
            GroupCommand::TakeBack(group_id) => self.group_wish(CancelGroupApplication { group_id }, None),
            GroupCommand::Search(query) => self.search_groups(query),
            GroupCommand::Leave(group_id) => self.group_wish(QuitGroup { group_id }, None),
            GroupCommand::Dismiss(group_id) => self.group_wish(DismissGroup { group_id }, None),
            GroupCommand::SetInfo { group_id, name, introduction } => {
                let (group_name, introduction) = (Some(name), Some(introduction));
                self.group_wish(SetGroupInfo { group_id, group_name, introduction, face_url: None }, None);
            }
            GroupCommand::SetPicture(group_id, picture) => self.set_group_picture(group_id, picture),
            GroupCommand::Invite(group_id, user_list) => {
                self.group_wish(InviteUserToGroup { group_id, user_list }, None)
            }
            GroupCommand::Remove(group_id, user) => {
                self.group_wish(KickGroupMember { group_id, member_list: vec![user] }, None);
            }
            GroupCommand::SetAdmin { group_id, user_id, admin } => {
                let role = if admin { Role::Admin } else { Role::Member };
                self.group_wish(SetGroupMemberRole { group_id, user_id, role }, None);
            }
            GroupCommand::Transfer(group_id, user_id) => {
                self.group_wish(TransferGroupOwner { group_id, user_id }, None)
            }
            GroupCommand::Decide { group_id, user_id, accept: true } => {
                self.group_wish(AcceptGroupApplication { group_id, user_id, message: String::new() }, None);
            }
            GroupCommand::Decide { group_id, user_id, accept: false } => {
                self.group_wish(RefuseGroupApplication { group_id, user_id, message: String::new() }, None);
            }
        }
    }

    /// Sends a request. What comes of it, events tell; `done` is what they do not.
    fn group_wish<C: Call + Into<Request>>(&mut self, request: C, done: Option<News>) {
        self.in_background(move |client| async move {
            client.call(request).await?;
            Ok(done)
        });
    }

    /// Works on something that only matters to the person if it fails.
    fn in_background<F>(&mut self, work: impl FnOnce(Client) -> F)
    where
        F: Future<Output = Result<Option<News>, ApiError>> + Send + 'static,
    {
        let Some(client) = self.link.client.clone() else {
            return self.fail(ApiError::new(Code::NotInitialized, "There is no server yet; sign in first."));
        };
        let (generation, inbox, work) = (self.link.generation, self.inbox.clone(), work(client));
        tokio::spawn(async move {
            let message = match work.await {
                Ok(None) => return,
                Ok(Some(news)) => Message::Groups(generation, news),
                Err(error) => Message::Failed(error),
            };
            let _ = inbox.send(message).await;
        });
    }

    /// Works on what the form about a new group waits for.
    fn enter_group<F>(&mut self, work: impl FnOnce(Client) -> F)
    where
        F: Future<Output = Result<(GroupId, bool), ApiError>> + Send + 'static,
    {
        let wish = self.listing.wish;
        self.in_background(move |client| {
            let work = work(client);
            async move { Ok(Some(News::Entered(wish, work.await))) }
        });
    }

    fn search_groups(&mut self, query: String) {
        self.groups.search(query.clone());
        self.in_background(move |client| async move {
            let request = SearchGroups { query: query.clone(), after: None, limit: FOUND_MAX };
            let found = client.call(request).await;
            Ok(Some(News::Found(query, found)))
        });
    }

    fn set_group_picture(&mut self, group_id: GroupId, picture: Option<Prepared>) {
        self.in_background(move |client| async move {
            let face_url = match picture {
                Some(picture) => upload(&client, &picture).await?,
                None => String::new(),
            };
            let request = SetGroupInfo { group_id, group_name: None, introduction: None, face_url: Some(face_url) };
            client.call(request).await?;
            Ok(None)
        });
    }
}

async fn upload(client: &Client, picture: &Prepared) -> Result<String, ApiError> {
    Ok(client.call(UploadPicture { data: STANDARD.encode(picture.jpeg()) }).await?.face_url)
}

async fn hear(client: &Client, ask: &Ask) -> Result<Heard, ApiError> {
    Ok(match ask.clone() {
        Ask::Groups(after) => {
            let limit = limits::GROUPS_PAGE_MAX;
            Heard::Groups(client.call(GetJoinedGroupList { after, limit }).await?)
        }
        Ask::Group(id) => Heard::Group(client.call(GetGroupsInfo { group_id_list: vec![id] }).await?),
        Ask::Members(group_id, after) => {
            Heard::Members(client.call(GetGroupMemberList { group_id, after, limit: limits::PAGE_MAX }).await?)
        }
        Ask::Applications { own, after } => {
            let request = GetGroupApplicationList { own, after, limit: limits::GROUPS_PAGE_MAX };
            Heard::Applications(client.call(request).await?)
        }
        Ask::Picture(url) => {
            let picture = client.call(GetPicture { face_url: url.clone() }).await?;
            let decode = move || Picture::decode(&url, &STANDARD.decode(picture.data).ok()?);
            // A decoder that panics has no picture.
            Heard::Picture(tokio::task::spawn_blocking(decode).await.unwrap_or_default())
        }
    })
}
