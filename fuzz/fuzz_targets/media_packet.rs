//! A media packet: what was understood is written as the same bytes.
#![no_main]

use ahoy::protocol::media::{Header, Kind, Report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok((header, payload)) = Header::parse(bytes) else { return };
    assert_eq!(header.packet(payload), bytes);
    if header.kind == Kind::Report {
        if let Ok(report) = Report::parse(payload) {
            assert_eq!(report.to_bytes(), payload[..9]);
        }
    }
});
