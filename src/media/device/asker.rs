//! Questions to the sound system, asked on a thread that all of the program shares. A sound server that hangs holds up that
//! thread and nobody else: whoever asks waits for so long, and then goes on without an answer.

use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use cpal::traits::HostTrait;

use super::find::quiet;

/// The sound system gives no answer (in time).
#[derive(Debug, thiserror::Error)]
#[error("the sound system does not answer")]
pub(super) struct NoAnswer;

/// A question, and how long anybody waits for its answer.
struct Asked {
    until: Instant,
    /// What was known of the sound system is doubtful.
    anew: bool,
    question: Box<dyn FnOnce(&cpal::Host) + Send>,
}

/// Asks the sound system and waits for so long. `anew`: it may be another than the last time. Takes up to seconds: never
/// on a thread that draws.
pub(super) fn ask<T: Send + 'static>(
    patience: Duration,
    anew: bool,
    question: impl FnOnce(&cpal::Host) -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    let (reply, answer) = sync_channel(1);
    let question = Box::new(move |host: &cpal::Host| {
        // Too late: nobody waits any more.
        let _ = reply.send(question(host));
    });
    send(Asked { until: Instant::now() + patience, anew, question });
    answer.recv_timeout(patience).map_err(|_: RecvTimeoutError| NoAnswer)
}

/// To the thread, which is started by the first question.
fn send(asked: Asked) {
    static ASKER: Mutex<Option<Sender<Asked>>> = Mutex::new(None);
    let mut asker = ASKER.lock().unwrap_or_else(PoisonError::into_inner);
    let asker = asker.get_or_insert_with(|| {
        let (asker, inbox) = channel();
        // Without a thread nothing is answered, and nothing else fails.
        let _ = thread::Builder::new().name("sound-system".into()).spawn(move || run(&inbox));
        asker
    });
    let _ = asker.send(asked);
}

/// The sound system is connected to once: a connection to PulseAudio stays until its server ends, whoever opened it has
/// let go or not, and a server has room for some dozens.
fn run(inbox: &Receiver<Asked>) {
    let _quiet = quiet();
    let mut known: Option<cpal::Host> = None;
    while let Ok(asked) = inbox.recv() {
        // Asked while the server hung.
        if Instant::now() >= asked.until {
            continue;
        }
        // Without a server it is ALSA, and there may be a server by now.
        let of_use = |host: &cpal::Host| !asked.anew || (host.id().name() != "ALSA" && host.devices().is_ok());
        known = known.filter(of_use).or_else(connect);
        if let Some(host) = &known {
            (asked.question)(host);
        }
    }
}

/// `None`: there is a server, and it hangs. ALSA is no way round it: where there is a server, ALSA's default device leads
/// to it, and opening that would hang as well.
fn connect() -> Option<cpal::Host> {
    #[cfg(target_os = "linux")]
    if super::pulse::hangs() {
        return None;
    }
    Some(cpal::default_host())
}
