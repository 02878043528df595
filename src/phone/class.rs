//! Lessons for programs: what a line may ask of one, and what one is like, as a part of the state.
//!
//! Calls of the specification that name the group of a lesson may leave it out here: then the lesson is meant that the
//! phone is in.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    call::CallView,
    engine::{LessonCommand, State},
    protocol::{
        ApiError, Code, GroupId, InviteId, Request, UserId,
        api::EndLesson,
        class_data::{ClassCommand, Reaction},
        lesson::{LessonSettings, PROMPT_S},
    },
};

use super::lines::{Ask, read};

/// The phone's own methods about lessons.
#[cfg(test)]
pub(super) const METHODS: &[&str] = &[
    "startLesson",
    "askClass",
    "stopAsking",
    "letSpeak",
    "takeOfferBack",
    "declineHand",
    "raiseHand",
    "answerPrompt",
    "answerOffer",
    "react",
    "showReports",
    "showReport",
    "closeReports",
];

/// Calls of the specification about a lesson that is on.
const OF_A_LESSON: &[&str] =
    &["endLesson", "setLesson", "lowerHands", "endFloors", "setMicrophones", "removeFromLesson", "readmitToLesson"];

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    #[serde(rename = "groupID")]
    group_id: GroupId,
    #[serde(default)]
    settings: LessonSettings,
    #[serde(default)]
    ring: Vec<UserId>,
}

#[derive(Deserialize)]
struct Asked {
    command: String,
    #[serde(default)]
    question: String,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    timeout: u32,
}

impl Asked {
    fn command(self) -> Result<LessonCommand, ApiError> {
        let command = match self.command.as_str() {
            "raiseHands" => ClassCommand::RaiseHands,
            "rollCall" => ClassCommand::RollCall,
            "poll" => ClassCommand::Poll { question: self.question, choices: self.choices },
            _ => return Err(invalid("askClass has the commands raiseHands, rollCall and poll.".into())),
        };
        command.check()?;
        if self.timeout != 0 && !PROMPT_S.contains(&self.timeout) {
            let message =
                format!("\"timeout\" is {} to {} seconds, or 0 for no limit.", PROMPT_S.start(), PROMPT_S.end());
            return Err(invalid(message));
        }
        Ok(LessonCommand::Ask { command, timeout_s: self.timeout })
    }
}

#[derive(Deserialize)]
struct Question {
    #[serde(rename = "inviteID")]
    invite_id: InviteId,
    /// Of a poll.
    #[serde(default)]
    choice: u8,
    #[serde(default)]
    decline: bool,
}

#[derive(Deserialize)]
struct Who {
    #[serde(rename = "userID")]
    user_id: UserId,
}

#[derive(Deserialize)]
struct Offer {
    accept: bool,
}

#[derive(Deserialize)]
struct Sign {
    reaction: Reaction,
}

#[derive(Deserialize)]
struct InGroup {
    #[serde(rename = "groupID")]
    group_id: GroupId,
}

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "lessonID")]
    lesson_id: InviteId,
}

fn invalid(message: String) -> ApiError {
    ApiError::new(Code::InvalidParameters, message)
}

/// What a line asks, if it is about lessons.
pub(super) fn ask(method: &str, params: Option<&RawValue>) -> Result<Option<Ask>, ApiError> {
    let who = || read::<Who>(method, params).map(|who| who.user_id);
    Ok(Some(Ask::Lesson(match method {
        "startLesson" => {
            let Start { group_id: group, settings, ring } = read(method, params)?;
            settings.check()?;
            LessonCommand::Start { group, settings, ring }
        }
        "askClass" => read::<Asked>(method, params)?.command()?,
        "stopAsking" => LessonCommand::StopAsking(read::<Question>(method, params)?.invite_id),
        "letSpeak" => LessonCommand::LetSpeak(who()?),
        "takeOfferBack" => LessonCommand::TakeOfferBack(who()?),
        "declineHand" => LessonCommand::Decline(who()?),
        "raiseHand" => read::<Nothing>(method, params).map(|_| LessonCommand::RaiseHand)?,
        "answerPrompt" => {
            let Question { invite_id, choice, decline } = read(method, params)?;
            LessonCommand::Answer(invite_id, (!decline).then_some(choice))
        }
        "answerOffer" => LessonCommand::AnswerOffer { accept: read::<Offer>(method, params)?.accept },
        "react" => LessonCommand::React(read::<Sign>(method, params)?.reaction),
        "showReports" => LessonCommand::ShowReports(read::<InGroup>(method, params)?.group_id),
        "showReport" => LessonCommand::ShowReport(read::<Report>(method, params)?.lesson_id),
        "closeReports" => read::<Nothing>(method, params).map(|_| LessonCommand::CloseReports)?,
        _ if OF_A_LESSON.contains(&method) => return of_a_lesson(method, params).map(Some),
        _ => return Ok(None),
    })))
}

fn of_a_lesson(method: &str, params: Option<&RawValue>) -> Result<Ask, ApiError> {
    let mut params: Map<String, Value> = read(method, params)?;
    let named = params.contains_key("groupID");
    // Checked like any other; the name is replaced before anything is sent.
    params.entry("groupID").or_insert_with(|| "lesson".into());
    let params = RawValue::from_string(Value::Object(params).to_string())
        .map_err(|error| invalid(format!("The parameters of {method} do not fit: {error}.")))?;
    Ok(match Request::parse(method, Some(&params))? {
        Request::EndLesson(EndLesson { group_id }) => Ask::EndLesson(named.then_some(group_id)),
        request if named => Ask::Protocol(request),
        request => Ask::OfLesson(request),
    })
}

/// Turns a wish about the lesson that the phone is in into one that can be acted on.
///
/// # Errors
/// 7014 if the phone is in none.
pub(super) fn resolve(state: &State, ask: Ask) -> Result<Ask, ApiError> {
    let none = || ApiError::new(Code::InvalidOperation, "The phone is in no lesson; join one first.");
    let inside = |call: &&CallView| call.is_live() && call.lesson.is_some();
    let lesson = || {
        let views = &state.calls;
        views.iter().find(|call| inside(call) && !call.on_hold).or_else(|| views.iter().find(inside))
    };
    let group = || lesson().and_then(|call| call.group.clone());
    Ok(match ask {
        Ask::OfLesson(request) => Ask::Protocol(with_group(request, group().ok_or_else(none)?)),
        // Whoever ends a lesson writes its end: the phone does so in the one that it is in.
        Ask::EndLesson(None) => group().map(|_| Ask::Lesson(LessonCommand::End)).ok_or_else(none)?,
        Ask::EndLesson(Some(named)) if group().as_ref() == Some(&named) => Ask::Lesson(LessonCommand::End),
        Ask::EndLesson(Some(group_id)) => Ask::Protocol(EndLesson { group_id }.into()),
        Ask::Lesson(command) => match command {
            LessonCommand::Start { .. }
            | LessonCommand::ShowReports(_)
            | LessonCommand::ShowReport(_)
            | LessonCommand::CloseReports => Ask::Lesson(command),
            command => lesson().map(|_| Ask::Lesson(command)).ok_or_else(none)?,
        },
        ask => ask,
    })
}

fn with_group(mut request: Request, group: GroupId) -> Request {
    match &mut request {
        Request::SetLesson(params) => params.group_id = group,
        Request::LowerHands(params) => params.group_id = group,
        Request::EndFloors(params) => params.group_id = group,
        Request::SetMicrophones(params) => params.group_id = group,
        Request::RemoveFromLesson(params) => params.group_id = group,
        Request::ReadmitToLesson(params) => params.group_id = group,
        // No other request comes here.
        _ => {}
    }
    request
}

/// A call, with the lesson that it is.
pub(super) fn call(state: &State, call: &CallView) -> Value {
    let mut picture = json!(call);
    if let (Some(fields), Some(lesson)) = (picture.as_object_mut(), lesson(state, call)) {
        fields.insert("lesson".into(), lesson);
    }
    picture
}

fn lesson(state: &State, call: &CallView) -> Option<Value> {
    let view = call.lesson.as_ref()?;
    let mut lesson = json!(view.state(state.now_ms));
    for (prompt, seen) in lesson["prompts"].as_array_mut().into_iter().flatten().zip(&view.prompts) {
        prompt["mine"] = json!(seen.mine);
        prompt["tally"] = json!(seen.tally());
    }
    let passed = |at_ms: u64| state.now_ms.saturating_sub(at_ms);
    let sign = |sign: &crate::class::Sign| json!({ "userID": sign.user, "reaction": sign.reaction, "agoMs": passed(sign.at_ms) });
    lesson["signs"] = view.signs.iter().map(sign).collect();
    lesson["refused"] = json!(view.refused);
    let device = state.devices.iter().find(|device| device.own);
    lesson["maySpeak"] = json!(view.me.as_ref().zip(device).map(|(me, device)| view.may_speak(me, &device.id)));
    Some(lesson)
}

/// The reports of a group's lessons, while they are shown.
pub(super) fn reports(state: &State) -> Value {
    state.reports.as_ref().map_or(Value::Null, |reports| {
        let report = reports.report.as_ref();
        json!({
            "groupID": reports.group,
            "lessons": reports.lessons,
            "report": report.map(|report| json!({ "lesson": report.lesson, "rows": report.rows })),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        class::{Input, Lesson, View},
        engine::state::Device,
        phone::lines::parse,
        protocol::DeviceId,
    };
    use std::sync::Arc;

    fn line(method: &str, params: &Value) -> Result<Ask, ApiError> {
        let line = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        parse(&line).map(|line| line.ask).map_err(|bad| bad.error)
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("valid")
    }

    /// Kim teaches Ana, who reads this; a poll waits for her.
    fn attending() -> State {
        let mut lesson = Lesson::new(0, LessonSettings::default());
        let device = |name: &str| DeviceId::new(name).expect("valid");
        for who in ["kim", "ana"] {
            let entered = Input::Entered { user: user(who), device: device(who), teacher: who == "kim" };
            lesson.handle(0, entered).expect("anybody may come");
        }
        let invited = Input::Invited {
            id: InviteId::new("p").expect("valid"),
            by: user("kim"),
            device: device("kim"),
            command: ClassCommand::Poll { question: "Now?".into(), choices: Vec::new() },
            invitees: vec![user("ana")],
            timeout_s: 60,
        };
        lesson.handle(0, invited).expect("a teacher may ask");
        let mut view = View::of(0, user("ana"), &lesson.state_for(0, &user("ana")));
        view.apply(
            500,
            &crate::protocol::lesson::LessonChange::Reacted { user_id: user("kim"), reaction: Reaction::ThumbsUp },
        );
        let call = CallView {
            group: Some(GroupId::new("class").expect("valid")),
            lesson: Some(Arc::new(view)),
            ..crate::phone::taken::tests::view("kim", Some("class"), crate::call::Phase::InCall)
        };
        let own =
            Device { id: device("ana"), name: "a".into(), created_ms: 0, last_seen_ms: 0, online: true, own: true };
        State { calls: vec![call].into(), devices: vec![own].into(), now_ms: 2_000, ..State::default() }
    }

    #[test]
    fn bad_wishes_name_their_fault() {
        for (method, params) in [
            ("startLesson", json!({})),
            ("startLesson", json!({"groupID": "g", "settings": {"floors": 0}})),
            ("startLesson", json!({"groupID": "g", "ring": "ana"})),
            ("askClass", json!({})),
            ("askClass", json!({"command": "speak"})),
            ("askClass", json!({"command": "poll"})),
            ("askClass", json!({"command": "poll", "question": "?", "choices": ["a"]})),
            ("askClass", json!({"command": "rollCall", "timeout": 9})),
            ("letSpeak", json!({})),
            ("answerPrompt", json!({"inviteID": "p", "choice": -1})),
            ("answerOffer", json!({})),
            ("react", json!({"reaction": "dance"})),
            ("setLesson", json!({"floors": 0})),
            ("setLesson", json!({})),
            ("removeFromLesson", json!({"reason": "noise"})),
            ("setMicrophones", json!({"open": false, "all": true, "userList": ["ana"]})),
            ("endLesson", json!({"groupID": ""})),
        ] {
            let error = line(method, &params).expect_err(method);
            assert!(error.is(Code::InvalidParameters), "{method} {params}: {error}");
        }
    }

    #[test]
    fn without_a_lesson_there_is_nothing_to_do_in_one() {
        for (method, params) in [
            ("askClass", json!({"command": "rollCall"})),
            ("raiseHand", json!({})),
            ("endLesson", json!({})),
            ("lowerHands", json!({"all": true})),
        ] {
            let ask = line(method, &params).expect("a wish");
            let error = resolve(&State::default(), ask).expect_err(method);
            assert!(error.is(Code::InvalidOperation), "{method}: {error}");
            let ask = line(method, &params).expect("a wish");
            assert!(resolve(&attending(), ask).is_ok(), "{method}");
        }
        let start = line("startLesson", &json!({"groupID": "g"})).expect("a wish");
        assert!(matches!(resolve(&State::default(), start), Ok(Ask::Lesson(LessonCommand::Start { .. }))));
    }

    #[test]
    fn the_group_may_be_left_out_in_a_lesson_and_counts_where_it_is_named() {
        let group = |name: &str| GroupId::new(name).expect("valid");
        for (params, expected) in [(json!({"all": true}), "class"), (json!({"all": true, "groupID": "g"}), "g")] {
            let ask = line("lowerHands", &params).expect("a wish");
            match resolve(&attending(), ask) {
                Ok(Ask::Protocol(Request::LowerHands(lower))) => {
                    assert_eq!((lower.group_id, lower.all), (group(expected), true));
                }
                other => panic!("{other:?}"),
            }
        }
        let end = |params| resolve(&attending(), line("endLesson", &params).expect("a wish"));
        assert!(matches!(end(json!({})), Ok(Ask::Lesson(LessonCommand::End))));
        assert!(matches!(end(json!({"groupID": "class"})), Ok(Ask::Lesson(LessonCommand::End))));
        let other = end(json!({"groupID": "g"}));
        assert!(matches!(other, Ok(Ask::Protocol(Request::EndLesson(end))) if end.group_id == group("g")));
    }

    #[test]
    fn the_picture_of_a_lesson_has_what_its_reader_needs() {
        let state = attending();
        let lesson = call(&state, &state.calls[0])["lesson"].take();
        assert_eq!((&lesson["settings"]["floors"], &lesson["maySpeak"]), (&json!(1), &json!(false)));
        let prompt = &lesson["prompts"][0];
        assert_eq!((&prompt["mine"], &prompt["tally"]), (&json!("open"), &json!([0, 0])));
        assert_eq!((&prompt["remainingMs"], &prompt["command"]["cmd"]), (&json!(58_000), &json!("poll")));
        assert_eq!(lesson["signs"], json!([{"userID": "kim", "reaction": "thumbsUp", "agoMs": 1_500}]));
        assert_eq!((&lesson["refused"], &lesson["people"][1]["teacher"]), (&json!({}), &json!(true)));
        assert_eq!(reports(&state), Value::Null);
    }
}
