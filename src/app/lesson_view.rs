//! What the window remembers of a lesson: what is searched for, and what has been typed into a form. Nothing about the
//! lesson itself.

use crate::{
    engine::LessonCommand,
    protocol::{
        GroupId, InviteId, UserId,
        class_data::{ClassCommand, POLL_CHOICES_MAX},
        lesson::{LessonSettings, REASON_MAX_BYTES},
    },
};

/// How long an answer may take, seconds; 0 is no limit.
pub(crate) const TIMES_S: [u32; 6] = [10, 30, 60, 120, 300, 0];
/// After which silence a floor may go back, seconds; 0 is never.
pub(crate) const SILENCES_S: [u16; 5] = [0, 5, 10, 20, 60];

#[derive(Debug, Default)]
pub(crate) struct LessonView {
    /// The lesson that all this is about.
    pub(crate) of: Option<InviteId>,
    pub(crate) search: String,
    pub(crate) focus_search: bool,
    /// Where there is no room for both: the class, and not the hands.
    pub(crate) shows_class: bool,
    pub(crate) form: Option<LessonForm>,
}

impl LessonView {
    /// Nothing that was typed in another lesson is left.
    pub(crate) fn enter(&mut self, lesson: &InviteId) {
        if self.of.as_ref() != Some(lesson) {
            *self = Self { of: Some(lesson.clone()), ..Self::default() };
        }
    }
}

/// Something to fill in, or to answer, during a lesson.
#[derive(Debug)]
pub(crate) enum LessonForm {
    Settings(LessonSettings),
    Poll(PollForm),
    Remove {
        user: UserId,
        reason: String,
        /// The field has been given the keyboard.
        greeted: bool,
    },
    HandOver(UserId),
    End,
}

/// A lesson that is about to begin.
#[derive(Debug)]
pub(crate) struct StartLesson {
    pub(crate) settings: LessonSettings,
    pub(crate) ring: bool,
}

impl Default for StartLesson {
    fn default() -> Self {
        Self { settings: LessonSettings::default(), ring: true }
    }
}

impl StartLesson {
    /// What the form asks for; `members` are those who can be rung.
    pub(crate) fn command(&self, group: GroupId, members: Vec<UserId>) -> LessonCommand {
        let ring = if self.ring { members } else { Vec::new() };
        LessonCommand::Start { group, settings: self.settings, ring }
    }
}

/// A poll that is being written.
#[derive(Debug)]
pub(crate) struct PollForm {
    pub(crate) question: String,
    /// Choices of its own, and not yes and no.
    pub(crate) own: bool,
    pub(crate) choices: Vec<String>,
    pub(crate) timeout_s: u32,
    /// The first field has been given the keyboard.
    pub(crate) greeted: bool,
}

impl Default for PollForm {
    fn default() -> Self {
        let choices = vec![String::new(), String::new()];
        Self { question: String::new(), own: false, choices, timeout_s: 60, greeted: false }
    }
}

impl PollForm {
    /// The poll, if it is complete: empty choices at its end do not count.
    pub(crate) fn command(&self) -> Option<ClassCommand> {
        let mut choices: Vec<String> = Vec::new();
        if self.own {
            choices = self.choices.iter().map(|choice| choice.trim().to_owned()).collect();
            while choices.last().is_some_and(String::is_empty) {
                choices.pop();
            }
            if choices.len() < 2 {
                return None;
            }
        }
        let command = ClassCommand::Poll { question: self.question.trim().to_owned(), choices };
        command.check().is_ok().then_some(command)
    }

    /// Whether there is room for one more choice.
    pub(crate) fn may_grow(&self) -> bool {
        self.choices.len() < POLL_CHOICES_MAX
    }
}

/// Whether a reason for a removal is short enough.
pub(crate) fn is_reason(reason: &str) -> bool {
    reason.trim().len() <= REASON_MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_complete_when_all_is_there() {
        let mut form = PollForm::default();
        assert_eq!(form.command(), None, "a question is missing");
        form.question = " Now? ".into();
        assert_eq!(form.command(), Some(ClassCommand::Poll { question: "Now?".into(), choices: vec![] }));
        form.own = true;
        assert_eq!(form.command(), None, "choices are missing");
        form.choices = ["a", "", "b"].map(String::from).to_vec();
        assert_eq!(form.command(), None, "a choice in the middle is empty");
        form.choices = ["a", "b ", ""].map(String::from).to_vec();
        let choices = ["a", "b"].map(String::from).to_vec();
        assert_eq!(form.command(), Some(ClassCommand::Poll { question: "Now?".into(), choices }));
        form.question = "가".repeat(81);
        assert_eq!(form.command(), None, "too long");
    }

    #[test]
    fn a_new_lesson_forgets_what_was_typed_in_the_last() {
        let call = |name: &str| InviteId::new(name).expect("an identifier");
        let mut view = LessonView::default();
        view.enter(&call("one"));
        view.search = "ben".into();
        view.enter(&call("one"));
        assert_eq!(view.search, "ben");
        view.enter(&call("two"));
        assert_eq!(view.search, "");
    }
}
