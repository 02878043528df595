//! Follows the engine's state. Runs at every change, also while the window is hidden, and draws nothing.

use std::sync::Arc;

use egui::{Context, UserAttentionType, ViewportCommand};

use crate::{
    call::{CallView, Direction, EndReason, Phase},
    engine::{
        Command, GroupCommand, LessonCommand,
        settings::Theme,
        state::{GroupTask, Session, State},
    },
    protocol::{UserId, api::GroupType},
};

use super::{AhoyApp, Tab, groups_view::Form, picture_desk::Place};

impl AhoyApp {
    /// Takes the newest state, and opens or closes the screens that follow from it.
    pub(super) fn follow_state(&mut self, ctx: &Context) {
        let state = self.backend.state();
        if !Arc::ptr_eq(&state, &self.state) {
            self.state = state;
            self.view.state_changed = true;
        }
        ctx.set_theme(match self.state.settings.theme {
            Theme::System => egui::ThemePreference::System,
            Theme::Light => egui::ThemePreference::Light,
            Theme::Dark => egui::ThemePreference::Dark,
        });
        self.follow_call();
        self.follow_incoming(ctx);
        self.follow_missed(ctx);
        self.follow_microphone_test();
        self.follow_groups();
        self.follow_title(ctx);
        self.make_class();
    }

    /// The demo's teacher makes the class once all students have signed up.
    fn make_class(&mut self) {
        let known = |user: &UserId| self.state.people.iter().any(|person| person.user == *user);
        if self.state.session != Session::Online {
            return;
        }
        if let Some(class) = self.class.take_if(|class| class.students.iter().all(known)) {
            self.view.tab = Tab::Groups;
            self.backend.send(Command::Group(GroupCommand::Create {
                kind: GroupType::Meeting,
                name: class.name,
                picture: None,
                members: class.students,
            }));
        }
    }

    fn follow_call(&mut self) {
        let Some(current) = self.state.current_call() else {
            if self.view.tab == Tab::CurrentCall {
                self.view.tab = self.view.tab_before_call;
            }
            return;
        };
        let call = current.call_id.clone();
        if is_left_to_the_log(current) {
            if self.view.dismissed.as_ref() != Some(&call) {
                self.backend.send(Command::DismissCall(call.clone()));
                self.view.dismissed = Some(call);
            }
            return;
        }
        if self.view.opened_for.as_ref() != Some(&call) {
            if self.view.tab != Tab::CurrentCall {
                self.view.tab_before_call = self.view.tab;
            }
            self.view.tab = Tab::CurrentCall;
            self.view.opened_for = Some(call);
        }
    }

    fn follow_incoming(&mut self, ctx: &Context) {
        let ringing = self.state.incoming_call().map(|call| call.call_id.clone());
        if ringing.is_some() && ringing != self.view.attention_for {
            // A covered window draws nothing by itself; drawn once, it opens the window of the call.
            ctx.send_viewport_cmd(ViewportCommand::RequestPaintWhileHidden);
            ctx.request_repaint();
            // Asks for attention without taking the keyboard away from whoever is typing elsewhere.
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Critical));
        } else if ringing.is_none() && self.view.attention_for.is_some() {
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Reset));
        }
        self.view.attention_for = ringing;
    }

    fn follow_missed(&mut self, ctx: &Context) {
        // Seen is only what is on a screen that somebody looks at.
        let looked_at = ctx.input(|input| input.viewport().focused.unwrap_or(true));
        let missed = self.state.missed_unseen;
        if self.view.tab == Tab::Calls && looked_at && is_signed_in(&self.state) && missed != self.view.reported_seen {
            self.view.reported_seen = missed;
            if missed > 0 {
                self.backend.send(Command::MarkLogSeen);
            }
        } else if missed == 0 {
            self.view.reported_seen = 0;
        }
    }

    fn follow_groups(&mut self) {
        let view = &mut self.view.groups;
        if !is_signed_in(&self.state) {
            view.form = None;
        }
        if view.open.as_ref().is_some_and(|id| self.state.group(id).is_none()) {
            // Dismissed, or this user is out.
            (view.open, view.question) = (None, None);
        }
        let reports = self.state.reports.as_ref().map(|reports| &reports.group);
        let stray = reports.is_some() && reports != view.open.as_ref();
        if stray && !view.reports_closed {
            // Nobody looks at them any more.
            self.backend.send(Command::Lesson(LessonCommand::CloseReports));
        }
        view.reports_closed = stray;
        view.saved = view.save.take_done().or(view.saved.take());
        match (view.desk.take_ready(), &mut view.form) {
            (Some((Place::Form, picture)), Some(Form::New(form))) => {
                form.picture_failed = picture.is_none();
                form.picture = picture.or(form.picture.take());
            }
            (Some((Place::Group(id), picture)), _) => {
                view.picture_failed = picture.is_none();
                if picture.is_some() {
                    self.backend.send(Command::Group(GroupCommand::SetPicture(id, picture)));
                }
            }
            (Some((Place::Form, _)) | None, _) => {}
        }
        let done = match &self.state.group_task {
            GroupTask::In(id) => Some(Some(id)),
            GroupTask::Applied(_) => Some(None),
            GroupTask::Idle | GroupTask::Working | GroupTask::Failed(_) => None,
        };
        if let Some(group) = done
            && !view.task_ended
        {
            view.form = None;
            if let Some(group) = group {
                view.show(group);
            }
            self.backend.send(Command::Group(GroupCommand::EndTask));
        }
        view.task_ended = done.is_some();
    }

    fn follow_microphone_test(&mut self) {
        let in_call = self.state.calls.iter().any(|call| call.is_live());
        let wanted = self.view.tab == Tab::Settings && is_signed_in(&self.state) && !in_call;
        if wanted != self.view.testing_microphone {
            self.view.testing_microphone = wanted;
            self.backend.send(if wanted {
                Command::StartMicrophoneTest { hear: false }
            } else {
                Command::StopMicrophoneTest
            });
        }
    }
}

/// A call that came in and was not answered here: nobody waits for a screen of it, and the log and its badge tell.
fn is_left_to_the_log(call: &CallView) -> bool {
    call.direction == Direction::Incoming
        && call.phase == Phase::Ended
        && call.end.is_some_and(|end| match end {
            EndReason::Declined
            | EndReason::NoAnswer
            | EndReason::Offline
            | EndReason::Busy
            | EndReason::NotAvailable
            | EndReason::Cancelled
            | EndReason::AnsweredElsewhere
            | EndReason::DeclinedElsewhere => true,
            EndReason::HungUp | EndReason::EndedByServer | EndReason::ConnectionLost | EndReason::Failed => false,
        })
}

/// Whether the signed-in window is to be shown.
pub(super) fn is_signed_in(state: &State) -> bool {
    match state.session {
        Session::Online | Session::Offline { .. } => true,
        // A connection that is tried again must not throw the person out of what they were reading.
        Session::Connecting(_) => state.me.is_some(),
        Session::Starting | Session::SignedOut { .. } | Session::CertificateChanged { .. } => false,
    }
}
