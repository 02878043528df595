//! The callbacks of sound cards neither allocate nor call the system, and so do not lock either: a lock that somebody
//! else holds is a system call. They run in a process that ends at the first allocation, and at the first system call.
#![cfg(all(feature = "desktop", target_os = "linux"))]

use std::{
    collections::BTreeMap,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use ahoy::media::device::callback::{Capture, Health, Playback, capture_channels, playback_channels};
use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use rtrb::RingBuffer;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Signals that end the inner tests: of a forbidden system call, and of a forbidden allocation.
const SIGSYS: i32 = 31;
const SIGABRT: i32 = 6;

/// Runs an ignored test of this file.
fn inner(name: &str) -> ExitStatus {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--ignored", "--exact", name, "--nocapture", "--test-threads=1"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("this program starts")
}

/// Does this on a thread that may not allocate and, if `filtered`, not call the system.
fn alone(filtered: bool, mut work: impl FnMut() + Send + 'static) {
    let arch = std::env::consts::ARCH.try_into().expect("an architecture that has filters");
    let filter = SeccompFilter::new(BTreeMap::new(), SeccompAction::KillProcess, SeccompAction::Allow, arch);
    let program: BpfProgram = filter.and_then(TryInto::try_into).expect("a filter that forbids all");
    let done = Arc::new(AtomicBool::new(false));
    let told = done.clone();
    thread::spawn(move || {
        if filtered {
            seccompiler::apply_filter(&program).expect("the system has filters");
        }
        assert_no_alloc(&mut work);
        told.store(true, SeqCst);
        // To end would be a system call.
        loop {
            std::hint::spin_loop();
        }
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done.load(SeqCst) {
        assert!(Instant::now() < deadline, "it never came to its end");
        thread::sleep(Duration::from_millis(5));
    }
    std::process::exit(0);
}

#[test]
fn callbacks_neither_allocate_nor_call_the_system() {
    let status = inner("inner_callbacks");
    assert!(status.success(), "{status}");
}

#[test]
fn and_it_would_show() {
    assert_eq!(inner("inner_system_call").signal(), Some(SIGSYS));
    assert_eq!(inner("inner_allocation").signal(), Some(SIGABRT));
}

#[test]
#[ignore = "run by callbacks_neither_allocate_nor_call_the_system"]
fn inner_callbacks() {
    let mut cards = Vec::new();
    for channels in [1, 2, 6] {
        let health = Arc::new(Health::new(48_000, 240, true));
        let (to_intake, intake) = RingBuffer::new(24_000 * capture_channels(channels));
        let (outlet, from_outlet) = RingBuffer::new(24_000 * playback_channels(channels));
        let capture = Capture::new(to_intake, channels, health.clone());
        cards.push((channels, capture, intake, outlet, Playback::new(from_outlet, channels, health)));
    }
    let mut float = vec![0.1f32; 6 * 480];
    let mut integer = vec![100i16; 6 * 480];
    alone(true, move || {
        for round in 0..1000 {
            for (channels, capture, intake, outlet, playback) in &mut cards {
                let samples = *channels * (1 + round % 480);
                // Now and then nobody reads and the ring is full, or nobody writes and it is empty.
                if round % 300 > 150 {
                    while intake.pop().is_ok() {}
                    while outlet.slots() > 22_000 && outlet.push(0.2).is_ok() {}
                }
                capture.take(&float[..samples]);
                capture.take(&integer[..samples]);
                playback.fill(&mut float[..samples]);
                playback.fill(&mut integer[..samples]);
            }
        }
    });
}

#[test]
#[ignore = "run by and_it_would_show"]
fn inner_system_call() {
    alone(true, thread::yield_now);
}

#[test]
#[ignore = "run by and_it_would_show"]
fn inner_allocation() {
    alone(false, || drop(std::hint::black_box(vec![0u8; 100])));
}
