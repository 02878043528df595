//! Reports of lessons that are over, or on: fetched when they are wanted, page by page.

use std::{future::Future, sync::Arc};

use crate::{
    client::Client,
    protocol::{
        ApiError, Code, GroupId, InviteId,
        api::{GetLessonReport, GetLessons, LessonList},
        lesson::{LessonSummary, PEOPLE_MAX, ReportRow},
    },
};

use super::{
    super::{
        actor::{Actor, Message},
        state::{LessonReport, LessonReports},
    },
    News, not_now,
};

/// What is wanted last: answers to what was wanted before come to nothing.
#[derive(Debug, Default)]
pub(in crate::engine) struct Reports {
    wish: u64,
}

/// The answer to a wish of this number.
pub(in crate::engine) enum Answer {
    /// The lessons of a group.
    List(u64, Result<LessonList, ApiError>),
    /// The report of one.
    Report(u64, Result<(LessonSummary, Vec<ReportRow>), ApiError>),
}

impl Actor {
    pub(super) fn show_reports(&mut self, group: GroupId) {
        self.draft.reports = Some(Arc::new(LessonReports { group: group.clone(), lessons: None, report: None }));
        self.fetch(|client, wish| async move { Answer::List(wish, client.call(GetLessons { group_id: group }).await) });
    }

    pub(super) fn show_report(&mut self, lesson_id: InviteId) {
        let Some(reports) = &self.draft.reports else {
            return self.explain(not_now("Open the reports of a group first."));
        };
        let Some(lesson) = reports.lessons.iter().flatten().find(|lesson| lesson.lesson_id == lesson_id) else {
            return self
                .explain(ApiError::new(Code::NotFound, "This group has no report of such a lesson (any more)."));
        };
        let report = Some(LessonReport { lesson: lesson.clone(), rows: None });
        let group = reports.group.clone();
        self.draft.reports = Some(Arc::new(LessonReports { report, ..LessonReports::clone(reports) }));
        self.fetch(|client, wish| async move { Answer::Report(wish, report_of(&client, group, lesson_id).await) });
    }

    /// The person has seen them, or is somebody else now.
    pub(in crate::engine) fn close_reports(&mut self) {
        self.reports.wish += 1;
        self.draft.reports = None;
    }

    fn fetch<F>(&mut self, work: impl FnOnce(Client, u64) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let Some(client) = self.link.client.clone().filter(|_| self.is_reachable()) else {
            return self.close_reports();
        };
        self.reports.wish += 1;
        let (generation, inbox) = (self.link.generation, self.inbox.clone());
        let work = work(client, self.reports.wish);
        tokio::spawn(async move { inbox.send(Message::Lessons(generation, News::Reports(work.await))).await });
    }

    pub(super) fn reports_answered(&mut self, answer: Answer) {
        let (Answer::List(wish, _) | Answer::Report(wish, _)) = &answer;
        let Some(reports) = self.draft.reports.as_deref().filter(|_| *wish == self.reports.wish) else { return };
        let mut reports = reports.clone();
        match answer {
            Answer::List(_, Ok(list)) => reports.lessons = Some(list.lessons),
            Answer::Report(_, Ok((lesson, mut rows))) => {
                rows.sort_by(|a, b| (&a.display_name, &a.user_id).cmp(&(&b.display_name, &b.user_id)));
                reports.report = Some(LessonReport { lesson, rows: Some(rows) });
            }
            Answer::List(_, Err(error)) => {
                self.close_reports();
                return self.explain(error);
            }
            Answer::Report(_, Err(error)) => {
                reports.report = None;
                self.explain(error);
            }
        }
        self.draft.reports = Some(Arc::new(reports));
    }
}

/// All pages.
async fn report_of(
    client: &Client,
    group_id: GroupId,
    lesson_id: InviteId,
) -> Result<(LessonSummary, Vec<ReportRow>), ApiError> {
    let (mut rows, mut after): (Vec<ReportRow>, _) = (Vec::new(), None);
    loop {
        let request = GetLessonReport { group_id: group_id.clone(), lesson_id: lesson_id.clone(), after };
        let page = client.call(request).await?;
        after = page.rows.last().map(|row| row.user_id.clone());
        rows.extend(page.rows);
        // A server that never comes to an end is not followed.
        if !page.more || after.is_none() || rows.len() >= PEOPLE_MAX {
            return Ok((page.lesson, rows));
        }
    }
}
