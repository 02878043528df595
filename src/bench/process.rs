//! Processes under measurement: a server of this program, and what a process has used of the computer.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, bail};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{
    client::{Address, Pin},
    protocol::Fingerprint,
};

/// Processor time that a process has used so far, all threads, user and system: its CPU-time clock, in nanoseconds.
///
/// # Errors
/// If there is no such process, or this is not Linux.
#[cfg(target_os = "linux")]
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(pid))?;
    Ok(clock.now()?.into())
}

/// The same.
///
/// # Errors
/// Always: it is only read on Linux.
#[cfg(not(target_os = "linux"))]
pub fn cpu_time(_pid: u32) -> io::Result<Duration> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The most memory that a process has had resident so far, KiB.
///
/// # Errors
/// If there is no such process, or this is not Linux.
pub fn peak_rss_kib(pid: u32) -> io::Result<u64> {
    let status = read_proc(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    peak.ok_or_else(|| io::Error::other(format!("/proc/{pid}/status is not as expected")))
}

/// Lets this process have at least so many files open at once; connections count as files.
///
/// # Errors
/// If the system allows fewer.
#[cfg(target_os = "linux")]
pub fn raise_open_files(files: u64) -> io::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    limit.current = Some(files);
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// The same.
///
/// # Errors
/// Never: how many are allowed shows when they are opened.
#[cfg(not(target_os = "linux"))]
pub fn raise_open_files(_files: u64) -> io::Result<()> {
    Ok(())
}

fn read_proc(pid: u32, file: &str) -> io::Result<String> {
    let path = format!("/proc/{pid}/{file}");
    let explain = |error: io::Error| io::Error::new(error.kind(), format!("{path} cannot be read: {error}"));
    fs::read_to_string(&path).map_err(explain)
}

/// A folder for what a measurement writes; removed when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes an empty folder that nobody else uses.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn make() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ahoy-bench-{}-{number}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What remains in the folder for temporary files, the system removes.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that ends when this is dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts a process.
    ///
    /// # Errors
    /// If the program is not there or cannot be started.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command.spawn();
        Ok(Self(child.with_context(|| format!("{} cannot be started", command.get_program().display()))?))
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The process itself, for its pipes and its end.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A real `ahoy serve` on loopback, with a data folder of its own.
#[derive(Debug)]
pub struct ServerProcess {
    running: Running,
    address: Address,
    pin: Pin,
    folder: Folder,
}

impl ServerProcess {
    /// Starts `PROGRAM serve` on a free port, with further options.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start(program: &Path, options: &[impl AsRef<OsStr>]) -> anyhow::Result<Self> {
        let folder = Folder::make().context("no folder for the server's data")?;
        let mut command = Command::new(program);
        command.args(["serve", "--no-announce", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path());
        command.args(options).env("RUST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Running::start(&mut command)?;
        let line = first_line(&mut running)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["listening", "on", url, "fingerprint", digits] = words[..] else {
            bail!("the server does not say where it listens, but {line:?}");
        };
        let address = Address::parse(url, false).context("the server's address")?;
        let fingerprint: Fingerprint = digits.parse().context("the server's fingerprint")?;
        Ok(Self { running, address, pin: Pin::Known(fingerprint), folder })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its certificate's fingerprint.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// Its certificate.
    pub(super) fn certificate(&self) -> anyhow::Result<CertificateDer<'static>> {
        CertificateDer::from_pem_file(self.folder.path().join("identity.pem")).context("the server's certificate")
    }
}

fn first_line(running: &mut Running) -> anyhow::Result<String> {
    let stdout = running.child().stdout.take().context("the server has no output")?;
    let mut line = String::new();
    io::BufRead::read_line(&mut io::BufReader::new(stdout), &mut line).context("the server's output")?;
    Ok(line)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn time_and_memory_of_a_process_are_read() {
        let own = std::process::id();
        let before = cpu_time(own).expect("read");
        let began = Instant::now();
        // Until it shows: the process works all the time, so it must.
        while cpu_time(own).expect("read") == before {
            assert!(began.elapsed() < Duration::from_secs(60), "no time is used");
        }
        assert!(peak_rss_kib(own).expect("read") > 100);
        assert!(cpu_time(u32::MAX).is_err());
    }

    #[test]
    fn a_folder_goes_with_its_owner() {
        let (one, two) = (Folder::make().expect("made"), Folder::make().expect("made"));
        assert_ne!(one.path(), two.path());
        let path = one.path().to_owned();
        fs::write(path.join("file"), "x").expect("written");
        drop(one);
        assert!(!path.exists() && two.path().exists());
    }
}
