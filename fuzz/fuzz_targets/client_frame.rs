//! A text frame from a client, as the server reads it.
#![no_main]

use ahoy::protocol::{Request, rpc::RawRequest};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(raw) = RawRequest::parse(text) {
        if let Err(error) = Request::parse(&raw.method, raw.params) {
            assert!(!error.message.is_empty(), "every refusal says why");
        }
    }
});
