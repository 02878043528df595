//! Words about lessons: what was done, where somebody stands, how it ended.

use crate::{
    class::News,
    protocol::{
        UserId,
        class_data::{ClassCommand, Reaction},
        event::LessonOver,
        lesson::{HandDown, LessonChange, Outcome},
    },
};

use super::text::Text;

/// What somebody has just done, in a line; `None` for what goes without saying.
pub(crate) fn news<'a>(text: Text, name: impl Fn(&'a UserId) -> &'a str, news: &'a News) -> Option<String> {
    let line = |id: &str, by: Option<&'a UserId>, user: Option<&'a UserId>| {
        let values = [("by", by.map_or("", &name)), ("name", user.map_or("", &name))];
        Some(text.tr_with(id, &values))
    };
    match &news.change {
        LessonChange::Settings { by, .. } => line("lesson-news-settings", Some(by), None),
        LessonChange::HandLowered { user_id, why, by: Some(by) } => {
            let id = if *why == HandDown::Declined { "lesson-news-declined" } else { "lesson-news-lowered" };
            line(id, Some(by), Some(user_id))
        }
        LessonChange::Offered { offer } => line("lesson-news-invited", Some(&offer.by), Some(&offer.user_id)),
        LessonChange::OfferEnded { user_id, outcome, .. } => match outcome {
            Outcome::Declined => line("lesson-news-offer-declined", None, Some(user_id)),
            Outcome::TimedOut => line("lesson-news-offer-timed-out", None, Some(user_id)),
            Outcome::Cancelled => line("lesson-news-offer-cancelled", None, Some(user_id)),
            Outcome::Accepted => None,
        },
        LessonChange::FloorGiven { user_id, by, .. } => line("lesson-news-floor", Some(by), Some(user_id)),
        LessonChange::FloorEnded { user_id, by: Some(by), .. } => {
            line("lesson-news-taken-back", Some(by), Some(user_id))
        }
        LessonChange::Microphone { user_id, open: false, by: Some(by), .. } => {
            line("lesson-news-closed", Some(by), Some(user_id))
        }
        LessonChange::Prompted { prompt, .. } => {
            let id = match prompt.command {
                ClassCommand::RollCall => "lesson-news-roll-call",
                ClassCommand::Poll { .. } => "lesson-news-poll",
                _ => "lesson-news-hands",
            };
            line(id, Some(&prompt.by), None)
        }
        LessonChange::Barred { user_id, barred, by } => {
            let id = if *barred { "lesson-news-removed" } else { "lesson-news-readmitted" };
            line(id, Some(by), Some(user_id))
        }
        _ => None,
    }
}

/// A sign, in a word.
pub(crate) fn reaction(text: Text, reaction: Reaction) -> String {
    text.tr(match reaction {
        Reaction::ThumbsUp => "lesson-thumbs-up",
        Reaction::Applause => "lesson-applause",
        Reaction::Question => "lesson-question",
    })
}

/// A time for answers.
pub(crate) fn time_limit(text: Text, seconds: u32) -> String {
    match seconds {
        0 => text.tr("lesson-no-limit"),
        1..60 => text.tr_count("lesson-seconds", seconds.into()),
        _ => text.tr_count("lesson-minutes", (seconds / 60).into()),
    }
}

/// A silence after which a floor goes back.
pub(crate) fn silence(text: Text, seconds: u16) -> String {
    if seconds == 0 { text.tr("lesson-never") } else { time_limit(text, seconds.into()) }
}

/// What each answer to a question says.
pub(crate) fn choices(text: Text, command: &ClassCommand) -> Vec<String> {
    match command {
        ClassCommand::Poll { choices, .. } if choices.is_empty() => vec![text.tr("lesson-yes"), text.tr("lesson-no")],
        ClassCommand::Poll { choices, .. } => choices.clone(),
        _ => Vec::new(),
    }
}

/// Why this device is out of the lesson: a title, and a sentence that says more.
pub(crate) fn over<'a>(text: Text, name: impl Fn(&'a UserId) -> &'a str, over: &'a LessonOver) -> (String, String) {
    let by = over.op_user.as_ref().map_or("", name);
    let (title, line) = match (over.removed, &over.op_user) {
        (true, _) if over.reason.is_empty() => ("lesson-removed", "lesson-removed-line"),
        (true, _) => ("lesson-removed", "lesson-removed-reason"),
        (false, Some(_)) => ("lesson-over", "lesson-over-line"),
        (false, None) => ("lesson-over", "lesson-over-empty-line"),
    };
    (text.tr(title), text.tr_with(line, &[("by", by), ("what", &over.reason)]))
}
