//! JSON-RPC 2.0 as a program speaks it on stdin: one object per line, an `id` of any kind JSON-RPC allows, and the calls
//! of the specification beside those of the phone.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    engine::LessonCommand,
    media::spec::DeviceSpec,
    protocol::{ApiError, Code, GroupId, InviteId, Request, UserId},
};

use super::class;

/// Longest line, bytes: more than any request can need.
pub(crate) const LINE_MAX_BYTES: usize = 256 * 1024;

/// What a line asks.
#[derive(Debug)]
pub(crate) enum Ask {
    /// A request of the specification, to be passed on.
    Protocol(Request),
    /// Call somebody, or several people.
    Call(Vec<UserId>),
    /// Call members of a group; all if nobody is named.
    CallGroup(GroupId, Vec<UserId>),
    /// Join the call that is on in a group.
    JoinCall(GroupId),
    /// Call more people into the call.
    AddToCall(Option<InviteId>, Vec<UserId>),
    /// Ring some of them no longer; all if nobody is named.
    StopRinging(Option<InviteId>, Vec<UserId>),
    /// Something about lessons.
    Lesson(LessonCommand),
    /// End the lesson of a group for all; without a name, the one that the phone is in.
    EndLesson(Option<GroupId>),
    /// A request about the lesson that the phone is in, whose group is to be filled in.
    OfLesson(Request),
    /// Answer the call that rings.
    Answer(Option<InviteId>),
    /// Decline it.
    Decline(Option<InviteId>),
    /// Put the talk on hold.
    Hold(Option<InviteId>),
    /// Go on with the talk that is on hold.
    Resume(Option<InviteId>),
    /// Let who calls during a talk wait, or tell them that the line is busy.
    SetCallWaiting(bool),
    /// End the call.
    HangUp(Option<InviteId>),
    /// Close or open the microphone.
    SetMuted(bool),
    /// Change the microphone.
    SetMicrophone(DeviceSpec),
    /// Change the speaker.
    SetSpeaker(DeviceSpec),
    /// Session, calls, people.
    GetState,
    /// The call log.
    GetLog,
    /// Levels and link of the call.
    GetStats,
    /// End the phone.
    Quit,
}

/// A line that can be acted on.
#[derive(Debug)]
pub(crate) struct Line {
    /// Goes back with the reply; without one no reply is wanted.
    pub(crate) id: Option<Value>,
    /// What to do.
    pub(crate) ask: Ask,
}

/// A line that cannot.
#[derive(Debug)]
pub(crate) struct BadLine {
    /// As far as it could be read; without one the error goes out with `null`.
    pub(crate) id: Value,
    /// Why.
    pub(crate) error: ApiError,
}

#[derive(Deserialize)]
struct Wire<'a> {
    jsonrpc: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
    method: Option<Value>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Tells `"id": null` from no `id` at all.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// Calls of the specification that the phone makes by itself.
const BY_ITSELF: &[&str] = &["signUp", "signIn", "login", "logout", "ack", "timeout", "ping"];

/// The phone's own methods.
#[cfg(test)]
const METHODS: &[&str] = &[
    "call",
    "callGroup",
    "joinCall",
    "addToCall",
    "stopRinging",
    "answer",
    "decline",
    "hold",
    "resume",
    "setCallWaiting",
    "hangUp",
    "mute",
    "unmute",
    "setMicrophone",
    "setSpeaker",
    "getState",
    "getLog",
    "getStats",
    "quit",
];

#[derive(Deserialize)]
struct Nothing {}

/// One, or several.
#[derive(Deserialize)]
struct Whom {
    #[serde(default, rename = "userID")]
    user_id: Option<UserId>,
    #[serde(default, rename = "userList")]
    user_list: Vec<UserId>,
}

impl Whom {
    fn users(self, method: &str) -> Result<Vec<UserId>, ApiError> {
        some(method, self.user_id.into_iter().chain(self.user_list).collect())
    }
}

/// Somebody must be named.
fn some(method: &str, users: Vec<UserId>) -> Result<Vec<UserId>, ApiError> {
    if users.is_empty() {
        let message = format!("{method} needs somebody; name them in \"userList\".");
        return Err(ApiError::new(Code::InvalidParameters, message));
    }
    Ok(users)
}

#[derive(Deserialize)]
struct InGroup {
    #[serde(rename = "groupID")]
    group_id: GroupId,
    #[serde(default, rename = "userList")]
    user_list: Vec<UserId>,
}

#[derive(Deserialize)]
struct InCall {
    #[serde(default, rename = "callID")]
    call_id: Option<InviteId>,
    #[serde(default, rename = "userList")]
    user_list: Vec<UserId>,
}

#[derive(Deserialize)]
struct Which {
    #[serde(default, rename = "callID")]
    call_id: Option<InviteId>,
}

#[derive(Deserialize)]
struct Switch {
    on: bool,
}

#[derive(Deserialize)]
struct Device {
    device: DeviceSpec,
}

/// Reads a line.
///
/// # Errors
/// -32700 for what is not JSON, -32600 for what is not a request, otherwise as [`Request::parse`].
pub(crate) fn parse(text: &str) -> Result<Line, BadLine> {
    let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| {
        let code = if error.is_data() { Code::InvalidRequest } else { Code::ParseError };
        let message = format!("The line is not a JSON-RPC request: {error}.");
        BadLine { id: Value::Null, error: ApiError::new(code, message) }
    })?;
    let Wire { jsonrpc, id, method, params } = wire;
    let usable = id.as_ref().is_none_or(|id| matches!(id, Value::Null | Value::String(_) | Value::Number(_)));
    let bad = |error| BadLine { id: id.clone().filter(|_| usable).unwrap_or(Value::Null), error };
    let malformed = |message: &str| bad(ApiError::new(Code::InvalidRequest, message));
    if !usable {
        return Err(malformed("\"id\" must be a number, a text or null."));
    }
    if jsonrpc != Some(Value::from("2.0")) {
        return Err(malformed("Set \"jsonrpc\" to \"2.0\"."));
    }
    let Some(Value::String(method)) = method else { return Err(malformed("Name the \"method\" as a text.")) };
    let ask = ask(&method, params).map_err(bad)?;
    Ok(Line { id, ask })
}

fn ask(method: &str, params: Option<&RawValue>) -> Result<Ask, ApiError> {
    Ok(match method {
        "call" => Ask::Call(read::<Whom>(method, params)?.users(method)?),
        "callGroup" => {
            let InGroup { group_id, user_list } = read(method, params)?;
            Ask::CallGroup(group_id, user_list)
        }
        "joinCall" => Ask::JoinCall(read::<InGroup>(method, params)?.group_id),
        "addToCall" => {
            let InCall { call_id, user_list } = read(method, params)?;
            Ask::AddToCall(call_id, some(method, user_list)?)
        }
        "stopRinging" => {
            let InCall { call_id, user_list } = read(method, params)?;
            Ask::StopRinging(call_id, user_list)
        }
        "answer" => Ask::Answer(read::<Which>(method, params)?.call_id),
        "decline" => Ask::Decline(read::<Which>(method, params)?.call_id),
        "hold" => Ask::Hold(read::<Which>(method, params)?.call_id),
        "resume" => Ask::Resume(read::<Which>(method, params)?.call_id),
        "setCallWaiting" => Ask::SetCallWaiting(read::<Switch>(method, params)?.on),
        "hangUp" => Ask::HangUp(read::<Which>(method, params)?.call_id),
        "mute" => read::<Nothing>(method, params).map(|_| Ask::SetMuted(true))?,
        "unmute" => read::<Nothing>(method, params).map(|_| Ask::SetMuted(false))?,
        "setMicrophone" => Ask::SetMicrophone(read::<Device>(method, params)?.device),
        "setSpeaker" => Ask::SetSpeaker(read::<Device>(method, params)?.device),
        "getState" => read::<Nothing>(method, params).map(|_| Ask::GetState)?,
        "getLog" => read::<Nothing>(method, params).map(|_| Ask::GetLog)?,
        "getStats" => read::<Nothing>(method, params).map(|_| Ask::GetStats)?,
        "quit" => read::<Nothing>(method, params).map(|_| Ask::Quit)?,
        _ if BY_ITSELF.contains(&method) => {
            return Err(ApiError::new(Code::InvalidOperation, format!("The phone does {method} by itself.")));
        }
        "invite" | "inviteInGroup" => {
            let params = with_invite_id(method, params)?;
            Ask::Protocol(Request::parse(method, Some(&params))?)
        }
        _ => match class::ask(method, params)? {
            Some(ask) => ask,
            None => Ask::Protocol(Request::parse(method, params)?),
        },
    })
}

pub(super) fn read<T: DeserializeOwned>(method: &str, params: Option<&RawValue>) -> Result<T, ApiError> {
    serde_json::from_str(params.map_or("{}", RawValue::get)).map_err(|error| {
        ApiError::new(Code::InvalidParameters, format!("The parameters of {method} do not fit: {error}."))
    })
}

/// An application need not think of an identifier; the reply tells it.
fn with_invite_id(method: &str, params: Option<&RawValue>) -> Result<Box<RawValue>, ApiError> {
    let mut params: serde_json::Map<String, Value> = read(method, params)?;
    params.entry("inviteID").or_insert_with(|| InviteId::random().as_str().into());
    RawValue::from_string(Value::Object(params).to_string()).map_err(|error| {
        ApiError::new(Code::InvalidParameters, format!("The parameters of {method} do not fit: {error}."))
    })
}

#[derive(Serialize)]
struct Out<'a> {
    jsonrpc: &'static str,
    id: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ApiError>,
}

/// The line that answers.
pub(crate) fn reply(id: &Value, outcome: &Result<Value, ApiError>) -> String {
    let out = Out { jsonrpc: "2.0", id, result: outcome.as_ref().ok(), error: outcome.as_ref().err() };
    // JSON values with text keys: serialising cannot fail.
    serde_json::to_string(&out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn bad_lines_name_their_fault() {
        for (line, code, id) in [
            ("", Code::ParseError, json!(null)),
            ("{", Code::ParseError, json!(null)),
            ("[]", Code::InvalidRequest, json!(null)),
            ("null", Code::InvalidRequest, json!(null)),
            (r#"{"id":1,"method":"getState"}"#, Code::InvalidRequest, json!(1)),
            (r#"{"jsonrpc":"1.0","id":1,"method":"getState"}"#, Code::InvalidRequest, json!(1)),
            (r#"{"jsonrpc":"2.0","id":"a"}"#, Code::InvalidRequest, json!("a")),
            (r#"{"jsonrpc":"2.0","id":{},"method":"getState"}"#, Code::InvalidRequest, json!(null)),
            (r#"{"jsonrpc":"2.0","id":2,"method":7}"#, Code::InvalidRequest, json!(2)),
            (r#"{"jsonrpc":"2.0","id":2,"method":"dance"}"#, Code::MethodNotFound, json!(2)),
            (r#"{"jsonrpc":"2.0","id":2,"method":"login"}"#, Code::InvalidOperation, json!(2)),
            (r#"{"jsonrpc":"2.0","id":2,"method":"call"}"#, Code::InvalidParameters, json!(2)),
            (r#"{"jsonrpc":"2.0","id":2,"method":"call","params":{"userID":""}}"#, Code::InvalidParameters, json!(2)),
            (
                r#"{"jsonrpc":"2.0","id":2,"method":"setSpeaker","params":{"device":""}}"#,
                Code::InvalidParameters,
                json!(2),
            ),
            (
                r#"{"jsonrpc":"2.0","id":2,"method":"invite","params":{"invitee":"b","timeout":-1}}"#,
                Code::InvalidParameters,
                json!(2),
            ),
            (r#"{"jsonrpc":"2.0","id":2,"method":"invite","params":[1]}"#, Code::InvalidParameters, json!(2)),
        ] {
            let bad = parse(line).expect_err(line);
            assert!(bad.error.is(code), "{line}: {}", bad.error);
            assert_eq!(bad.id, id, "{line}");
        }
    }

    #[test]
    fn an_invitation_gets_an_identifier_if_it_has_none() {
        let request = |params: Value| {
            let line = json!({"jsonrpc": "2.0", "id": 1, "method": "invite", "params": params}).to_string();
            match parse(&line).expect("a request").ask {
                Ask::Protocol(Request::Invite(invite)) => invite,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(request(json!({"inviteID": "mine", "invitee": "b", "timeout": 5})).invite_id.as_str(), "mine");
        let (one, two) =
            (request(json!({"invitee": "b", "timeout": 5})), request(json!({"invitee": "b", "timeout": 5})));
        assert_ne!(one.invite_id, two.invite_id);
    }

    #[test]
    fn a_line_without_id_wants_no_reply_and_null_is_an_id() {
        assert_eq!(parse(r#"{"jsonrpc":"2.0","method":"quit"}"#).expect("a line").id, None);
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":null,"method":"quit"}"#).expect("a line").id, Some(Value::Null));
    }

    #[test]
    fn no_method_of_the_phone_hides_one_of_the_specification() {
        let methods = || METHODS.iter().chain(class::METHODS);
        assert!(methods().all(|method| !Request::METHODS.contains(method)));
        for method in methods() {
            let line = json!({"jsonrpc": "2.0", "id": 1, "method": method}).to_string();
            if let Err(bad) = parse(&line) {
                assert!(bad.error.is(Code::InvalidParameters), "{method}: {}", bad.error);
            }
        }
    }

    #[test]
    fn replies_carry_the_id_back() {
        let reply = |outcome| serde_json::from_str::<Value>(&reply(&json!("x"), &outcome)).expect("JSON");
        assert_eq!(reply(Ok(json!(null))), json!({"jsonrpc": "2.0", "id": "x", "result": null}));
        let error = ApiError::new(Code::InvalidInviteId, "over");
        let expected = json!({"jsonrpc": "2.0", "id": "x", "error": {"code": 8010, "message": "over"}});
        assert_eq!(reply(Err(error)), expected);
    }

    proptest! {
        #[test]
        fn noise_never_panics(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
