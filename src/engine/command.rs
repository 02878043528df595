//! What a front end may ask of the engine. No command has a return value: what comes of it shows in the state.

use crate::{
    class::Whose,
    protocol::{
        DeviceId, GroupId, InviteId, SourceId, UserId,
        api::{GroupType, Schedule},
        class_data::{ClassCommand, Reaction},
        lesson::LessonSettings,
    },
};

use super::{picture::Prepared, settings::Settings};

/// One wish of the person in front.
#[derive(Clone, Debug)]
pub enum Command {
    /// First start: run the embedded server on this computer, and sign up or in there.
    Host(SignInForm),
    /// First start: sign up or in at a server that was found or typed.
    Join {
        /// `wss://host:port`, `host:port` or `host`.
        address: String,
        /// Who.
        form: SignInForm,
    },
    /// The person has compared the new fingerprint and trusts the server's changed certificate.
    TrustNewCertificate,
    /// Go back to the sign-in screen without connecting.
    CancelConnect,
    /// Try the connection again now.
    RetryNow,
    /// Sign this device out; its token is revoked and the profile forgets the server.
    SignOut,
    /// Call somebody.
    Call(UserId),
    /// Call several people who need not be in a group.
    CallPeople(Vec<UserId>),
    /// Call members of a group; all of them if nobody is named.
    CallGroup {
        /// The group.
        group: GroupId,
        /// Who rings.
        users: Vec<UserId>,
    },
    /// Join the call that is on in a group.
    JoinCall(GroupId),
    /// Call more people into the call that is on.
    AddToCall {
        /// The call.
        call: InviteId,
        /// Who rings.
        users: Vec<UserId>,
    },
    /// Ring some of those no longer whom this device has called; all of them if nobody is named.
    StopRinging {
        /// The call.
        call: InviteId,
        /// Who.
        users: Vec<UserId>,
    },
    /// Answer.
    Accept(InviteId),
    /// Decline.
    Reject(InviteId),
    /// Put a talk on hold.
    Hold(InviteId),
    /// Go on with a talk that is on hold; another one goes on hold for it.
    Resume(InviteId),
    /// Hang up or give up.
    HangUp(InviteId),
    /// Leave the screen of a call that is over.
    DismissCall(InviteId),
    /// Stop the ringtone, not the call.
    SilenceRing,
    /// Close or open the microphone.
    SetMuted(bool),
    /// Loudness of one participant, 0.0 to 3.0.
    SetParticipantVolume(SourceId, f32),
    /// Replace the settings; they are stored and take effect at once.
    ChangeSettings(Box<Settings>),
    /// Look again which sound devices there are.
    RefreshDevices,
    /// Open the microphone for the level meter; with `hear`, also play it back.
    StartMicrophoneTest {
        /// Play what comes in.
        hear: bool,
    },
    /// End it.
    StopMicrophoneTest,
    /// Play the ringtone once on the ring device.
    TestRingtone,
    /// Play a short tone on the speaker.
    TestSpeaker,
    /// Forget one row of the call log.
    DeleteLogRow(InviteId),
    /// Forget all rows.
    ClearLog,
    /// The missed calls have been seen.
    MarkLogSeen,
    /// Take a notice away.
    DismissNotice(u64),
    /// Change the name that others see.
    SetDisplayName(String),
    /// Give one of the own devices another name.
    RenameDevice {
        /// Which.
        device: DeviceId,
        /// Its new name.
        name: String,
    },
    /// Sign another device of the user out.
    SignOutDevice(DeviceId),
    /// Do not disturb, by hand, on all devices of the user; or no longer.
    SetDoNotDisturb(bool),
    /// When not to disturb, each week, on all devices of the user.
    SetSchedule(Schedule),
    /// Put somebody among the favourites, on all devices of the user, or take them out.
    SetFavourite {
        /// Who.
        user: UserId,
        /// In or out.
        favourite: bool,
    },
    /// Something about groups.
    Group(GroupCommand),
    /// Something about lessons.
    Lesson(LessonCommand),
    /// End the engine: leave calls, close connections, store everything.
    Shutdown,
}

/// What a front end may ask about groups. Whether it is allowed decides the server.
#[derive(Clone, Debug)]
pub enum GroupCommand {
    /// Make a group. What comes of it is [`State::group_task`](super::State::group_task).
    Create {
        /// Its kind.
        kind: GroupType,
        /// Its name.
        name: String,
        /// Its picture.
        picture: Option<Prepared>,
        /// Whom to bring in at once.
        members: Vec<UserId>,
    },
    /// Join a group by its code, as typed. What comes of it is [`State::group_task`](super::State::group_task).
    Join(String),
    /// The form about a new group is closed.
    EndTask,
    /// Apply to a public group.
    Apply {
        /// Which.
        group_id: GroupId,
        /// For whoever decides; may be empty.
        message: String,
    },
    /// Take the own application back.
    TakeBack(GroupId),
    /// Look for public groups by name.
    Search(String),
    /// Leave a group.
    Leave(GroupId),
    /// End a group.
    Dismiss(GroupId),
    /// Change what a group says about itself.
    SetInfo {
        /// Which.
        group_id: GroupId,
        /// Its name.
        name: String,
        /// What it is about; may be empty.
        introduction: String,
    },
    /// Give a group another picture, or none.
    SetPicture(GroupId, Option<Prepared>),
    /// Bring users in.
    Invite(GroupId, Vec<UserId>),
    /// Remove a member.
    Remove(GroupId, UserId),
    /// Make a member an administrator, or an ordinary member again.
    SetAdmin {
        /// Of which group.
        group_id: GroupId,
        /// Whom.
        user_id: UserId,
        /// Administrator.
        admin: bool,
    },
    /// Hand a group over to a member.
    Transfer(GroupId, UserId),
    /// Decide an application.
    Decide {
        /// To which group.
        group_id: GroupId,
        /// Whose.
        user_id: UserId,
        /// Let them in.
        accept: bool,
    },
}

/// What a front end may ask about lessons. Whether it is allowed decides the server. All but the first and the reports are
/// about the lesson that this device is in. A lesson that is on is joined with [`Command::JoinCall`], and left with
/// [`Command::HangUp`].
#[derive(Clone, Debug)]
pub enum LessonCommand {
    /// Open a lesson in a group, and go in.
    Start {
        /// The group.
        group: GroupId,
        /// What is chosen.
        settings: LessonSettings,
        /// Which members are rung.
        ring: Vec<UserId>,
    },
    /// End the lesson for all.
    End,
    /// Ask all students: to raise hands, a roll call, a poll.
    Ask {
        /// What.
        command: ClassCommand,
        /// For how long, seconds; 0 without a limit.
        timeout_s: u32,
    },
    /// Take no more answers to a question.
    StopAsking(InviteId),
    /// Invite a student to speak; or say yes to a hand that was raised unasked.
    LetSpeak(UserId),
    /// Take the invitation to speak back.
    TakeOfferBack(UserId),
    /// Say no to a hand that was raised unasked.
    Decline(UserId),
    /// Raise the own hand: as the answer to the teacher's question, or unasked.
    RaiseHand,
    /// Answer a question: with a choice (0 where there is nothing to choose), or not at all.
    Answer(InviteId, Option<u8>),
    /// Take the floor that is offered, or not.
    AnswerOffer {
        /// Take it.
        accept: bool,
    },
    /// Lower hands.
    LowerHands(Whose),
    /// Give floors back, or take them.
    EndFloors(Whose),
    /// Open or close microphones at the relay.
    SetMicrophones {
        /// Which.
        open: bool,
        /// Whose.
        whose: Whose,
    },
    /// Change what is chosen.
    Set(LessonSettings),
    /// Give a sign.
    React(Reaction),
    /// Remove somebody for the rest of the lesson.
    Remove {
        /// Whom.
        user: UserId,
        /// Why, for them; may be empty.
        reason: String,
    },
    /// Let somebody who was removed come back.
    Readmit(UserId),
    /// Fetch which lessons a group has had: [`State::reports`](super::State::reports).
    ShowReports(GroupId),
    /// Fetch the report of one of them.
    ShowReport(InviteId),
    /// The reports are closed.
    CloseReports,
}

/// What the sign-in screen asks.
#[derive(Clone)]
pub struct SignInForm {
    /// Make a new account, or use one that exists.
    pub new_account: bool,
    /// The account's identifier.
    pub user: String,
    /// The name that others see (new accounts).
    pub display_name: String,
    /// May be empty for a new account: then only this device can use it.
    pub password: String,
}

impl std::fmt::Debug for SignInForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of every log.
        f.debug_struct("SignInForm").field("new_account", &self.new_account).field("user", &self.user).finish()
    }
}
