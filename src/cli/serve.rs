//! `ahoy serve`: the server alone.

use ahoy::{
    protocol::lan::DEFAULT_PORT,
    server::{Limits, SPEAKERS_DEFAULT, Server, ServerConfig},
};
use anyhow::Context;
use clap::Args;
use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// The options of `ahoy serve`.
#[derive(Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT)))]
    listen: SocketAddr,
    /// Where accounts, messages and the certificate are kept
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The server's name in lists
    #[arg(long, value_name = "NAME", default_value = "Ahoy")]
    name: String,
    /// People cannot sign up by themselves
    #[arg(long)]
    no_sign_up: bool,
    /// No encryption, for tests; only with a loopback address
    #[arg(long)]
    insecure: bool,
    /// Do not announce the server on the local network
    #[arg(long)]
    no_announce: bool,
    /// How many speakers are heard in a room at a time: the loudest ones
    #[arg(long, value_name = "N", default_value_t = SPEAKERS_DEFAULT)]
    speakers: usize,
    /// For tests: milliseconds from connecting to being signed in
    #[arg(long, hide = true, value_name = "MS")]
    login_limit_ms: Option<u64>,
    /// For tests: milliseconds of silence after which a connection is closed
    #[arg(long, hide = true, value_name = "MS")]
    silence_limit_ms: Option<u64>,
}

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.context("the runtime could not be started")?.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<ExitCode> {
        let mut limits = Limits::default();
        if let Some(limit_ms) = self.login_limit_ms {
            limits.login = Duration::from_millis(limit_ms);
        }
        if let Some(limit_ms) = self.silence_limit_ms {
            limits.dead_after = Duration::from_millis(limit_ms);
        }
        // Before the line that says it is ready: whoever reads it may send a signal at once.
        let mut signals = super::EndSignals::catch().context("signals cannot be caught")?;
        let server = Server::spawn(ServerConfig {
            sign_up_open: !self.no_sign_up,
            insecure: self.insecure,
            announce: !self.no_announce,
            speakers: self.speakers,
            limits,
            ..ServerConfig::new(self.listen, self.data_dir, self.name)
        })
        .await?;
        let address = server.local_addr();
        let line = match server.fingerprint() {
            Some(fingerprint) => format!("listening on wss://{address} fingerprint {fingerprint}"),
            None => format!("listening on ws://{address}"),
        };
        // A closed standard output is no reason not to serve.
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        drop(stdout);
        signals.wait().await;
        server.shutdown().await;
        Ok(ExitCode::SUCCESS)
    }
}
