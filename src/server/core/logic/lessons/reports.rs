//! Reports of lessons: of the one that is on, and of those that are over.

use std::collections::BTreeSet;

use super::{
    super::{Answer, Fail, answer, refuse},
    Logic, OpenLesson,
    entry::teaches,
};
use crate::{
    protocol::{
        Code, GroupId, InviteId, UserId,
        api::{GetLessonReport, GetLessons, LessonList, LessonReportPage},
        lesson::{LessonSummary, REPORT_PAGE_MAX, ReportRow},
    },
    signaling::Actor,
};

/// A lesson with its report. Names are looked up when it is shown or stored.
#[derive(Clone, Debug)]
pub(in super::super) struct OverLesson {
    group: GroupId,
    summary: LessonSummary,
    rows: Vec<ReportRow>,
}

impl OverLesson {
    /// As it is now, ordered by user.
    pub(super) fn of(group: GroupId, open: &OpenLesson, now_ms: u64, on: bool) -> Self {
        let (view, mut attendance) = (open.lesson.view(), open.lesson.attendance(now_ms));
        // Who was called, and did not come, is in the report too.
        let users: BTreeSet<UserId> = view.people.keys().chain(attendance.keys()).cloned().collect();
        let rows = users.into_iter().map(|user| {
            let there = attendance.remove(&user).unwrap_or_default();
            let person = view.people.get(&user);
            ReportRow {
                display_name: String::new(),
                teacher: person.is_some_and(|person| person.teacher),
                stays: there.stays,
                talked_ms: there.talked_ms,
                hands: person.map_or(0, |person| person.hands),
                turns: person.map_or(0, |person| person.turns),
                present: there.present,
                called: there.called,
                user_id: user,
            }
        });
        let (lesson_id, started) = (open.id.clone(), open.started);
        let (length_ms, people) = (open.lesson.length_ms(now_ms), view.people.len());
        let rows = rows.collect();
        Self { group, summary: LessonSummary { lesson_id, started, length_ms, on, people }, rows }
    }
}

impl Logic {
    /// The lesson that is on, and those that are over and not stored yet.
    fn lessons_in_memory(&self, group: &GroupId) -> Vec<OverLesson> {
        let on = self.rooms.lesson_of(group).and_then(|room| self.rooms.lesson(room));
        let on = on.map(|there| OverLesson::of(group.clone(), there, self.now_ms, true));
        on.into_iter().chain(self.rooms.over.iter().rev().filter(|over| over.group == *group).cloned()).collect()
    }

    fn check_teaching(&self, actor: &Actor, group: &GroupId) -> Result<(), Fail> {
        let (_, role) = self.group_and_role(group, &actor.user)?;
        if teaches(Some(role)) {
            return Ok(());
        }
        refuse(Code::PermissionDenied, "Only the owner and the administrators of a group see its lessons.")
    }

    pub(in super::super) fn get_lessons(&self, actor: &Actor, request: &GetLessons) -> Answer {
        self.check_teaching(actor, &request.group_id)?;
        let in_memory = self.lessons_in_memory(&request.group_id).into_iter().map(|lesson| lesson.summary);
        let lessons = in_memory.chain(self.store.lessons(&request.group_id)?).collect();
        answer(&LessonList { lessons })
    }

    pub(in super::super) fn get_lesson_report(&self, actor: &Actor, request: &GetLessonReport) -> Answer {
        self.check_teaching(actor, &request.group_id)?;
        let Some((lesson, rows)) = self.past_lesson(&request.group_id, &request.lesson_id)? else {
            return refuse(Code::NotFound, "There was no such lesson in this group, or it was too long ago.");
        };
        let behind = rows.into_iter().filter(|row| request.after.as_ref().is_none_or(|after| row.user_id > *after));
        let mut rows: Vec<ReportRow> = behind.take(REPORT_PAGE_MAX + 1).collect();
        let more = rows.len() > REPORT_PAGE_MAX;
        rows.truncate(REPORT_PAGE_MAX);
        answer(&LessonReportPage { lesson, rows, more })
    }

    /// A lesson of that name, with its report.
    pub(super) fn past_lesson(
        &self,
        group: &GroupId,
        id: &InviteId,
    ) -> Result<Option<(LessonSummary, Vec<ReportRow>)>, Fail> {
        let in_memory = self.lessons_in_memory(group).into_iter().find(|lesson| lesson.summary.lesson_id == *id);
        match in_memory {
            Some(OverLesson { summary, mut rows, .. }) => {
                self.name(&mut rows)?;
                Ok(Some((summary, rows)))
            }
            None => Ok(self.store.lesson(group, id)?),
        }
    }

    /// Gives users their names as they are now.
    fn name(&self, rows: &mut [ReportRow]) -> Result<(), Fail> {
        for row in rows {
            row.display_name = self.store.display_name(&row.user_id)?.unwrap_or_default();
        }
        Ok(())
    }

    /// Stores a lesson that is over.
    pub(in super::super) fn store_lesson(&self, over: &OverLesson) -> Result<(), Fail> {
        let mut rows = over.rows.clone();
        self.name(&mut rows)?;
        Ok(self.store.add_lesson(&over.group, &over.summary, &rows)?)
    }
}
