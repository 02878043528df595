//! `ahoy demo`: a server and two signed-in windows side by side, to try a call with nobody else around; or a teacher's
//! window and three students', to try a lesson.
//!
//! The windows are processes of their own, as two people's would be; everything they keep is thrown away at the end.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use crate::{
    media::spec::DeviceSpec,
    server::{Server, ServerConfig, ServerError},
};

use super::text::Text;

/// How often is looked whether a window has been closed.
const LOOK: Duration = Duration::from_millis(200);

/// Several windows on one computer.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DemoArgs {
    /// Microphone of the first window; the others are silent, so that nothing howls.
    #[arg(long, value_name = "SPEC")]
    pub microphone: Option<DeviceSpec>,
    /// A teacher and three students in a class, for a lesson to start.
    #[arg(long)]
    pub class: bool,
}

/// Where the students' windows stand: one above the other, a little apart, beside the teacher's.
const STUDENTS: [&str; 3] = ["780,20", "820,180", "860,340"];

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder for the demo's data.
    #[error("the folder {path} for the demo's data cannot be made: {error}")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The server does not start.
    #[error("the demo's server cannot start: {0}")]
    Server(#[from] ServerError),
    /// A window does not start.
    #[error("a window of the demo cannot start: {0}")]
    Window(#[from] io::Error),
}

/// Runs the demo; comes back when one of its windows has been closed, or at Ctrl-C or SIGTERM.
///
/// # Errors
/// If server or windows cannot be started.
pub fn demo(args: &DemoArgs) -> Result<(), DemoError> {
    let folder = Folder::make()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = ServerConfig { announce: false, ..ServerConfig::new(listen, folder.0.join("server"), "Ahoy") };
        let server = Server::spawn(config).await?;
        let result = windows(args, &folder.0, &server).await;
        server.shutdown().await;
        result
    })
}

async fn windows(args: &DemoArgs, folder: &Path, server: &Server) -> Result<(), DemoError> {
    let text = Text::chosen(None);
    let address = format!("wss://{}", server.local_addr());
    let microphone = args.microphone.clone().unwrap_or_default();
    let open = |profile: &str, name: &str, position: &str, microphone: &DeviceSpec, more: &[String]| {
        Window::open(folder, &address, (profile, name), position, microphone, more)
    };
    let mut windows = Vec::new();
    if args.class {
        let student = |at: usize| format!("demo-{}", at + 2);
        let mut more = vec!["--class".to_owned(), text.tr("demo-class")];
        for at in 0..STUDENTS.len() {
            more.extend(["--class-student".to_owned(), student(at)]);
        }
        windows.push(open("demo-1", &text.tr("demo-teacher"), "10,40", &microphone, &more)?);
        for (at, position) in STUDENTS.iter().enumerate() {
            let name = text.tr_with("demo-student", &[("count", &(at + 1).to_string())]);
            windows.push(open(&student(at), &name, position, &DeviceSpec::Null, &[])?);
        }
    } else {
        windows.push(open("demo-1", &text.tr("demo-first"), "10,40", &microphone, &[])?);
        windows.push(open("demo-2", &text.tr("demo-second"), "780,40", &DeviceSpec::Null, &[])?);
    }
    let closed = async {
        loop {
            tokio::time::sleep(LOOK).await;
            for window in &mut windows {
                if window.0.try_wait()?.is_some() {
                    return Ok(());
                }
            }
        }
    };
    tokio::select! {
        closed = closed => closed,
        interrupted = interrupted() => interrupted.map_err(DemoError::from),
    }
}

/// The system's wish that the demo end.
async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// A window that does not outlive the demo.
struct Window(Child);

impl Window {
    fn open(
        folder: &Path,
        address: &str,
        (profile, name): (&str, &str),
        position: &str,
        microphone: &DeviceSpec,
        more: &[String],
    ) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--data-dir").arg(folder).args(["--profile", profile, "--window-position", position]);
        command.args(["--server", address, "--user", profile, "--display-name", name, "--no-discovery"]);
        if *microphone != DeviceSpec::Default {
            command.arg("--microphone").arg(microphone.to_string());
        }
        command.args(more).spawn().map(Self)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A folder that goes away with the demo.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, DemoError> {
        let path = std::env::temp_dir().join(format!("ahoy-demo-{}", uuid::Uuid::new_v4()));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(DemoError::Folder { path, error }),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "the demo's data is left behind");
        }
    }
}
