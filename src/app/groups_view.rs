//! What the window remembers about groups: which one is open, and what has been typed into a form.

use std::collections::BTreeSet;

use super::{
    lesson_view::StartLesson,
    picture_desk::PictureDesk,
    save_desk::{SaveDesk, Saved},
};
use crate::{
    engine::{picture::Prepared, state::Group},
    protocol::{GroupId, UserId, api::GroupType, limits},
};

#[derive(Debug, Default)]
pub(crate) struct GroupsView {
    /// The group whose page is open.
    pub(crate) open: Option<GroupId>,
    pub(crate) search: String,
    pub(crate) form: Option<Form>,
    pub(crate) question: Option<Question>,
    pub(crate) desk: PictureDesk,
    /// The last file for the open group was no picture.
    pub(crate) picture_failed: bool,
    /// The end of the present wish has been reported.
    pub(crate) task_ended: bool,
    /// Writes reports into files.
    pub(crate) save: SaveDesk,
    /// What became of the last file.
    pub(crate) saved: Option<Saved>,
    /// Reports of a group that is not open have been reported as closed.
    pub(crate) reports_closed: bool,
}

impl GroupsView {
    /// Opens a group's page.
    pub(crate) fn show(&mut self, group: &GroupId) {
        (self.open, self.question, self.picture_failed) = (Some(group.clone()), None, false);
    }
}

/// Something to fill in.
#[derive(Debug)]
pub(crate) enum Form {
    New(NewGroup),
    Join(JoinGroup),
    /// People to add to the open group.
    Add(Picking),
    /// What the open group says about itself.
    Edit(EditGroup),
    /// A lesson that is about to begin in the open group.
    Lesson(StartLesson),
}

#[derive(Debug)]
pub(crate) struct NewGroup {
    pub(crate) kind: GroupType,
    pub(crate) name: String,
    pub(crate) picture: Option<Prepared>,
    pub(crate) picture_failed: bool,
    pub(crate) people: Picking,
    /// The first field has been given the keyboard.
    pub(crate) greeted: bool,
}

impl Default for NewGroup {
    fn default() -> Self {
        Self {
            kind: GroupType::Work,
            name: String::new(),
            picture: None,
            picture_failed: false,
            people: Picking::default(),
            greeted: false,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct JoinGroup {
    pub(crate) code: String,
    pub(crate) search: String,
    pub(crate) message: String,
    /// What was looked for last.
    pub(crate) asked: Option<String>,
    pub(crate) greeted: bool,
}

/// People that are ticked in a list.
#[derive(Debug, Default)]
pub(crate) struct Picking {
    pub(crate) search: String,
    pub(crate) chosen: BTreeSet<UserId>,
    pub(crate) focus: bool,
}

#[derive(Debug)]
pub(crate) struct EditGroup {
    pub(crate) name: String,
    pub(crate) introduction: String,
}

impl EditGroup {
    pub(crate) fn of(group: &Group) -> Self {
        Self { name: group.name.clone(), introduction: group.introduction.clone() }
    }
}

/// Whether a name is there and short enough.
pub(crate) fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && is_short(name)
}

/// Whether a name is short enough.
pub(crate) fn is_short(name: &str) -> bool {
    name.trim().len() <= limits::GROUP_NAME_MAX_BYTES
}

/// Before something that cannot be undone with the open group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Leave,
    Dismiss,
    Remove(UserId),
    HandOver(UserId),
}
