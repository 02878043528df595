//! A D-Bus of one's own, for tests.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Whoever may connect may do everything.
const SETTINGS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>ADDRESS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

/// A running daemon; ends when dropped.
pub struct Bus {
    daemon: Child,
    folder: tempfile::TempDir,
}

impl Bus {
    /// Starts a daemon.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = folder.path().join("settings.xml");
        std::fs::write(&settings, SETTINGS.replace("ADDRESS", &address(folder.path()))).expect("a file");
        let daemon = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--config-file"])
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut bus = Self { daemon, folder };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !bus.folder.path().join("bus").exists() {
            assert!(Instant::now() < deadline, "the bus does not start");
            assert!(bus.daemon.try_wait().expect("a process").is_none(), "the bus has ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        bus
    }

    /// Where it is reached.
    pub fn address(&self) -> String {
        address(self.folder.path())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn address(folder: &std::path::Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}
