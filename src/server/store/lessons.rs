//! Lessons that are over, with their reports.

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError, StoreResult, signed, unsigned};
use crate::protocol::{
    GroupId, InviteId,
    lesson::{LessonSummary, ReportRow},
};

/// How many lessons of a group are kept.
pub(crate) const LESSONS_PER_GROUP: u64 = 50;

fn unreadable<T>(_: T) -> StoreError {
    StoreError::Unreadable { what: "lesson" }
}

fn read(row: &Row<'_>) -> StoreResult<LessonSummary> {
    Ok(LessonSummary {
        lesson_id: InviteId::new(row.get_ref(0)?.as_str().map_err(unreadable)?).map_err(unreadable)?,
        started: row.get(1)?,
        length_ms: unsigned(row.get(2)?),
        on: false,
        people: unsigned(row.get(3)?) as usize,
    })
}

impl Store {
    /// Adds a lesson and forgets those that are too many. Nothing is added to a group that is gone.
    pub(crate) fn add_lesson(&self, group: &GroupId, lesson: &LessonSummary, rows: &[ReportRow]) -> StoreResult<()> {
        let rows = serde_json::to_string(rows).map_err(unreadable)?;
        let sql = "INSERT INTO lessons (group_id, lesson, started_ms, length_ms, people, rows)
                   SELECT group_id, ?2, ?3, ?4, ?5, ?6 FROM groups WHERE group_id = ?1
                   ON CONFLICT DO NOTHING";
        let (length_ms, people) = (signed(lesson.length_ms), signed(lesson.people as u64));
        let id = lesson.lesson_id.as_str();
        self.db.prepare_cached(sql)?.execute(params![group.as_str(), id, lesson.started, length_ms, people, rows])?;
        let sql = "DELETE FROM lessons WHERE group_id = ?1 AND number <= (
                       SELECT number FROM lessons WHERE group_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)";
        self.db.prepare_cached(sql)?.execute(params![group.as_str(), signed(LESSONS_PER_GROUP)])?;
        Ok(())
    }

    /// The lessons of a group, the newest first.
    pub(crate) fn lessons(&self, group: &GroupId) -> StoreResult<Vec<LessonSummary>> {
        let sql = "SELECT lesson, started_ms, length_ms, people FROM lessons WHERE group_id = ?1 ORDER BY number DESC";
        let mut query = self.db.prepare_cached(sql)?;
        query.query_and_then([group.as_str()], read)?.collect()
    }

    /// A lesson with its report.
    pub(crate) fn lesson(
        &self,
        group: &GroupId,
        id: &InviteId,
    ) -> StoreResult<Option<(LessonSummary, Vec<ReportRow>)>> {
        let sql = "SELECT lesson, started_ms, length_ms, people, rows FROM lessons WHERE group_id = ?1 AND lesson = ?2";
        let mut query = self.db.prepare_cached(sql)?;
        let with_rows = |row: &Row<'_>| Ok((read(row), row.get::<_, String>(4)?));
        let found = query.query_row([group.as_str(), id.as_str()], with_rows).optional()?;
        found.map(|(lesson, rows)| Ok((lesson?, serde_json::from_str(&rows).map_err(unreadable)?))).transpose()
    }
}
