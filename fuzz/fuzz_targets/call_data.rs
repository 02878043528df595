//! The custom data of a call: what was understood is written and read as the same.
#![no_main]

use ahoy::protocol::call_data::CallData;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(data) = CallData::parse(text) {
        assert_eq!(CallData::parse(&data.to_json()), Ok(data));
    }
});
