//! `ahoy bench client`: what a call between two people costs each of their computers.
//!
//! Two real phones without a window talk through a real server. With `--cards` they do it through sound cards of a
//! PulseAudio daemon that is started for it, otherwise without any.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use super::{
    cards::Cards,
    process::{Folder, Running, ServerProcess, cpu_time, peak_rss_kib},
};

/// Nothing on the way into a call takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// From the beginning of the call until jitter buffer and processing have settled.
const SETTLE: Duration = Duration::from_secs(4);

/// What `ahoy bench client` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// Seconds that are measured
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    pub seconds: f64,
    /// A WAV file that both say again and again; otherwise both hum all the time, which is more than anybody says
    #[arg(long, value_name = "PATH")]
    pub speech: Option<PathBuf>,
    /// Through sound cards: virtual ones, of a PulseAudio daemon that is started for it
    #[arg(long)]
    pub cards: bool,
    /// Further options for both phones, as `ahoy phone` takes them
    #[arg(last = true, value_name = "OPTIONS")]
    pub options: Vec<String>,
}

/// What one phone has used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Processor time per second, 1 is one core.
    pub cpu_share: f64,
    /// The most memory it has had, KiB.
    pub peak_rss_kib: u64,
}

/// Measures and prints.
///
/// # Errors
/// If server, phones or sound cards do not come up, or the call does not.
pub fn run(args: &ClientArgs) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's own file")?;
    for (name, usage) in ["caller", "callee"].into_iter().zip(measure(&program, args)?) {
        let rss_mib = usage.peak_rss_kib as f64 / 1024.0;
        println!("{name}: {:.1} % of a core, {rss_mib:.1} MiB", usage.cpu_share * 100.0);
    }
    Ok(())
}

/// Lets two phones of `PROGRAM` talk: what the caller used, and what the callee used.
///
/// # Errors
/// If server, phones or sound cards do not come up, or the call does not.
pub fn measure(program: &Path, args: &ClientArgs) -> anyhow::Result<[Usage; 2]> {
    let cards = args.cards.then(|| Cards::start(&["caller", "callee"])).transpose()?;
    let server = ServerProcess::start(program, &[] as &[&str])?;
    let folder = Folder::make()?;
    let phone = |name: &str, role: &[&str]| {
        let mut command = Command::new(program);
        command.args(["phone", "--server", &server.address().host_port(), "--user", name, "--data-dir"]);
        command.arg(folder.path()).args(role).args(&args.options);
        match (&cards, &args.speech) {
            (Some(cards), _) => cards.plug(&mut command, name),
            (None, Some(speech)) => {
                command.args(["--speaker", "null", "--microphone"]).arg(format!("file:{}", speech.display()));
            }
            (None, None) => {
                command.args(["--speaker", "null", "--microphone", "tone:300"]);
            }
        }
        command.env("RUST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
        Running::start(&mut command)
    };
    let mut callee = phone("callee", &["--auto-answer"])?;
    wait_line(&mut callee, "Online")?;
    let mut caller = phone("caller", &["--call", "callee"])?;
    wait_line(&mut caller, "Talking")?;
    if let (Some(cards), Some(speech)) = (&cards, &args.speech) {
        cards.say("caller", speech);
        cards.say("callee", speech);
    }
    used([&mut caller, &mut callee], args.seconds)
}

/// What two programs in a call use within so many seconds, once the call has settled.
///
/// # Errors
/// If one of them ends.
pub fn used(mut phones: [&mut Running; 2], seconds: f64) -> anyhow::Result<[Usage; 2]> {
    thread::sleep(SETTLE);
    let pids = phones.each_ref().map(|phone| phone.pid());
    let began = Instant::now();
    let before = [cpu_time(pids[0])?, cpu_time(pids[1])?];
    thread::sleep(Duration::from_secs_f64(seconds));
    let usage = |index: usize| -> anyhow::Result<Usage> {
        let cpu = cpu_time(pids[index])?.saturating_sub(before[index]);
        let cpu_share = cpu.as_secs_f64() / began.elapsed().as_secs_f64();
        Ok(Usage { cpu_share, peak_rss_kib: peak_rss_kib(pids[index])? })
    };
    let used = [usage(0)?, usage(1)?];
    for phone in &mut phones {
        ensure!(phone.child().try_wait()?.is_none(), "a phone has ended during the call");
    }
    Ok(used)
}

/// Waits until a phone prints a line that begins like this; its later lines are read and dropped.
fn wait_line(phone: &mut Running, begin: &'static str) -> anyhow::Result<()> {
    let stdout = phone.child().stdout.take().context("a phone has no output")?;
    let (found, wait) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.starts_with(begin) {
                // Whoever waited may have given up.
                let _ = found.send(());
            }
        }
    });
    wait.recv_timeout(PATIENCE).with_context(|| format!("a phone never says «{begin}»"))
}
