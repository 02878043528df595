//! What may be asked of a lesson, and with which code and sentence it is refused. Nothing here changes anything.

use super::lesson::{Lesson, Whose};
use crate::protocol::{
    ApiError, Code, InviteId, UserId,
    class_data::{ClassAnswer, ClassCommand},
    lesson::{LessonSettings, PEOPLE_MAX, PROMPT_S, Whereabouts},
};

type Checked = Result<(), ApiError>;

fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::new(code, message))
}

impl Lesson {
    /// Whether somebody may come in.
    ///
    /// # Errors
    /// 10007 for whoever was removed, 10014 if the lesson is full.
    pub fn check_entry(&self, user: &UserId) -> Checked {
        if self.view.barred.contains(user) {
            return refuse(
                Code::PermissionDenied,
                "A teacher has removed you from this lesson; ask to be let in again.",
            );
        }
        if !self.view.people.contains_key(user) && self.view.people.len() >= PEOPLE_MAX {
            return refuse(Code::GroupFull, format!("{PEOPLE_MAX} people have been in this lesson: it is full."));
        }
        Ok(())
    }

    /// Whether an invitation may begin. Its invitees are members of the group.
    ///
    /// # Errors
    /// 10007 where the role does not allow it, 6017 for what is out of bounds, 7014 where it does not apply.
    pub fn check_invitation(
        &self,
        by: &UserId,
        command: &ClassCommand,
        invitees: &[UserId],
        timeout_s: u32,
    ) -> Checked {
        self.check_here(by)?;
        command.check()?;
        let limited = PROMPT_S.contains(&timeout_s);
        let (least, most) = (PROMPT_S.start(), PROMPT_S.end());
        match command {
            ClassCommand::RaiseHands | ClassCommand::RollCall | ClassCommand::Poll { .. } => {
                self.check_teacher(by)?;
                if !limited && timeout_s != 0 {
                    let message = format!("\"timeout\" is {least} to {most} seconds here, or 0 for no limit.");
                    return refuse(Code::InvalidParameters, message);
                }
                if let Some(teacher) = invitees.iter().find(|user| self.view.is_teacher(user)) {
                    return refuse(Code::InvalidParameters, format!("{teacher} is a teacher; ask students only."));
                }
                match self.view.open_prompt(command) {
                    Some(open) => {
                        let message =
                            format!("{} has asked that already, and answers still come; end it first.", open.by);
                        refuse(Code::InvalidOperation, message)
                    }
                    None => Ok(()),
                }
            }
            ClassCommand::Speak => {
                self.check_teacher(by)?;
                if !limited {
                    let message = format!("\"timeout\" is {least} to {most} seconds here.");
                    return refuse(Code::InvalidParameters, message);
                }
                invitees.iter().try_for_each(|user| self.check_candidate(user))?;
                self.check_floors_left(invitees.len())
            }
            ClassCommand::AskToSpeak => self.check_asking(by, invitees, limited || timeout_s == 0),
            ClassCommand::React { .. } if timeout_s != 0 => {
                refuse(Code::InvalidParameters, "A sign needs no answer: \"timeout\" is 0.")
            }
            ClassCommand::React { .. } => Ok(()),
        }
    }

    /// Whether somebody can be invited to speak.
    fn check_candidate(&self, user: &UserId) -> Checked {
        if self.view.is_teacher(user) {
            return refuse(Code::InvalidOperation, format!("{user} is a teacher and may speak anyway."));
        }
        if self.view.people.get(user).is_none_or(|person| person.at != Whereabouts::Here) {
            return refuse(Code::InvalidOperation, format!("{user} is not here; choose somebody else."));
        }
        if self.view.floor_of(user).is_some() {
            return refuse(Code::InvalidOperation, format!("{user} has the floor already."));
        }
        match self.view.offer_to(user) {
            Some(offer) => refuse(Code::InvalidOperation, format!("{} has invited {user} to speak already.", offer.by)),
            None => Ok(()),
        }
    }

    /// Whether so many more may speak (rule 3).
    fn check_floors_left(&self, more: usize) -> Checked {
        let floors = usize::from(self.view.settings.floors);
        if self.view.floors.len() + self.view.offers.len() + more <= floors {
            return Ok(());
        }
        let message = match (self.view.floors.first(), self.view.offers.first()) {
            (Some(floor), _) => format!("{} has the floor; take it back first, or allow more floors.", floor.user),
            (None, Some(offer)) => {
                format!("{} has invited {} to speak; wait, or take that back first.", offer.by, offer.user)
            }
            (None, None) => format!("Only {floors} may speak at a time; invite fewer, or allow more floors."),
        };
        refuse(Code::InvalidOperation, message)
    }

    fn check_asking(&self, by: &UserId, invitees: &[UserId], time_fits: bool) -> Checked {
        if self.view.is_teacher(by) {
            return refuse(Code::InvalidOperation, "A teacher may speak anyway.");
        }
        // Who came after the question can still raise the hand.
        if !self.view.settings.unasked_hands && self.view.open_prompt(&ClassCommand::RaiseHands).is_none() {
            return refuse(
                Code::PermissionDenied,
                "Hands are raised only when the teacher asks for them in this lesson.",
            );
        }
        if self.view.hand_of(by).is_some() {
            return refuse(Code::InvalidOperation, "Your hand is up already.");
        }
        if self.view.floor_of(by).is_some() {
            return refuse(Code::InvalidOperation, "You have the floor already.");
        }
        if let Some(student) = invitees.iter().find(|user| !self.view.is_teacher(user)) {
            return refuse(Code::InvalidParameters, format!("{student} is no teacher of this lesson; ask a teacher."));
        }
        if !time_fits {
            return refuse(Code::InvalidParameters, "\"timeout\" is 10 to 300 seconds here, or 0 for no limit.");
        }
        Ok(())
    }

    /// Whether somebody may accept. That they are invited, and in time, the invitation knows.
    ///
    /// # Errors
    /// 10007 where the role does not allow it, 6017 for no valid choice, 7014 where it does not apply, 8010 if it is over.
    pub fn check_acceptance(&self, id: &InviteId, user: &UserId, data: &str) -> Checked {
        let Some(ask) = self.asks.get(id) else {
            return refuse(Code::InvalidInviteId, "This is over already; nothing is left to do.");
        };
        self.check_here(user)?;
        match &ask.command {
            ClassCommand::Speak if self.view.floors.len() >= usize::from(self.view.settings.floors) => {
                refuse(Code::InvalidOperation, "All floors are taken at the moment; wait for the teacher.")
            }
            ClassCommand::AskToSpeak => {
                self.check_teacher(user)?;
                self.check_floors_left(1)
            }
            ClassCommand::Poll { .. } => {
                let choice = ClassAnswer::parse(data).map(|answer| usize::from(answer.choice));
                if choice.is_ok_and(|choice| choice < ask.command.choices()) {
                    Ok(())
                } else {
                    refuse(Code::InvalidParameters, "The poll has no such choice; take one of those it names.")
                }
            }
            ClassCommand::Speak | ClassCommand::RaiseHands | ClassCommand::RollCall | ClassCommand::React { .. } => {
                Ok(())
            }
        }
    }

    pub(super) fn check_teacher(&self, user: &UserId) -> Checked {
        if self.view.is_teacher(user) {
            return Ok(());
        }
        refuse(Code::PermissionDenied, "Only the teachers of a lesson may do this.")
    }

    fn check_here(&self, user: &UserId) -> Checked {
        match self.view.people.get(user) {
            Some(person) if person.at == Whereabouts::Here => Ok(()),
            _ => refuse(Code::PermissionDenied, "You are not in this lesson; join it first."),
        }
    }

    pub(super) fn check_set(&self, by: &UserId, settings: &LessonSettings) -> Checked {
        self.check_teacher(by)?;
        settings.check()
    }

    /// Whose of those meant have what is meant.
    fn meant(
        &self,
        by: &UserId,
        whose: &Whose,
        has: impl Fn(&UserId) -> bool,
        what: &str,
    ) -> Result<Vec<UserId>, ApiError> {
        let users: Vec<UserId> = match whose {
            Whose::Own => vec![by.clone()],
            Whose::Of(users) => users.clone(),
            Whose::All => {
                self.check_teacher(by)?;
                return Ok(self.view.people.keys().filter(|user| has(user)).cloned().collect());
            }
        };
        if users.iter().any(|user| user != by) {
            self.check_teacher(by)?;
        }
        match users.iter().find(|user| !has(user)) {
            Some(user) if user == by => refuse(Code::InvalidOperation, format!("You have no {what} (any more).")),
            Some(user) => refuse(Code::InvalidOperation, format!("{user} has no {what} (any more).")),
            None => Ok(users),
        }
    }

    pub(super) fn hands_to_lower(&self, by: &UserId, whose: &Whose) -> Result<Vec<UserId>, ApiError> {
        self.meant(by, whose, |user| self.view.hand_of(user).is_some(), "raised hand")
    }

    pub(super) fn floors_to_end(&self, by: &UserId, whose: &Whose) -> Result<Vec<UserId>, ApiError> {
        self.meant(by, whose, |user| self.view.floor_of(user).is_some(), "floor")
    }

    pub(super) fn check_microphones(&self, by: &UserId, open: bool, whose: &Whose) -> Checked {
        self.check_here(by)?;
        if open {
            return match whose {
                Whose::Own if self.view.is_teacher(by) => refuse(Code::InvalidOperation, "A teacher may speak anyway."),
                Whose::Own if self.view.settings.free_microphones => Ok(()),
                Whose::Own => {
                    refuse(Code::PermissionDenied, "The teacher has closed the microphones; raise your hand to speak.")
                }
                Whose::Of(_) | Whose::All => {
                    refuse(Code::InvalidOperation, "Nobody's microphone is opened for them; invite them to speak.")
                }
            };
        }
        let has = |user: &UserId| self.view.open.contains(user) || self.view.floor_of(user).is_some();
        self.meant(by, whose, has, "open microphone").map(|_| ())
    }

    pub(super) fn check_removal(&self, by: &UserId, user: &UserId) -> Checked {
        self.check_teacher(by)?;
        if self.view.is_teacher(user) {
            let message = format!("{user} is a teacher; take that away in the group first, then remove them.");
            return refuse(Code::PermissionDenied, message);
        }
        if self.view.is_gone(user) {
            return refuse(Code::InvalidOperation, format!("{user} is not in this lesson (any more)."));
        }
        Ok(())
    }

    pub(super) fn check_readmission(&self, by: &UserId, user: &UserId) -> Checked {
        self.check_teacher(by)?;
        if self.view.barred.contains(user) {
            return Ok(());
        }
        refuse(Code::InvalidOperation, format!("{user} may come in already."))
    }
}
