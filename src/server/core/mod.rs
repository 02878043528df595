//! The core: one thread that owns every account, session, group, invitation and room.
//!
//! What lives here: the rules of the server, as a state machine that takes time as an argument (`Logic`), and a thin
//! thread around it. What may not come in: sockets, password hashing, media packets.
//!
//! The thread takes inputs from one bounded queue in batches: begin a transaction, handle each input under a savepoint,
//! commit, and only then let answers and events out. So whatever was acknowledged is on disk, and whoever is first in
//! the queue wins.

mod logic;
mod thread;
mod wall;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use super::store::StoreError;
use crate::protocol::{
    ApiError, Request, RoomId, SourceId, UserId,
    api::{SignIn, SignUp},
};

/// How many inputs wait for the core; whoever sends one more waits too.
pub const QUEUE_LEN: usize = 1_024;

/// A connection, numbered by the gateway; numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What comes in.
#[derive(Debug)]
pub enum Input {
    /// A connection was opened. Always the first of its inputs.
    Connected {
        /// The connection.
        conn: ConnId,
        /// Its way out: bounded, the core never waits for it.
        out: mpsc::Sender<Out>,
    },
    /// A request, parsed and checked. Never [`SignUp`] or [`SignIn`]: they have inputs of their own.
    Request {
        /// Whose.
        conn: ConnId,
        /// The client's number for it.
        id: u64,
        /// What is asked.
        request: Request,
    },
    /// A sign-up, with the password hashed already.
    SignUp {
        /// Whose.
        conn: ConnId,
        /// The client's number for it.
        id: u64,
        /// What is asked.
        request: SignUp,
        /// The hash to keep (PHC string); `None` if no password was given.
        password_hash: Option<String>,
    },
    /// The gateway wants to verify a password.
    LookupPassword {
        /// Whose.
        user: UserId,
        /// The hash, if the account exists and has one.
        reply: oneshot::Sender<Option<String>>,
    },
    /// A sign-in, with the password verified already.
    SignIn {
        /// Whose.
        conn: ConnId,
        /// The client's number for it.
        id: u64,
        /// What is asked.
        request: SignIn,
        /// Whether the password was right.
        verified: bool,
    },
    /// A connection is gone. Always the last of its inputs.
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// All that was queued for a connection has been written: there is room for more.
    Drained {
        /// The connection.
        conn: ConnId,
    },
    /// A participant's media connection is up, or is heard again.
    MediaUp {
        /// Whose.
        source: SourceId,
    },
    /// A participant's media connection has fallen silent, or is gone and no other one has taken its place.
    MediaDown {
        /// Whose.
        source: SourceId,
    },
    /// The relay has dropped sound of a source whose voice is closed.
    VoiceRefused {
        /// Whose.
        source: SourceId,
        /// So many packets since it said so last.
        packets: u64,
    },
    /// The relay has let a source be heard whose voice was set.
    Spoke {
        /// Whose.
        source: SourceId,
        /// Speech since it said so last, ms.
        ms: u64,
    },
    /// Finish the batch and stop.
    Stop {
        /// Told when everything is on disk.
        done: oneshot::Sender<()>,
    },
}

/// What goes out to one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// A text frame.
    Frame(String),
    /// Ask for a sign of life; without one the connection is closed soon.
    Test,
    /// Write what is queued, then close for this reason.
    Close {
        /// Why.
        reason: ApiError,
    },
}

/// What the core tells the relay. Calls return at once.
pub trait RelayControl: Send + Sync {
    /// Whoever shows `token` may send and hear in the room, as `source`. A later token of the same source replaces the
    /// earlier one.
    fn admit(&self, room: RoomId, source: SourceId, token: &str);
    /// The source has left: its token is void, its connection ends.
    fn evict(&self, source: SourceId);
    /// Whether sound of the source is let through; reports and pings always are. It is for the place that the source has
    /// at present: whoever is admitted anew may be heard until this is said again.
    fn set_voice(&self, source: SourceId, open: bool);
}

/// What the core needs to start.
pub struct CoreConfig {
    /// Where the database lies; made if missing.
    pub data_dir: PathBuf,
    /// The server's name, as shown in lists.
    pub server_name: String,
    /// Whether people may sign up by themselves.
    pub sign_up_open: bool,
    /// The relay.
    pub relay: Arc<dyn RelayControl>,
}

/// Why the core did not start.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no thread.
    #[error("the server's core thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// The core has stopped; nothing can be asked any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server is stopping")]
pub struct Stopped;

/// The way to the core.
#[derive(Clone, Debug)]
pub struct CoreHandle {
    inputs: mpsc::Sender<Input>,
}

impl CoreHandle {
    /// Queues an input, waiting while the queue is full.
    ///
    /// # Errors
    /// If the core has stopped.
    pub async fn send(&self, input: Input) -> Result<(), Stopped> {
        self.inputs.send(input).await.map_err(|_| Stopped)
    }

    /// Queues an input if there is room.
    ///
    /// # Errors
    /// If the queue is full or the core has stopped; the input comes back.
    pub fn try_send(&self, input: Input) -> Result<(), Box<Input>> {
        self.inputs.try_send(input).map_err(|error| Box::new(error.into_inner()))
    }
}

/// Starts the core.
#[derive(Debug)]
pub struct Core;

impl Core {
    /// Opens the database and starts the thread.
    ///
    /// # Errors
    /// If the database cannot be opened, is damaged or comes from a newer version, or there is no thread to be had.
    pub fn start(config: CoreConfig) -> Result<CoreHandle, CoreError> {
        let (inputs, queue) = mpsc::channel(QUEUE_LEN);
        thread::start(config, queue)?;
        Ok(CoreHandle { inputs })
    }
}
