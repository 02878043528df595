//! A text frame from a server, as the client reads it: what was understood is written and read as the same.
#![no_main]

use ahoy::protocol::{Delivery, rpc::ServerFrame};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(ServerFrame::Notification { method, params }) = ServerFrame::parse(text) else { return };
    let Ok(Some(delivery)) = Delivery::from_wire(&method, params) else { return };
    let again = delivery.to_wire();
    let Ok(ServerFrame::Notification { method, params }) = ServerFrame::parse(&again) else {
        panic!("our own frame is unreadable: {again}")
    };
    assert_eq!(Delivery::from_wire(&method, params), Ok(Some(delivery)));
});
