//! A lesson as everybody in it sees it: made of a state, and of every change since.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    news::News,
    snapshot::{offered, prompted},
};
use crate::protocol::{
    DeviceId, InviteId, UserId,
    class_data::{ClassCommand, Reaction},
    lesson::{self, LessonChange, LessonSettings, Mine, Whereabouts},
};

/// Signs that are remembered at most.
const SIGNS_MAX: usize = 64;

/// Somebody in a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Owner or administrator of the group.
    pub teacher: bool,
    /// Where.
    pub at: Whereabouts,
    /// Hands raised.
    pub hands: u32,
    /// Floors had, the present one included.
    pub turns: u32,
    /// Speech until the microphone was closed last, ms.
    pub talked_ms: u64,
}

/// A raised hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Whose.
    pub user: UserId,
    /// The student's own invitation, if it was raised unasked.
    pub invite: Option<InviteId>,
    /// Since when, monotonic ms.
    pub since_ms: u64,
}

/// A floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Whose.
    pub user: UserId,
    /// The device whose microphone is open.
    pub device: DeviceId,
    /// Who gave it.
    pub by: UserId,
    /// Since when, monotonic ms.
    pub since_ms: u64,
}

/// An invitation to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its identifier.
    pub invite: InviteId,
    /// To whom.
    pub user: UserId,
    /// By whom.
    pub by: UserId,
    /// Until when, monotonic ms; `None` without a limit.
    pub until_ms: Option<u64>,
}

/// A question to the class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Its invitation.
    pub invite: InviteId,
    /// Who asks.
    pub by: UserId,
    /// What.
    pub command: ClassCommand,
    /// Until when, monotonic ms; `None` without a limit.
    pub until_ms: Option<u64>,
    /// It can no longer be answered.
    pub over: bool,
    /// Who has answered, and how; `None` if it was declined.
    pub answers: BTreeMap<UserId, Option<u8>>,
    /// Who was asked and has not answered, whether or not they are still in the lesson.
    pub waiting: BTreeSet<UserId>,
    /// What it has to do with the reader.
    pub mine: Mine,
}

impl Prompt {
    /// How many were asked.
    pub fn asked(&self) -> usize {
        self.answers.len() + self.waiting.len()
    }

    /// How many chose each of the choices.
    pub fn tally(&self) -> Vec<usize> {
        let mut tally = vec![0; self.command.choices()];
        for choice in self.answers.values().flatten() {
            if let Some(count) = tally.get_mut(usize::from(*choice)) {
                *count += 1;
            }
        }
        tally
    }
}

/// A sign that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Who.
    pub user: UserId,
    /// What.
    pub reaction: Reaction,
    /// When, monotonic ms.
    pub at_ms: u64,
}

/// A lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Who reads; `None` at the server.
    pub me: Option<UserId>,
    /// What teachers have chosen.
    pub settings: LessonSettings,
    /// When it began, monotonic ms; negative if that was before the reader's clock began.
    pub started_ms: i64,
    /// Everybody who is in it or was.
    pub people: BTreeMap<UserId, Person>,
    /// Raised hands, the first first.
    pub hands: Vec<Hand>,
    /// Floors, the oldest first.
    pub floors: Vec<Floor>,
    /// Invitations to speak, the oldest first.
    pub offers: Vec<Offer>,
    /// Students whose microphones are open without a floor.
    pub open: BTreeSet<UserId>,
    /// Questions, the oldest first. The last roll call and the last poll stay when they are over.
    pub prompts: Vec<Prompt>,
    /// Who may not come back.
    pub barred: BTreeSet<UserId>,
    /// The last signs, the newest at the end.
    pub signs: VecDeque<Sign>,
    /// What was done to others last, and which invitations to speak came to nothing; the newest at the end.
    pub news: VecDeque<News>,
    /// Packets that the relay has refused of students who may not speak: teachers are told.
    pub refused: BTreeMap<UserId, u64>,
}

impl View {
    /// The relay has refused so many packets of somebody.
    pub fn note_refused(&mut self, user: &UserId, packets: u64) {
        if self.people.contains_key(user) {
            self.refused.insert(user.clone(), packets);
        }
    }

    /// Takes in one change.
    pub fn apply(&mut self, now_ms: u64, change: &LessonChange) {
        self.note(now_ms, change);
        match change {
            LessonChange::Came { user_id, teacher } => {
                let person = self.person(user_id);
                (person.at, person.teacher) = (Whereabouts::Here, *teacher);
            }
            LessonChange::Away { user_id } => self.person(user_id).at = Whereabouts::Away,
            LessonChange::Gone { user_id } => self.person(user_id).at = Whereabouts::Gone,
            LessonChange::Role { user_id, teacher } => self.person(user_id).teacher = *teacher,
            LessonChange::Settings { settings, .. } => self.settings = *settings,
            LessonChange::HandRaised { user_id, invite_id } => {
                self.person(user_id).hands += 1;
                self.hands.push(Hand { user: user_id.clone(), invite: invite_id.clone(), since_ms: now_ms });
            }
            LessonChange::HandLowered { user_id, .. } => self.hands.retain(|hand| hand.user != *user_id),
            LessonChange::Offered { offer } => self.offers.push(offered(now_ms, offer)),
            LessonChange::OfferEnded { invite_id, user_id, .. } => {
                self.offers.retain(|offer| offer.invite != *invite_id || offer.user != *user_id);
            }
            LessonChange::FloorGiven { user_id, device_id, by } => {
                // What the hand asked for is granted.
                self.hands.iter_mut().filter(|hand| hand.user == *user_id).for_each(|hand| hand.invite = None);
                if let Some(floor) = self.floors.iter_mut().find(|floor| floor.user == *user_id) {
                    floor.device = device_id.clone();
                } else {
                    self.person(user_id).turns += 1;
                    let (user, device, by) = (user_id.clone(), device_id.clone(), by.clone());
                    self.floors.push(Floor { user, device, by, since_ms: now_ms });
                }
            }
            LessonChange::FloorEnded { user_id, talked_ms, .. } => {
                self.floors.retain(|floor| floor.user != *user_id);
                self.person(user_id).talked_ms = *talked_ms;
            }
            LessonChange::Microphone { user_id, open, talked_ms, .. } => {
                if *open {
                    self.open.insert(user_id.clone());
                } else {
                    self.open.remove(user_id);
                }
                self.person(user_id).talked_ms = *talked_ms;
            }
            LessonChange::Prompted { prompt, whom } => self.ask(now_ms, prompt, whom),
            LessonChange::Answered { invite_id, user_id, choice } => {
                let mine = self.me.as_ref() == Some(user_id);
                if let Some(prompt) = self.prompts.iter_mut().find(|prompt| prompt.invite == *invite_id) {
                    prompt.waiting.remove(user_id);
                    prompt.answers.insert(user_id.clone(), *choice);
                    if mine {
                        prompt.mine = Mine::Done;
                    }
                }
            }
            LessonChange::PromptEnded { invite_id } => {
                for prompt in &mut self.prompts {
                    if prompt.invite == *invite_id {
                        (prompt.over, prompt.until_ms) = (true, None);
                    }
                }
                // What came of it is in the list of hands.
                self.prompts.retain(|prompt| !prompt.over || prompt.command != ClassCommand::RaiseHands);
            }
            LessonChange::Reacted { user_id, reaction } => {
                if self.signs.len() >= SIGNS_MAX {
                    self.signs.pop_front();
                }
                self.signs.push_back(Sign { user: user_id.clone(), reaction: *reaction, at_ms: now_ms });
            }
            LessonChange::Barred { user_id, barred, .. } => {
                if *barred {
                    self.barred.insert(user_id.clone());
                } else {
                    self.barred.remove(user_id);
                }
            }
        }
    }

    fn person(&mut self, user: &UserId) -> &mut Person {
        self.people.entry(user.clone()).or_insert(Person {
            teacher: false,
            at: Whereabouts::Gone,
            hands: 0,
            turns: 0,
            talked_ms: 0,
        })
    }

    fn ask(&mut self, now_ms: u64, asked: &lesson::Prompt, whom: &[UserId]) {
        let mut prompt = prompted(now_ms, asked);
        prompt.waiting =
            if whom.is_empty() { self.there(false).cloned().collect() } else { whom.iter().cloned().collect() };
        let for_me = self.me.as_ref().is_some_and(|me| prompt.waiting.contains(me));
        prompt.mine = if for_me { Mine::Open } else { Mine::No };
        // Of each kind the newest is shown.
        self.prompts.retain(|other| !other.over || !alike(&other.command, &prompt.command));
        self.prompts.push(prompt);
    }

    /// In the lesson, or was, and no teacher.
    pub fn is_student(&self, user: &UserId) -> bool {
        self.people.get(user).is_some_and(|person| !person.teacher)
    }

    /// In the lesson, or was, as a teacher.
    pub fn is_teacher(&self, user: &UserId) -> bool {
        self.people.get(user).is_some_and(|person| person.teacher)
    }

    /// Who is here or away: the teachers, or the students.
    pub fn there(&self, teachers: bool) -> impl Iterator<Item = &UserId> {
        let fits = move |person: &Person| person.teacher == teachers && person.at != Whereabouts::Gone;
        self.people.iter().filter(move |(_, person)| fits(person)).map(|(user, _)| user)
    }

    /// Not in the lesson, nor only away.
    pub fn is_gone(&self, user: &UserId) -> bool {
        self.people.get(user).is_none_or(|person| person.at == Whereabouts::Gone)
    }

    /// Somebody's hand, if it is up.
    pub fn hand_of(&self, user: &UserId) -> Option<&Hand> {
        self.hands.iter().find(|hand| hand.user == *user)
    }

    /// Somebody's floor.
    pub fn floor_of(&self, user: &UserId) -> Option<&Floor> {
        self.floors.iter().find(|floor| floor.user == *user)
    }

    /// The speaking invitation that waits for somebody.
    pub fn offer_to(&self, user: &UserId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.user == *user)
    }

    /// A question of this kind that can be answered.
    pub fn open_prompt(&self, command: &ClassCommand) -> Option<&Prompt> {
        self.prompts.iter().find(|prompt| !prompt.over && alike(&prompt.command, command))
    }

    /// Whether the relay lets through what this user's device sends (rule 2).
    pub fn may_speak(&self, user: &UserId, device: &DeviceId) -> bool {
        self.is_teacher(user)
            || self.floor_of(user).is_some_and(|floor| floor.device == *device)
            || self.settings.free_microphones && self.open.contains(user)
    }

    /// Students who are here, the one who spoke least first: by turns, then by time.
    pub fn quiet_ones(&self) -> Vec<&UserId> {
        let mut students: Vec<_> =
            self.people.iter().filter(|(_, person)| !person.teacher && person.at == Whereabouts::Here).collect();
        students.sort_by_key(|(user, person)| (person.turns, person.talked_ms, *user));
        students.into_iter().map(|(user, _)| user).collect()
    }
}

/// Both raise hands, or are roll calls, or polls.
fn alike(one: &ClassCommand, other: &ClassCommand) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
