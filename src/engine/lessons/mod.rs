//! Lessons: what the person wishes of one becomes requests (`asks`), the own microphone follows what the lesson says, and
//! reports are fetched. What a lesson is like is in the call itself ([`CallView::lesson`]); nothing of it is kept here.
//!
//! What may not come in: rules. What is refused, and why, the server says; here only that is refused of which no request
//! can be made.

mod asks;
mod reminder;
mod reports;

use crate::{
    call::{CallView, Input},
    class::View,
    protocol::{ApiError, Code, DeviceId, GroupId, RoomId, UserId},
};

use super::{
    actor::Actor,
    command::LessonCommand,
    requests::Wish,
    state::{NoticeKind, Problem},
};

pub(super) use reminder::Reminder;
pub(super) use reports::Reports;

/// What comes back.
pub(super) enum News {
    /// Something was not done.
    Refused(ApiError),
    /// An answer about reports.
    Reports(reports::Answer),
}

impl Actor {
    /// A wish of the person in front.
    pub(super) fn lesson_command(&mut self, command: LessonCommand) {
        match command {
            LessonCommand::Start { group, settings, ring } => {
                if self.is_reachable() {
                    self.calls_input(Input::StartLesson { group, settings, ring });
                }
            }
            LessonCommand::End => {
                if let Some(call) = self.lesson().map(|call| call.call_id.clone()) {
                    self.calls_input(Input::EndLesson(call));
                } else {
                    self.explain(asks::no_lesson());
                }
            }
            LessonCommand::ShowReports(group) => self.show_reports(group),
            LessonCommand::ShowReport(lesson) => self.show_report(lesson),
            LessonCommand::CloseReports => self.close_reports(),
            command => match self.request_of(command) {
                Ok(Some(request)) => self.wish(request, Wish::InALesson),
                Ok(None) => {}
                Err(error) => self.explain(error),
            },
        }
    }

    fn request_of(&self, command: LessonCommand) -> Result<Option<crate::protocol::Request>, ApiError> {
        let lesson = self.lesson().and_then(|call| Some((call.lesson.as_deref()?, call.group.as_ref()?)));
        let (view, group): (&View, &GroupId) = lesson.ok_or_else(asks::no_lesson)?;
        let (me, _) = self.identity().ok_or_else(asks::no_lesson)?;
        asks::request(view, me, group, command)
    }

    /// The lesson that this device is in: the one that is heard before one on hold.
    fn lesson(&self) -> Option<&CallView> {
        let inside = |call: &&CallView| call.is_live() && call.lesson.is_some();
        let views = &self.calls.views;
        views.iter().find(|call| inside(call) && !call.on_hold).or_else(|| views.iter().find(inside))
    }

    fn identity(&self) -> Option<(&UserId, &DeviceId)> {
        let credentials = &self.link.account.as_ref()?.credentials;
        Some((&credentials.user_id, &credentials.device_id))
    }

    /// Says why something was not done. Unlike elsewhere also to who was second: what came of it was another's wish.
    fn explain(&mut self, error: ApiError) {
        self.notify(NoticeKind::Failed(Problem { code: error.code, detail: error.message }));
    }

    pub(super) fn lesson_news(&mut self, news: News) {
        match news {
            News::Refused(error) => self.explain(error),
            News::Reports(answer) => self.reports_answered(answer),
        }
    }

    /// Whether the relay lets nothing through that this device says in a room.
    pub(super) fn is_closed(&self, views: &[CallView], room: RoomId) -> bool {
        let Some((me, device)) = self.identity() else { return false };
        let call = views.iter().find(|call| call.is_live() && call.room == Some(room));
        call.and_then(|call| call.lesson.as_ref()).is_some_and(|view| !view.may_speak(me, device))
    }

    /// Speech with the hand still up: the reminder.
    pub(super) fn mind_the_hand(&mut self) {
        let now_ms = self.now_ms();
        let level_dbfs = self.desk.audible_dbfs();
        let waits = match (self.identity(), self.calls.views.iter().find(|call| call.is_talk())) {
            (Some((me, _)), Some(CallView { lesson: Some(view), .. })) => {
                view.hand_of(me).is_some() && view.floor_of(me).is_none()
            }
            _ => false,
        };
        if self.reminder.hear(now_ms, level_dbfs, waits) {
            self.notify(NoticeKind::HandStillUp);
        }
    }
}

/// The code for what the lesson as it is now has no place for.
fn not_now(message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidOperation, message)
}
