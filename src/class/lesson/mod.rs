//! The arbiter of one lesson: what comes in, what goes out, and when something is due.
//!
//! What lives beside it: who is there (`people`), invitations (`asks`), hands, floors and microphones (`floors`). What may
//! be refused is in [`super::rules`].

mod asks;
mod floors;
mod people;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    ABSENCE_MS,
    attendance::{Attendance, AttendanceRow},
    view::View,
};
use crate::protocol::{
    ApiError, DeviceId, InviteId, UserId,
    class_data::ClassCommand,
    lesson::{FloorEnd, HandDown, LessonChange, LessonSettings, LessonState, Mine, Outcome},
};

/// Whose hand, floor or microphone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of whoever asks.
    Own,
    /// Those of these users.
    Of(Vec<UserId>),
    /// Everybody's.
    All,
}

/// What comes in. Of the requests among them, those that are refused change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A device is in the room.
    Entered {
        /// Whose.
        user: UserId,
        /// Which.
        device: DeviceId,
        /// Whether the user is a teacher.
        teacher: bool,
    },
    /// A device's connection is gone; its place is kept.
    Lost {
        /// Whose.
        user: UserId,
        /// Which.
        device: DeviceId,
    },
    /// The connection is back.
    Back {
        /// Whose.
        user: UserId,
        /// Which.
        device: DeviceId,
    },
    /// A device is out of the room.
    Left {
        /// Whose.
        user: UserId,
        /// Which.
        device: DeviceId,
        /// Not because anybody wanted it: the user may come back.
        lost: bool,
    },
    /// A user's role in the group changed.
    Role {
        /// Who.
        user: UserId,
        /// Owner or administrator now.
        teacher: bool,
    },
    /// An invitation that [`Lesson::check_invitation`] has let pass began.
    Invited {
        /// The invitation.
        id: InviteId,
        /// Whose.
        by: UserId,
        /// On which device.
        device: DeviceId,
        /// What it asks for.
        command: ClassCommand,
        /// Whom.
        invitees: Vec<UserId>,
        /// Seconds; 0 without a limit.
        timeout_s: u32,
    },
    /// Somebody has accepted, and [`Lesson::check_acceptance`] has let it pass.
    Accepted {
        /// What.
        id: InviteId,
        /// Who.
        user: UserId,
        /// On which device.
        device: DeviceId,
        /// The answer's data.
        data: String,
    },
    /// Parts of an invitation ended otherwise.
    Ended {
        /// Of which.
        id: InviteId,
        /// Whose parts.
        users: Vec<UserId>,
        /// How.
        outcome: Outcome,
    },
    /// Choose settings.
    Set {
        /// Who.
        by: UserId,
        /// All of them, as they are to be.
        settings: LessonSettings,
    },
    /// Lower hands.
    LowerHands {
        /// Who.
        by: UserId,
        /// Which.
        whose: Whose,
    },
    /// Give or take floors back.
    EndFloors {
        /// Who.
        by: UserId,
        /// Which.
        whose: Whose,
    },
    /// Open or close microphones.
    SetMicrophones {
        /// Who.
        by: UserId,
        /// Open or close.
        open: bool,
        /// Which.
        whose: Whose,
    },
    /// Remove somebody for the rest of the lesson.
    Remove {
        /// Who.
        by: UserId,
        /// Whom.
        user: UserId,
        /// Why, for the one who is removed.
        reason: String,
    },
    /// Let somebody who was removed come back.
    Readmit {
        /// Who.
        by: UserId,
        /// Whom.
        user: UserId,
    },
    /// End the lesson for all.
    End {
        /// Who.
        by: UserId,
    },
    /// The relay has heard somebody speak, and let it through.
    Spoke {
        /// Whom.
        user: UserId,
        /// For how long, ms.
        ms: u64,
    },
}

/// What goes out, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell everybody in the lesson. Who may speak may have changed: see [`Lesson::may_speak`].
    Tell(LessonChange),
    /// End what is open of an invitation: of this user, or of all. It comes back as no input.
    Close {
        /// Which.
        id: InviteId,
        /// Whose part.
        user: Option<UserId>,
    },
    /// Take somebody out of the room.
    Remove {
        /// Whom.
        user: UserId,
        /// By whom.
        by: UserId,
        /// Why.
        reason: String,
    },
    /// The lesson is over: everybody out of the room.
    Over {
        /// By whom; `None` if nobody was there any more.
        by: Option<UserId>,
    },
}

/// An invitation of the lesson that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::class) struct Ask {
    pub(in crate::class) command: ClassCommand,
    pub(in crate::class) by: UserId,
    /// The inviter's device.
    device: DeviceId,
    /// Whose answers are open.
    pub(in crate::class) open: BTreeSet<UserId>,
}

/// A lesson, as the server runs it.
#[derive(Clone, Debug)]
pub struct Lesson {
    pub(in crate::class) view: View,
    started_ms: u64,
    /// The devices of each user in the room, and whether each is connected.
    devices: BTreeMap<UserId, BTreeMap<DeviceId, bool>>,
    /// Since when who is away.
    away: BTreeMap<UserId, u64>,
    pub(in crate::class) asks: BTreeMap<InviteId, Ask>,
    /// When who has a floor was heard last.
    heard: BTreeMap<UserId, u64>,
    attendance: Attendance,
    /// Since when nobody is here.
    empty_since_ms: Option<u64>,
    over: bool,
    outputs: VecDeque<Output>,
}

impl Lesson {
    /// A lesson begins; nobody is in it yet.
    pub fn new(now_ms: u64, settings: LessonSettings) -> Self {
        let view = View { settings, started_ms: now_ms.cast_signed(), ..View::default() };
        Self {
            view,
            started_ms: now_ms,
            devices: BTreeMap::new(),
            away: BTreeMap::new(),
            asks: BTreeMap::new(),
            heard: BTreeMap::new(),
            attendance: Attendance::default(),
            empty_since_ms: Some(now_ms),
            over: false,
            outputs: VecDeque::new(),
        }
    }

    /// The lesson as everybody sees it.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The lesson as it is told to somebody who comes.
    pub fn state_for(&self, now_ms: u64, user: &UserId) -> LessonState {
        let mut state = self.view.state(now_ms);
        for prompt in &mut state.prompts {
            let open = self.asks.get(&prompt.invite_id).is_some_and(|ask| ask.open.contains(user));
            let done = prompt.answers.iter().any(|(who, _)| who == user);
            prompt.mine = match (open, done) {
                (true, _) => Mine::Open,
                (false, true) => Mine::Done,
                (false, false) => Mine::No,
            };
        }
        state
    }

    /// Whether the relay is to let through what this device sends (rule 2).
    pub fn may_speak(&self, user: &UserId, device: &DeviceId) -> bool {
        !self.over && self.view.may_speak(user, device)
    }

    /// Whether an invitation is one of this lesson's, and open.
    pub fn knows(&self, id: &InviteId) -> bool {
        self.asks.contains_key(id)
    }

    /// The invitations that are open, and whose answers are.
    pub fn open_asks(&self) -> impl Iterator<Item = (&InviteId, &BTreeSet<UserId>)> {
        self.asks.iter().map(|(id, ask)| (id, &ask.open))
    }

    /// How long the lesson has been on, ms.
    pub fn length_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.started_ms)
    }

    /// Everybody's attendance so far.
    pub fn attendance(&self, now_ms: u64) -> BTreeMap<UserId, AttendanceRow> {
        self.attendance.rows(self.length_ms(now_ms))
    }

    /// What goes out next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Lesson::due`] is to be called, monotonic ms.
    pub fn next_deadline(&self) -> Option<u64> {
        if self.over {
            return None;
        }
        let absences = self.away.values().map(|since| since + ABSENCE_MS);
        let silences = self.view.floors.iter().filter_map(|floor| self.silent_at(&floor.user));
        absences.chain(silences).chain(self.empty_since_ms.map(|since| since + ABSENCE_MS)).min()
    }

    /// When the floor of somebody goes back unless they say something.
    fn silent_at(&self, user: &UserId) -> Option<u64> {
        let silence_ms = u64::from(self.view.settings.silence_s) * 1_000;
        if silence_ms == 0 || self.away.contains_key(user) {
            return None;
        }
        self.heard.get(user).map(|heard| heard + silence_ms)
    }

    /// Does what is due.
    pub fn due(&mut self, now_ms: u64) {
        if self.over {
            return;
        }
        let gone: Vec<UserId> =
            self.away.iter().filter(|(_, since)| *since + ABSENCE_MS <= now_ms).map(|(user, _)| user.clone()).collect();
        for user in gone {
            self.go(now_ms, &user);
        }
        let silent: Vec<UserId> = self
            .view
            .floors
            .iter()
            .filter(|floor| self.silent_at(&floor.user).is_some_and(|at| at <= now_ms))
            .map(|floor| floor.user.clone())
            .collect();
        for user in silent {
            self.end_floor(now_ms, &user, FloorEnd::Silence, None);
        }
        if self.empty_since_ms.is_some_and(|since| since + ABSENCE_MS <= now_ms) {
            self.end(now_ms, None);
        }
    }

    /// Takes something in.
    ///
    /// # Errors
    /// Only for requests: 10007 where the role does not allow it, 6017 for what is out of bounds, 7014 where it does not
    /// apply (any more). Then nothing has changed.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Result<(), ApiError> {
        if self.over {
            return Ok(());
        }
        match input {
            Input::Entered { user, device, teacher } => self.enter(now_ms, &user, device, teacher),
            Input::Lost { user, device } => self.link(now_ms, &user, &device, false),
            Input::Back { user, device } => self.link(now_ms, &user, &device, true),
            Input::Left { user, device, lost } => self.leave(now_ms, &user, &device, lost),
            Input::Role { user, teacher } => self.set_role(now_ms, user, teacher),
            Input::Invited { id, by, device, command, invitees, timeout_s } => {
                self.invited(now_ms, id, Ask { command, by, device, open: invitees.into_iter().collect() }, timeout_s);
            }
            Input::Accepted { id, user, device, data } => self.accepted(now_ms, &id, &user, device, &data),
            Input::Ended { id, users, outcome } => self.ended(now_ms, &id, &users, outcome),
            Input::Set { by, settings } => {
                self.check_set(&by, &settings)?;
                self.set(now_ms, by, settings);
            }
            Input::LowerHands { by, whose } => {
                for user in self.hands_to_lower(&by, &whose)? {
                    let own = user == by;
                    let why = if own { HandDown::Own } else { HandDown::Teacher };
                    self.lower_hand(now_ms, &user, why, (!own).then(|| by.clone()));
                }
            }
            Input::EndFloors { by, whose } => {
                for user in self.floors_to_end(&by, &whose)? {
                    let own = user == by;
                    let why = if own { FloorEnd::Returned } else { FloorEnd::TakenBack };
                    self.end_floor(now_ms, &user, why, (!own).then(|| by.clone()));
                }
            }
            Input::SetMicrophones { by, open, whose } => self.set_microphones(now_ms, &by, open, &whose)?,
            Input::Remove { by, user, reason } => {
                self.check_removal(&by, &user)?;
                self.tell(now_ms, LessonChange::Barred { user_id: user.clone(), barred: true, by: by.clone() });
                self.devices.remove(&user);
                self.go(now_ms, &user);
                self.outputs.push_back(Output::Remove { user, by, reason });
            }
            Input::Readmit { by, user } => {
                self.check_readmission(&by, &user)?;
                self.tell(now_ms, LessonChange::Barred { user_id: user, barred: false, by });
            }
            Input::End { by } => {
                self.check_teacher(&by)?;
                self.end(now_ms, Some(by));
            }
            Input::Spoke { user, ms } => {
                self.attendance.spoke(&user, ms);
                if let Some(heard) = self.heard.get_mut(&user) {
                    *heard = now_ms;
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, now_ms: u64, change: LessonChange) {
        self.view.apply(now_ms, &change);
        self.outputs.push_back(Output::Tell(change));
    }
}
