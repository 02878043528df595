//! The documents say what the program does.

use ahoy::protocol::{Code, Event, Request};

const PROTOCOL: &str = include_str!("../docs/protocol.md");

#[test]
fn the_protocol_page_names_every_method_notification_and_code() {
    for name in Request::METHODS.iter().chain(Event::METHODS) {
        assert!(PROTOCOL.contains(&format!("`{name}`")), "docs/protocol.md does not mention {name}");
    }
    for code in Code::ALL {
        let number = (*code as i32).to_string();
        assert!(PROTOCOL.contains(&number), "docs/protocol.md does not mention {number}");
    }
}

#[test]
fn the_readme_has_the_two_commands() {
    let readme = include_str!("../README.md");
    for command in ["make run", "make test", "cargo run --release"] {
        assert!(readme.contains(command), "README.md does not mention {command}");
    }
}
