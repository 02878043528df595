//! JSON-RPC 2.0 framing: what a text frame is, before anyone asks what it means.
//!
//! Requests go from client to server, notifications from server to client; batches are not used.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ApiError, Code};

/// A client's frame: a request (with `id`).
#[derive(Debug)]
pub struct RawRequest<'a> {
    /// The client's number for it.
    pub id: u64,
    /// The method's name.
    pub method: String,
    /// The parameters, not yet looked at.
    pub params: Option<&'a RawValue>,
}

/// A frame from the server.
#[derive(Debug)]
pub enum ServerFrame<'a> {
    /// The answer to request `id`.
    Reply {
        /// The request's number; `None` if the server could not read it.
        id: Option<u64>,
        /// What came of it.
        outcome: Result<&'a RawValue, ApiError>,
    },
    /// Something happened.
    Notification {
        /// Its name, as the callback's in the specification.
        method: String,
        /// Its parameters.
        params: &'a RawValue,
    },
}

/// Why a client's frame could not be read; `id` is the request's, where it could be seen.
#[derive(Debug)]
pub struct BadFrame {
    /// The request's number, if it was readable.
    pub id: Option<u64>,
    /// What to answer.
    pub error: ApiError,
}

#[derive(Deserialize)]
struct WireRequest<'a> {
    jsonrpc: Option<&'a str>,
    id: Option<u64>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

impl<'a> RawRequest<'a> {
    /// Reads a client's text frame.
    ///
    /// # Errors
    /// If it is not JSON, or not a JSON-RPC 2.0 request with a numeric `id`.
    pub fn parse(text: &'a str) -> Result<Self, BadFrame> {
        let wire: WireRequest<'a> = serde_json::from_str(text).map_err(|error| {
            let code = if error.is_data() { Code::InvalidRequest } else { Code::ParseError };
            BadFrame { id: None, error: ApiError::new(code, format!("The frame is not a JSON-RPC request: {error}.")) }
        })?;
        let bad = |message: &str| BadFrame { id: wire.id, error: ApiError::new(Code::InvalidRequest, message) };
        if wire.jsonrpc != Some("2.0") {
            return Err(bad("Set \"jsonrpc\" to \"2.0\"."));
        }
        let id = wire.id.ok_or_else(|| bad("Give the request a numeric \"id\"."))?;
        let method = wire.method.clone().ok_or_else(|| bad("Name the \"method\"."))?;
        Ok(Self { id, method, params: wire.params })
    }
}

#[derive(Deserialize)]
struct WireServerFrame<'a> {
    id: Option<u64>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<ApiError>,
}

impl<'a> ServerFrame<'a> {
    /// Reads a server's text frame.
    ///
    /// # Errors
    /// If it is neither a reply nor a notification.
    pub fn parse(text: &'a str) -> Result<Self, ApiError> {
        let bad =
            |what: String| ApiError::new(Code::ParseError, format!("The server sent an unreadable frame: {what}."));
        let wire: WireServerFrame<'a> = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        match wire {
            WireServerFrame { method: Some(method), params: Some(params), .. } => {
                Ok(Self::Notification { method, params })
            }
            WireServerFrame { error: Some(error), id, .. } => Ok(Self::Reply { id, outcome: Err(error) }),
            // `"result": null` reads as absent; it stands for an empty result.
            WireServerFrame { id: Some(id), result, .. } => {
                Ok(Self::Reply { id: Some(id), outcome: Ok(result.unwrap_or(RawValue::NULL)) })
            }
            WireServerFrame { .. } => Err(bad("neither reply nor notification".into())),
        }
    }
}

#[derive(Serialize)]
struct OutRequest<'a, P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: P,
}

#[derive(Serialize)]
struct OutReply<'a, R> {
    jsonrpc: &'static str,
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ApiError>,
}

#[derive(Serialize)]
struct OutNotification<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: P,
}

fn text(value: &impl Serialize) -> String {
    // Protocol types have string keys and finite numbers: serialising cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// The text of a request.
pub fn request(id: u64, method: &str, params: &impl Serialize) -> String {
    text(&OutRequest { jsonrpc: "2.0", id, method, params })
}

/// The text of a successful reply.
pub fn reply(id: u64, result: &impl Serialize) -> String {
    text(&OutReply { jsonrpc: "2.0", id: Some(id), result: Some(result), error: None })
}

/// The text of a refusal.
pub fn refusal(id: Option<u64>, error: &ApiError) -> String {
    text(&OutReply::<()> { jsonrpc: "2.0", id, result: None, error: Some(error) })
}

/// The text of a notification.
pub fn notification(method: &str, params: &impl Serialize) -> String {
    text(&OutNotification { jsonrpc: "2.0", method, params })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn broken_requests_name_their_fault() {
        for (frame, code, id) in [
            ("", Code::ParseError, None),
            ("{", Code::ParseError, None),
            ("[]", Code::InvalidRequest, None),
            ("17", Code::InvalidRequest, None),
            (r#"{"id":1,"method":"x"}"#, Code::InvalidRequest, Some(1)),
            (r#"{"jsonrpc":"2.0","method":"x"}"#, Code::InvalidRequest, None),
            (r#"{"jsonrpc":"2.0","id":2}"#, Code::InvalidRequest, Some(2)),
            (r#"{"jsonrpc":"2.0","id":"a","method":"x"}"#, Code::InvalidRequest, None),
        ] {
            let bad = RawRequest::parse(frame).expect_err(frame);
            assert!(bad.error.is(code), "{frame}: {}", bad.error);
            assert_eq!(bad.id, id, "{frame}");
        }
    }

    #[test]
    fn frames_survive_the_wire() {
        let sent = request(3, "ping", &serde_json::json!({"a": 1}));
        let read = RawRequest::parse(&sent).expect("a request");
        assert_eq!((read.id, read.method.as_str(), read.params.map(RawValue::get)), (3, "ping", Some(r#"{"a":1}"#)));

        let error = ApiError::new(Code::InvalidInviteId, "over");
        let frame = refusal(Some(3), &error);
        assert!(
            matches!(ServerFrame::parse(&frame), Ok(ServerFrame::Reply { id: Some(3), outcome: Err(e) }) if e == error)
        );
        let frame = reply(4, &());
        assert!(matches!(ServerFrame::parse(&frame), Ok(ServerFrame::Reply { id: Some(4), outcome: Ok(_) })));
        let frame = notification("onX", &serde_json::json!({}));
        assert!(matches!(ServerFrame::parse(&frame), Ok(ServerFrame::Notification { method, .. }) if method == "onX"));
    }

    proptest! {
        #[test]
        fn noise_never_panics(text in "\\PC{0,200}") {
            let _ = RawRequest::parse(&text);
            let _ = ServerFrame::parse(&text);
        }
    }
}
