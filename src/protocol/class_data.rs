//! The custom `data` of lessons. In a group with a lesson on, the server reads it: it arbitrates hands and floors. All
//! other `data` stays opaque to it.
//!
//! ```json
//! {"businessID":"ahoy_class","version":1,"data":{"cmd":"poll","question":"Yes or no?","choices":[]}}
//! ```
//! The answer to a poll carries `{"choice":0}` as its inner `data`; other answers need none.

use serde::{Deserialize, Serialize};

use super::{ApiError, Code};

/// The `businessID` of lessons.
pub const BUSINESS_ID: &str = "ahoy_class";
/// The version that we write, and the highest that we read.
pub const VERSION: u32 = 1;
/// Longest question and longest choice of a poll, bytes of UTF-8.
pub const POLL_TEXT_MAX_BYTES: usize = 240;
/// Most choices of a poll. Without any it is answered by yes (0) and no (1).
pub const POLL_CHOICES_MAX: usize = 6;

/// What an invitation in a lesson asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "camelCase")]
pub enum ClassCommand {
    /// A teacher to students: who wants to speak? Accepting raises the hand.
    RaiseHands,
    /// A teacher to a student: speak. Accepting takes the floor.
    Speak,
    /// A student to teachers: may I speak? It raises the hand; a teacher's accepting gives the floor.
    AskToSpeak,
    /// A teacher to students: who is here? Accepting says so.
    RollCall,
    /// A teacher to students: a question.
    Poll {
        /// The question.
        question: String,
        /// Two to [`POLL_CHOICES_MAX`] choices, or none for yes and no.
        #[serde(default)]
        choices: Vec<String>,
    },
    /// Anybody to all: a sign. Nobody answers it.
    React {
        /// Which.
        reaction: Reaction,
    },
}

/// A sign that needs no words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reaction {
    /// 👍
    ThumbsUp,
    /// 👏
    Applause,
    /// ❓
    Question,
}

impl ClassCommand {
    /// How many choices an answer has; 0 where there is nothing to choose.
    pub fn choices(&self) -> usize {
        match self {
            Self::Poll { choices, .. } => choices.len().max(2),
            _ => 0,
        }
    }

    /// Whether the texts are within bounds.
    ///
    /// # Errors
    /// 6017 if they are not.
    pub fn check(&self) -> Result<(), ApiError> {
        let fits = |text: &String| !text.trim().is_empty() && text.len() <= POLL_TEXT_MAX_BYTES;
        let good = match self {
            Self::Poll { question, choices } => {
                fits(question) && choices.iter().all(fits) && choices.len() <= POLL_CHOICES_MAX && choices.len() != 1
            }
            _ => true,
        };
        if good {
            return Ok(());
        }
        let message = "A poll has a question and no or two to six choices, all short.";
        Err(ApiError::new(Code::InvalidParameters, message))
    }

    /// The text of an invitation's `data`.
    pub fn to_json(&self) -> String {
        wire(self)
    }

    /// Reads an invitation's `data`.
    ///
    /// # Errors
    /// If it is not of a lesson, or a command of a newer version.
    pub fn parse(data: &str) -> Result<Self, NotClassData> {
        read(data)
    }
}

/// What the answer to a poll says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassAnswer {
    /// The number of the choice, from 0.
    pub choice: u8,
}

impl ClassAnswer {
    /// The text of an answer's `data`.
    pub fn to_json(self) -> String {
        wire(&self)
    }

    /// Reads an answer's `data`.
    ///
    /// # Errors
    /// If it is no choice.
    pub fn parse(data: &str) -> Result<Self, NotClassData> {
        read(data)
    }
}

/// Why a `data` is not of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotClassData {
    /// Another business, or no JSON of that kind at all.
    #[error("businessID is not ahoy_class")]
    OtherBusiness,
    /// It is of a lesson, but not one of its commands or answers.
    #[error("no command or answer of a lesson in version {VERSION}")]
    Shape,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "businessID")]
    business_id: String,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    data: serde_json::Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a, T> {
    #[serde(rename = "businessID")]
    business_id: &'static str,
    version: u32,
    data: &'a T,
}

fn wire<T: Serialize>(data: &T) -> String {
    // Strings and numbers only: serialising cannot fail.
    serde_json::to_string(&Wire { business_id: BUSINESS_ID, version: VERSION, data }).unwrap_or_default()
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, NotClassData> {
    let envelope: Envelope = serde_json::from_str(text).map_err(|_| NotClassData::OtherBusiness)?;
    if envelope.business_id != BUSINESS_ID {
        return Err(NotClassData::OtherBusiness);
    }
    if envelope.version > VERSION {
        return Err(NotClassData::Shape);
    }
    serde_json::from_value(envelope.data).map_err(|_| NotClassData::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_answers_survive_the_wire() {
        let poll =
            ClassCommand::Poll { question: "쉬는 시간?".into(), choices: vec!["네".into(), "아니요".into()] };
        for command in [
            ClassCommand::RaiseHands,
            ClassCommand::Speak,
            ClassCommand::AskToSpeak,
            ClassCommand::RollCall,
            poll,
            ClassCommand::React { reaction: Reaction::Applause },
        ] {
            assert_eq!(ClassCommand::parse(&command.to_json()), Ok(command));
        }
        assert_eq!(ClassAnswer::parse(&ClassAnswer { choice: 3 }.to_json()), Ok(ClassAnswer { choice: 3 }));
    }

    #[test]
    fn what_is_not_of_a_lesson_is_told_from_what_is_not_understood() {
        for (data, error) in [
            ("", NotClassData::OtherBusiness),
            ("[]", NotClassData::OtherBusiness),
            (r#"{"businessID":"av_call","version":4,"data":{"cmd":"speak"}}"#, NotClassData::OtherBusiness),
            (r#"{"businessID":"ahoy_class","version":1,"data":{"cmd":"dance"}}"#, NotClassData::Shape),
            (r#"{"businessID":"ahoy_class","version":2,"data":{"cmd":"speak"}}"#, NotClassData::Shape),
            (r#"{"businessID":"ahoy_class"}"#, NotClassData::Shape),
        ] {
            assert_eq!(ClassCommand::parse(data), Err(error), "{data}");
        }
        assert!(ClassAnswer::parse(r#"{"businessID":"ahoy_class","data":{"choice":256}}"#).is_err());
    }

    #[test]
    fn polls_have_bounds() {
        let poll = |question: &str, choices: &[&str]| ClassCommand::Poll {
            question: question.into(),
            choices: choices.iter().map(|choice| (*choice).into()).collect(),
        };
        assert!(poll("Now?", &[]).check().is_ok() && poll("Now?", &["a", "b"]).check().is_ok());
        assert_eq!((poll("Now?", &[]).choices(), poll("Now?", &["a", "b", "c"]).choices()), (2, 3));
        let long = "가".repeat(81);
        for bad in
            [poll(" ", &[]), poll("Now?", &["a"]), poll("Now?", &["a", ""]), poll(&long, &[]), poll("?", &["x"; 7])]
        {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
