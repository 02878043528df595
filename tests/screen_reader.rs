//! The real windows, used without eyes and without a mouse: over AT-SPI, by nothing but the names that a screen reader says.
#![cfg(all(feature = "desktop", target_os = "linux"))]

#[path = "common/bus.rs"]
mod bus;
#[path = "common/reader.rs"]
mod reader;
#[path = "common/server.rs"]
mod server;

use reader::{Desk, Window};
use server::ServerProcess;

/// Makes an account, from the first screen on.
fn sign_in(window: &Window<'_>, server: &ServerProcess, name: &str) {
    window.press("Another address");
    window.write("Server address", &server.listen);
    window.write("Your name", name);
    window.press("Start");
    window.find("People");
}

#[test]
fn somebody_signs_in_calls_answers_and_hangs_up_by_names_only() {
    let server = ServerProcess::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("letters");
    let desk = Desk::start();
    let ann = desk.open(false, &["--profile", "ann", "--data-dir", data]);
    let kim = desk.open(true, &["--profile", "kim", "--data-dir", data]);
    sign_in(&ann, &server, "Ann");
    sign_in(&kim, &server, "Kim");
    // The window says which it is.
    kim.find("Ahoy – kim");

    kim.press("Call Ann");
    ann.press("Answer");
    for window in [&kim, &ann] {
        window.find("Mute");
    }
    kim.press("Mute");
    kim.find("Unmute");
    ann.press("Hang up");
    for (window, other) in [(&kim, "Ann"), (&ann, "Kim")] {
        window.press("Calls");
        window.find(&format!("Remove this call with {other} from the log"));
    }
}

#[test]
fn a_hand_gets_the_floor_by_names_only() {
    let server = ServerProcess::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("letters");
    let desk = Desk::start();
    let address = server.url();
    let options = |user, name| {
        ["--profile", user, "--data-dir", data, "--server", &address, "--user", user, "--display-name", name]
            .map(String::from)
            .to_vec()
    };
    let ann = desk.open(false, &options("ann", "Ann"));
    ann.find("People");
    let mut teacher = options("kim", "Kim");
    teacher.extend(["--class", "Maths", "--class-student", "ann"].map(String::from));
    let kim = desk.open(true, &teacher);

    kim.press("Start lesson");
    kim.find("Start a lesson in Maths");
    kim.press("Start lesson");
    ann.press("Answer");
    ann.find("Your microphone is closed. Raise your hand to speak.");
    kim.press("Ask for hands");
    kim.press("30 s");
    ann.find("Who wants to speak?");
    ann.press("Raise hand");
    kim.press("Let Ann speak");
    ann.press("Speak");
    ann.find("You have the floor");
    kim.press("Take the floor back from Ann");
    ann.find("Your microphone is closed. Raise your hand to speak.");
    kim.press("End for all");
    kim.find("End the lesson for all?");
    kim.press("End for all");
    ann.find("The lesson is over");
}
