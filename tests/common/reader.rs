//! What a screen reader sees and does: a display, a session with the accessibility bus, and windows that are read and used
//! over AT-SPI by nothing but the names of things.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use zbus::{
    blocking::{Connection, Proxy, connection::Builder, fdo::PropertiesProxy},
    names::InterfaceName,
    zvariant::{OwnedObjectPath, Value},
};

use super::bus::Bus;

/// No condition takes this long unless it never comes.
const LIMIT: Duration = Duration::from_secs(60);
/// How often is looked.
const PACE: Duration = Duration::from_millis(100);
const LAUNCHERS: [&str; 2] = ["/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher"];

type Error = zbus::Error;

/// A process that ends when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A desktop without a window manager, on which a screen reader runs.
pub struct Desk {
    // The windows' way to the reader goes before the buses do.
    reader: Connection,
    _launcher: Running,
    display: String,
    _screen: Running,
    session: Bus,
    runtime: tempfile::TempDir,
}

impl Desk {
    /// Starts all of it.
    pub fn start() -> Self {
        let session = Bus::start();
        let runtime = tempfile::tempdir().expect("a folder");
        let mut screen = Command::new("Xvfb");
        // The server takes a number that is free, and says which.
        screen.args(["-displayfd", "1", "-screen", "0", "1600x900x24", "-nolisten", "tcp"]);
        screen.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut screen = Running(screen.spawn().expect("Xvfb is installed"));
        let mut number = String::new();
        let said = screen.0.stdout.take().expect("piped");
        BufReader::new(said).read_line(&mut number).expect("the display's number");
        let launcher = LAUNCHERS.iter().find(|path| std::path::Path::new(path).exists());
        let launcher = Command::new(launcher.expect("at-spi2-core is installed"))
            .arg("--launch-immediately")
            .env("DBUS_SESSION_BUS_ADDRESS", session.address())
            .env("XDG_RUNTIME_DIR", runtime.path())
            .env("HOME", runtime.path())
            // It keeps in the session's settings whether there is a reader, and this session has no other store for them.
            .env("GSETTINGS_BACKEND", "memory")
            .env_remove("DISPLAY")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let launcher = Running(launcher.expect("the launcher starts"));
        let bus = Builder::address(&*session.address()).and_then(Builder::build).expect("the session's bus");
        let reader = wait("the accessibility bus", || a11y_bus(&bus).ok());
        Self { reader, _launcher: launcher, display: format!(":{}", number.trim()), _screen: screen, session, runtime }
    }

    /// Opens a window of the program, at the left or at the right: one that is wholly covered is not drawn.
    pub fn open(&self, right: bool, options: &[impl AsRef<OsStr>]) -> Window<'_> {
        let program = Command::new(env!("CARGO_BIN_EXE_ahoy"))
            .args(options)
            .args(["--window-position", if right { "820,0" } else { "0,0" }])
            .args(["--microphone", "silence", "--speaker", "null", "--ring-device", "null", "--no-discovery"])
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", self.session.address())
            .env("XDG_RUNTIME_DIR", self.runtime.path())
            .env("HOME", self.runtime.path())
            .env("LC_ALL", "en_US.UTF-8")
            .env("RUST_LOG", "warn")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .spawn();
        Window { desk: self, program: Running(program.expect("the window opens")) }
    }
}

/// The accessibility bus, once the session says that a screen reader runs.
fn a11y_bus(session: &Connection) -> Result<Connection, Error> {
    let status = PropertiesProxy::builder(session).destination("org.a11y.Bus")?.path("/org/a11y/bus")?.build()?;
    for property in ["IsEnabled", "ScreenReaderEnabled"] {
        status.set(InterfaceName::try_from("org.a11y.Status")?, property, Value::from(true))?;
    }
    let bus = Proxy::new(session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus")?;
    let address: String = bus.call("GetAddress", &())?;
    Builder::address(&*address)?.build()
}

/// A thing in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    bus: String,
    path: OwnedObjectPath,
    /// What the reader says.
    pub name: String,
}

/// One running program, seen by the reader.
pub struct Window<'a> {
    desk: &'a Desk,
    program: Running,
}

impl Window<'_> {
    /// Everything in it that has a name, as far as it can be read at the moment.
    pub fn things(&self) -> Vec<Thing> {
        let mut things = Vec::new();
        for (bus, path) in self.desk.children("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root") {
            if self.desk.process_of(&bus) == Some(self.program.0.id()) {
                self.desk.walk(&bus, &path, &mut things);
            }
        }
        things
    }

    /// Waits until there is something of this name.
    #[track_caller]
    pub fn find(&self, name: &str) -> Thing {
        self.wait(name, |things| things.iter().find(|thing| thing.name == name).cloned())
    }

    /// Waits until something of this name can be pressed, and presses it.
    #[track_caller]
    pub fn press(&self, name: &str) {
        self.wait(name, |things| {
            let named = things.iter().rev().filter(|thing| thing.name == name);
            named.map(|thing| self.desk.act(thing)).find_map(Result::ok).filter(|pressed| *pressed)
        });
    }

    /// Waits until there is a field of this name, and writes into it.
    #[track_caller]
    pub fn write(&self, name: &str, text: &str) {
        self.wait(name, |things| {
            let named = things.iter().rev().filter(|thing| thing.name == name);
            named.map(|thing| self.desk.write(thing, text)).find_map(Result::ok).filter(|written| *written)
        });
    }

    /// Waits until what is there is as wanted.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, mut look: impl FnMut(&[Thing]) -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            let things = self.things();
            if let Some(found) = look(&things) {
                return found;
            }
            let names = || things.iter().map(|thing| thing.name.as_str()).collect::<Vec<_>>().join("\n");
            assert!(Instant::now() < deadline, "not there: {what}, but\n{}", names());
            std::thread::sleep(PACE);
        }
    }
}

impl Desk {
    fn proxy(&self, bus: &str, path: &str, interface: &'static str) -> Result<Proxy<'static>, Error> {
        Proxy::new_owned(self.reader.clone(), bus.to_owned(), path.to_owned(), interface)
    }

    /// What is gone meanwhile has no children.
    fn children(&self, bus: &str, path: &str) -> Vec<(String, OwnedObjectPath)> {
        let proxy = self.proxy(bus, path, "org.a11y.atspi.Accessible");
        proxy.and_then(|proxy| proxy.call("GetChildren", &())).unwrap_or_default()
    }

    fn process_of(&self, bus: &str) -> Option<u32> {
        let proxy = self.proxy("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus").ok()?;
        proxy.call("GetConnectionUnixProcessID", &(bus,)).ok()
    }

    fn walk(&self, bus: &str, path: &OwnedObjectPath, things: &mut Vec<Thing>) {
        if let Ok(proxy) = self.proxy(bus, path.as_str(), "org.a11y.atspi.Accessible") {
            let name: String = proxy.get_property("Name").unwrap_or_default();
            if !name.is_empty() {
                things.push(Thing { bus: bus.to_owned(), path: path.clone(), name });
            }
        }
        for (bus, path) in self.children(bus, path.as_str()) {
            self.walk(&bus, &path, things);
        }
    }

    fn act(&self, thing: &Thing) -> Result<bool, Error> {
        self.proxy(&thing.bus, thing.path.as_str(), "org.a11y.atspi.Action")?.call("DoAction", &(0_i32,))
    }

    fn write(&self, thing: &Thing, text: &str) -> Result<bool, Error> {
        self.proxy(&thing.bus, thing.path.as_str(), "org.a11y.atspi.EditableText")?.call("SetTextContents", &(text,))
    }
}

/// Waits until something is there.
#[track_caller]
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not there: {what}");
        std::thread::sleep(PACE);
    }
}
