//! What the actor shows: the picture after every change, and the end in good order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use crate::{
    call::{CallView, Input, Phase},
    protocol::InviteId,
};

use super::{
    actor::{Actor, Message},
    ring,
    sound::is_korean,
};

/// How long hanging up may take at the end.
const GOODBYE: Duration = Duration::from_secs(2);

impl Actor {
    /// After whatever happened: sound, log and picture follow.
    pub(super) fn settle(&mut self) {
        self.store_log();
        self.count_calls();
        self.mind_the_hand();
        let korean = is_korean(&self.settings);
        let silenced = self.calls.silenced.is_some() && self.calls.silenced.as_ref() == self.calls.ringing();
        let wanted = ring::wanted(&self.calls.views, silenced, &self.settings);
        self.desk.ring(wanted, korean);
        self.publish(silenced);
        for event in self.news.drain(..) {
            // An error says that nobody listens.
            let _ = self.outputs.events.send(event);
        }
    }

    fn publish(&mut self, ring_silenced: bool) {
        let now_ms = self.now_ms();
        self.link.count_down(&mut self.draft.session, now_ms);
        let mut next = self.draft.clone();
        next.settings = self.settings.clone();
        next.people = self.people.shown(next.me.as_ref().map(|me| &me.user));
        (next.groups, next.applied, next.group_search) = self.groups.shown();
        next.group_calls = self.group_calls.shown();
        next.calls = self.calls.views.clone();
        next.log = self.calls.rows.clone();
        next.missed_unseen = self.calls.missed_unseen;
        next.audio = self.desk.picture(&self.settings, ring_silenced, (&self.media_path(), self.calls.network()));
        next.speakers = self.speakers.hear(now_ms, &next.audio.participants);
        let last = self.outputs.state.borrow().clone();
        let second = self.counting_from().map_or(0, |from| now_ms.saturating_sub(from) / 1000);
        next.now_ms = last.now_ms;
        if next == *last && second == self.published_second {
            return;
        }
        self.published_second = second;
        next.now_ms = now_ms;
        self.outputs.state.send_replace(Arc::new(next));
        (self.outputs.on_change)();
    }

    /// Leaves calls, closes connections, waits until everything is stored.
    pub(super) async fn goodbye(&mut self, messages: &mut mpsc::Receiver<Message>) {
        let live: Vec<InviteId> = self
            .calls
            .views
            .iter()
            .filter(|view| view.is_live() && view.phase != Phase::Incoming)
            .map(|view| view.call_id.clone())
            .collect();
        for call in live {
            self.calls_input(Input::HangUp(call));
        }
        self.settle();
        let answered = async {
            while self.calls.in_flight > 0 {
                let Some(message) = messages.recv().await else { break };
                self.message(message);
                self.settle();
            }
        };
        if tokio::time::timeout(GOODBYE, answered).await.is_err() {
            tracing::warn!("the server did not answer the farewell in time");
        }
        self.stop_media();
        self.desk.stop_test();
        self.desk.ring(None, false);
        for closing in std::mem::take(&mut self.closing) {
            let _ = closing.await;
        }
        self.link.close().await;
        self.store_log();
        self.publish(false);
    }
}

/// Changed calls between two pictures of them, for the stream of events. What changes in a lesson the server's own
/// callbacks say.
pub(super) fn changed(old: &[CallView], new: &[CallView]) -> Vec<CallView> {
    let known: BTreeMap<&InviteId, &CallView> = old.iter().map(|view| (&view.call_id, view)).collect();
    let same = |one: &CallView, other: &CallView| {
        one == other || *one == CallView { lesson: one.lesson.clone(), ..other.clone() }
    };
    new.iter().filter(|view| !known.get(&view.call_id).is_some_and(|old| same(old, view))).cloned().collect()
}
