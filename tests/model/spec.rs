//! The specification, small: what may be done to an invitation, written down a second time and differently.

use std::collections::BTreeMap;

use ahoy::{
    protocol::{Code, DeviceId, GroupId, InviteId, UserId, call_data::CallData, call_data::Command},
    signaling::{Actor, Proposal, TIMEOUT_TOLERANCE_MS},
};

/// Why an invitation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Somebody did not want to.
    Declined,
    /// There was another call.
    Busy,
    /// Nobody was to be disturbed.
    NotAvailable,
}

/// The one result that an invitee's part has in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted(DeviceId),
    Rejected { by: DeviceId, why: Refusal },
    TimedOut,
    Cancelled { glare: bool },
}

#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) inviter: UserId,
    pub(crate) device: DeviceId,
    pub(crate) group: Option<GroupId>,
    pub(crate) invitees: BTreeMap<UserId, Option<Outcome>>,
    pub(crate) data: String,
    pub(crate) online_only: bool,
    pub(crate) timeout_s: u32,
    pub(crate) began_ms: u64,
    /// When the first and the last part were processed.
    pub(crate) over_ms: Option<u64>,
    modified: bool,
}

impl Noted {
    fn is_open(&self) -> bool {
        self.invitees.values().any(Option::is_none)
    }

    /// Whether it is a call between two.
    pub(crate) fn is_call(&self) -> bool {
        let call = CallData::parse(&self.data).is_ok_and(|data| {
            let two = data.call_id.is_none() && data.users.is_empty();
            matches!(data.command, Command::AudioCall | Command::VideoCall) && two
        });
        call && self.group.is_none() && !self.online_only
    }

    /// The only invitee of a call and what came of it.
    pub(crate) fn callee(&self) -> (&UserId, Option<&Outcome>) {
        let (user, outcome) = self.invitees.first_key_value().expect("an invitation has invitees");
        (user, outcome.as_ref())
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Accept,
    Reject,
    Cancel,
    Modify,
    Timeout,
}

#[derive(Debug, Default)]
pub(crate) struct Spec {
    pub(crate) all: BTreeMap<InviteId, Noted>,
}

const GONE: Option<Code> = Some(Code::InvalidInviteId);
const FOREIGN: Option<Code> = Some(Code::SignalingNoPermission);
const NOT_NOW: Option<Code> = Some(Code::InvalidOperation);

impl Spec {
    /// The code that this must be refused with; `None` if it must succeed.
    /// `whose`: whom a cancellation names; nobody means everybody.
    pub(crate) fn judge(
        &self,
        now_ms: u64,
        wish: Wish,
        user: &UserId,
        id: &InviteId,
        whose: &[UserId],
    ) -> Option<Code> {
        let Some(noted) = self.all.get(id) else { return GONE };
        let inviter = noted.inviter == *user;
        let part = noted.invitees.get(user);
        match wish {
            Wish::Accept | Wish::Reject => match part {
                None => FOREIGN,
                Some(Some(_)) => GONE,
                Some(None) => None,
            },
            Wish::Cancel | Wish::Modify if !inviter => FOREIGN,
            Wish::Cancel | Wish::Modify if !noted.is_open() => GONE,
            Wish::Cancel => {
                let open = |user: &UserId| noted.invitees.get(user).is_some_and(Option::is_none);
                if whose.is_empty() || whose.iter().any(open) { None } else { GONE }
            }
            Wish::Modify => noted.online_only.then_some(Code::InvalidOperation),
            Wish::Timeout if part.is_none() && !inviter => FOREIGN,
            Wish::Timeout if part.is_some_and(Option::is_some) || (part.is_none() && !noted.is_open()) => GONE,
            Wish::Timeout => {
                let passed = now_ms + TIMEOUT_TOLERANCE_MS >= noted.began_ms + u64::from(noted.timeout_s) * 1000;
                if noted.timeout_s > 0 && passed { None } else { NOT_NOW }
            }
        }
    }

    /// What `invite` must be refused with. A repetition succeeds.
    pub(crate) fn judge_invite(&self, id: &InviteId, new: &Noted) -> Option<Code> {
        if new.invitees.contains_key(&new.inviter) {
            return Some(Code::InvalidParameters);
        }
        let there = self.all.get(id)?;
        let same = there.inviter == new.inviter
            && there.device == new.device
            && there.group == new.group
            && there.online_only == new.online_only
            && there.timeout_s == new.timeout_s
            && there.invitees.keys().eq(new.invitees.keys())
            && (there.modified || there.data == new.data);
        (!same).then_some(Code::SignalingAlreadyExists)
    }

    pub(crate) fn begun(&mut self, id: InviteId, noted: Noted) {
        self.all.entry(id).or_insert(noted);
    }

    pub(crate) fn modified(&mut self, id: &InviteId, data: &str) {
        let noted = self.all.get_mut(id).expect("judged before");
        noted.data = data.to_owned();
        noted.modified = true;
    }

    /// A part is processed: exactly once.
    pub(crate) fn ended(&mut self, now_ms: u64, id: &InviteId, user: &UserId, outcome: Outcome) -> Result<(), String> {
        let noted = self.all.get_mut(id).ok_or("an end without a beginning")?;
        let part = noted.invitees.get_mut(user).ok_or("an end of nobody's part")?;
        if let Some(before) = part {
            return Err(format!("a second result, {outcome:?} after {before:?}"));
        }
        *part = Some(outcome);
        if !noted.is_open() {
            noted.over_ms = Some(now_ms);
        }
        Ok(())
    }

    pub(crate) fn note(actor: &Actor, asked: &Proposal, began_ms: u64) -> Noted {
        Noted {
            inviter: actor.user.clone(),
            device: actor.device.clone(),
            group: asked.group.clone(),
            invitees: asked.invitees.iter().map(|user| (user.clone(), None)).collect(),
            data: asked.data.clone(),
            online_only: asked.online_only,
            timeout_s: asked.timeout_s,
            began_ms,
            over_ms: None,
            modified: false,
        }
    }
}
