//! A media packet: what was understood is written as the same bytes.
#![no_main]

use ahoy::protocol::media::{Header, Kind, PathReport, Report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok((header, payload)) = Header::parse(bytes) else { return };
    assert_eq!(header.packet(payload), bytes);
    match header.kind {
        Kind::Report => {
            if let Ok(report) = Report::parse(payload) {
                // A longer one comes from a newer version.
                let known = report.to_bytes();
                assert_eq!(known, payload[..known.len()]);
            }
        }
        Kind::Pong => {
            if let Ok((ping, report)) = PathReport::parse(payload) {
                assert_eq!([ping, &report.to_bytes()].concat(), payload);
            }
        }
        Kind::Audio | Kind::Ping => {}
    }
});
