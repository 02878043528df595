//! The command line: one file per subcommand.

mod serve;

use clap::{Parser, Subcommand};
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Calls and classrooms on the desktop, with a signaling server of its own.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[cfg(feature = "desktop")]
    #[command(flatten)]
    window: ahoy::app::WindowArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server alone, without sound or display
    Serve(serve::Serve),
    /// A phone without a window, for people and programs
    #[cfg(feature = "desktop")]
    Phone(ahoy::phone::PhoneArgs),
    /// A server and two windows on this computer, to try a call alone; or four, to try a lesson
    #[cfg(feature = "desktop")]
    Demo(ahoy::app::DemoArgs),
    /// Measure this program on this computer
    #[cfg(feature = "desktop")]
    Bench(ahoy::bench::BenchArgs),
}

impl Arguments {
    /// What is logged unless `RUST_LOG` says otherwise: `info` of this program, `error` of others. What is measured runs
    /// hundreds of clients in one process, which need not all tell of themselves.
    pub(crate) fn log_filter(&self) -> &'static str {
        match &self.command {
            #[cfg(feature = "desktop")]
            Some(Command::Bench(_)) => "error,pulseaudio=off",
            _ => "error,ahoy=info,pulseaudio=off",
        }
    }

    /// Does what was asked for; the exit code if it went as far as that.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Command::Serve(serve)) => serve.run(),
            #[cfg(feature = "desktop")]
            Some(Command::Phone(phone)) => Ok(ahoy::phone::run(&phone)),
            #[cfg(feature = "desktop")]
            Some(Command::Demo(demo)) => {
                ahoy::app::demo(&demo)?;
                Ok(ExitCode::SUCCESS)
            }
            #[cfg(feature = "desktop")]
            Some(Command::Bench(bench)) => {
                ahoy::bench::run(&bench)?;
                Ok(ExitCode::SUCCESS)
            }
            #[cfg(feature = "desktop")]
            None => {
                ahoy::app::run(self.window)?;
                Ok(ExitCode::SUCCESS)
            }
            #[cfg(not(feature = "desktop"))]
            None => anyhow::bail!("this build has no window; say what to do, as in `ahoy serve` (see `ahoy --help`)"),
        }
    }
}

/// Logs go to standard error; `RUST_LOG` says how much instead of `default`.
pub(crate) fn log(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal).init();
}

/// The system's wish that the process end: SIGTERM, SIGINT, Ctrl-C.
pub(crate) struct EndSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl EndSignals {
    /// Catches the signals from now on. Needs a tokio runtime.
    pub(crate) fn catch() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Resolves when one has come.
    pub(crate) async fn wait(&mut self) {
        #[cfg(unix)]
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the system ends the process itself.
            std::future::pending::<()>().await;
        }
    }
}
