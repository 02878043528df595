//! The request that a wish about a lesson is. Pure: a lesson and a wish in, a request or a sentence out.

use crate::{
    class::{Prompt, View, Whose},
    protocol::{
        ApiError, GroupId, InviteId, Request, UserId,
        api::{
            Accept, Cancel, EndFloors, InviteInGroup, LowerHands, ReadmitToLesson, Reject, RemoveFromLesson, SetLesson,
            SetMicrophones,
        },
        class_data::{ClassAnswer, ClassCommand},
        lesson::{LessonSettings, Mine},
    },
};

use super::{super::command::LessonCommand, not_now};

/// How long a student has to take the floor, seconds.
const OFFER_S: u32 = 30;
/// How long a hand that was raised unasked waits for a teacher, seconds.
const HAND_S: u32 = 300;

/// There is nothing to do anything in.
pub(super) fn no_lesson() -> ApiError {
    not_now("You are in no lesson; join one first.")
}

/// The request; `None` if there is nothing to do.
///
/// # Errors
/// 7014 if the lesson is such that no request can be made of it.
pub(super) fn request(
    view: &View,
    me: &UserId,
    group: &GroupId,
    command: LessonCommand,
) -> Result<Option<Request>, ApiError> {
    let group_id = group.clone();
    let invite = |command: &ClassCommand, invitee_list, timeout| {
        Request::from(InviteInGroup {
            invite_id: InviteId::random(),
            group_id: group.clone(),
            invitee_list,
            data: command.to_json(),
            online_user_only: true,
            timeout,
            room_id: None,
        })
    };
    Ok(Some(match command {
        LessonCommand::Ask { command, timeout_s } => invite(&command, students(view)?, timeout_s),
        LessonCommand::StopAsking(invite_id) => {
            Cancel { invite_id, invitee_list: Vec::new(), data: String::new() }.into()
        }
        LessonCommand::LetSpeak(user) => match view.hand_of(&user).and_then(|hand| hand.invite.clone()) {
            Some(invite_id) => accept(invite_id, String::new()),
            None => invite(&ClassCommand::Speak, vec![user], OFFER_S),
        },
        LessonCommand::TakeOfferBack(user) => {
            let offer = view.offer_to(&user);
            let gone = || not_now(format!("{user} is not being invited to speak (any more)."));
            let invite_id = offer.ok_or_else(gone)?.invite.clone();
            Cancel { invite_id, invitee_list: vec![user], data: String::new() }.into()
        }
        LessonCommand::Decline(user) => {
            let invite = view.hand_of(&user).and_then(|hand| hand.invite.clone());
            let gone = || not_now(format!("{user} has not asked to speak (any more); you can lower the hand."));
            reject(invite.ok_or_else(gone)?)
        }
        LessonCommand::RaiseHand => match view.open_prompt(&ClassCommand::RaiseHands) {
            Some(Prompt { invite, mine: Mine::Open, .. }) => accept(invite.clone(), String::new()),
            _ => invite(&ClassCommand::AskToSpeak, teachers(view)?, HAND_S),
        },
        LessonCommand::Answer(invite_id, choice) => {
            let prompt = view.prompts.iter().find(|prompt| prompt.invite == invite_id && !prompt.over);
            let prompt = prompt.ok_or_else(|| not_now("This question can no longer be answered."))?;
            match (choice, &prompt.command) {
                (Some(choice), ClassCommand::Poll { .. }) => accept(invite_id, ClassAnswer { choice }.to_json()),
                (Some(_), _) => accept(invite_id, String::new()),
                (None, _) => reject(invite_id),
            }
        }
        LessonCommand::AnswerOffer { accept: taken } => {
            let offer = view.offer_to(me);
            let offer = offer.ok_or_else(|| not_now("Nobody is offering you the floor (any more)."))?.invite.clone();
            if taken { accept(offer, String::new()) } else { reject(offer) }
        }
        LessonCommand::LowerHands(whose) => {
            let (user_list, all) = listed(whose);
            LowerHands { group_id, user_list, all }.into()
        }
        LessonCommand::EndFloors(whose) => {
            let (user_list, all) = listed(whose);
            EndFloors { group_id, user_list, all }.into()
        }
        LessonCommand::SetMicrophones { open, whose } => {
            let (user_list, all) = listed(whose);
            SetMicrophones { group_id, open, user_list, all }.into()
        }
        LessonCommand::Set(settings) => return Ok(changes(&view.settings, &settings, group_id)),
        LessonCommand::React(reaction) => invite(&ClassCommand::React { reaction }, vec![anybody_else(view, me)?], 0),
        LessonCommand::Remove { user, reason } => RemoveFromLesson { group_id, user_id: user, reason }.into(),
        LessonCommand::Readmit(user_id) => ReadmitToLesson { group_id, user_id }.into(),
        // These are no requests of the lesson that one is in.
        LessonCommand::Start { .. }
        | LessonCommand::End
        | LessonCommand::ShowReports(_)
        | LessonCommand::ShowReport(_)
        | LessonCommand::CloseReports => return Ok(None),
    }))
}

fn accept(invite_id: InviteId, data: String) -> Request {
    Accept { invite_id, data }.into()
}

fn reject(invite_id: InviteId) -> Request {
    Reject { invite_id, data: String::new() }.into()
}

fn listed(whose: Whose) -> (Option<Vec<UserId>>, bool) {
    match whose {
        Whose::Own => (None, false),
        Whose::Of(users) => (Some(users), false),
        Whose::All => (None, true),
    }
}

/// Only what is to change: another teacher may be changing something else.
fn changes(old: &LessonSettings, new: &LessonSettings, group_id: GroupId) -> Option<Request> {
    let change = SetLesson {
        group_id,
        floors: (old.floors != new.floors).then_some(new.floors),
        unasked_hands: (old.unasked_hands != new.unasked_hands).then_some(new.unasked_hands),
        free_microphones: (old.free_microphones != new.free_microphones).then_some(new.free_microphones),
        silence_s: (old.silence_s != new.silence_s).then_some(new.silence_s),
    };
    (old != new).then(|| change.into())
}

fn students(view: &View) -> Result<Vec<UserId>, ApiError> {
    Some(view.there(false).cloned().collect::<Vec<_>>())
        .filter(|students| !students.is_empty())
        .ok_or_else(|| not_now("No student is in the lesson yet; ask once somebody has come."))
}

fn teachers(view: &View) -> Result<Vec<UserId>, ApiError> {
    Some(view.there(true).cloned().collect::<Vec<_>>())
        .filter(|teachers| !teachers.is_empty())
        .ok_or_else(|| not_now("No teacher is in the lesson at the moment; raise your hand once one is back."))
}

/// A sign is everybody's; the invitation that carries it needs one invitee, if possible a teacher.
fn anybody_else(view: &View, me: &UserId) -> Result<UserId, ApiError> {
    let others = |teacher: bool| view.there(teacher).find(|user| *user != me).cloned();
    others(true).or_else(|| others(false)).ok_or_else(|| not_now("Nobody else is in the lesson who could see this."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        class::{Input, Lesson},
        protocol::{Code, DeviceId, class_data::Reaction, lesson::FLOORS_MAX},
    };

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("valid")
    }

    fn users(names: &[&str]) -> Vec<UserId> {
        names.iter().map(|name| user(name)).collect()
    }

    fn id(name: &str) -> InviteId {
        InviteId::new(name).expect("valid")
    }

    fn group() -> GroupId {
        GroupId::new("class").expect("valid")
    }

    /// Kim and Lee teach; Ana and Bo are here, Cho is away, Dan has left.
    fn lesson() -> Lesson {
        let mut lesson = Lesson::new(0, LessonSettings::default());
        let device = |name: &str| DeviceId::new(name).expect("valid");
        for who in ["kim", "lee", "ana", "bo", "cho", "dan"] {
            let teacher = matches!(who, "kim" | "lee");
            put(&mut lesson, Input::Entered { user: user(who), device: device(who), teacher });
        }
        put(&mut lesson, Input::Lost { user: user("cho"), device: device("cho") });
        put(&mut lesson, Input::Left { user: user("dan"), device: device("dan"), lost: false });
        lesson
    }

    fn put(lesson: &mut Lesson, input: Input) {
        lesson.handle(1_000, input).expect("allowed");
    }

    fn invite(lesson: &mut Lesson, name: &str, by: &str, command: ClassCommand, whom: &[&str]) {
        let (id, by, invitees) = (id(name), user(by), users(whom));
        lesson.check_invitation(&by, &command, &invitees, 30).expect("allowed");
        let device = DeviceId::new(by.as_str()).expect("valid");
        put(lesson, Input::Invited { id, by, device, command, invitees, timeout_s: 30 });
    }

    /// As this user sees it.
    fn seen(lesson: &Lesson, me: &str) -> View {
        View::of(1_000, user(me), &lesson.state_for(1_000, &user(me)))
    }

    fn made(lesson: &Lesson, me: &str, command: LessonCommand) -> Request {
        let made = request(&seen(lesson, me), &user(me), &group(), command).expect("a request").expect("one");
        made.validate().expect("as the protocol has it");
        made
    }

    fn refused(lesson: &Lesson, me: &str, command: LessonCommand) {
        let error = request(&seen(lesson, me), &user(me), &group(), command).expect_err("no request");
        assert!(error.is(Code::InvalidOperation) && !error.message.is_empty());
    }

    /// Whom an invitation of a lesson asks what, and for how long. It belongs to the group and to those who are online.
    fn asked(request: Request) -> (Vec<UserId>, ClassCommand, u32) {
        let Request::InviteInGroup(invite) = request else { panic!("{request:?}") };
        assert_eq!((invite.group_id, invite.online_user_only, invite.room_id), (group(), true, None));
        (invite.invitee_list, ClassCommand::parse(&invite.data).expect("of a lesson"), invite.timeout)
    }

    #[test]
    fn all_students_who_have_not_left_are_asked() {
        let lesson = lesson();
        let ask = |command: ClassCommand| LessonCommand::Ask { command, timeout_s: 60 };
        let expected = (users(&["ana", "bo", "cho"]), ClassCommand::RollCall, 60);
        assert_eq!(asked(made(&lesson, "kim", ask(ClassCommand::RollCall))), expected);
        let mut empty = Lesson::new(0, LessonSettings::default());
        let device = DeviceId::new("kim").expect("valid");
        put(&mut empty, Input::Entered { user: user("kim"), device, teacher: true });
        refused(&empty, "kim", ask(ClassCommand::RollCall));
        refused(&empty, "kim", LessonCommand::React(Reaction::Applause));
    }

    #[test]
    fn a_hand_is_raised_as_the_answer_where_there_is_a_question() {
        let mut lesson = lesson();
        let expected = (users(&["kim", "lee"]), ClassCommand::AskToSpeak, HAND_S);
        assert_eq!(asked(made(&lesson, "ana", LessonCommand::RaiseHand)), expected);
        invite(&mut lesson, "q", "kim", ClassCommand::RaiseHands, &["ana", "cho"]);
        let Request::Accept(accept) = made(&lesson, "ana", LessonCommand::RaiseHand) else { panic!("no answer") };
        assert_eq!(accept.invite_id, id("q"));
        assert_eq!(asked(made(&lesson, "bo", LessonCommand::RaiseHand)), expected, "not asked");
        for who in ["kim", "lee"] {
            put(&mut lesson, Input::Role { user: user(who), teacher: false });
        }
        refused(&lesson, "bo", LessonCommand::RaiseHand);
    }

    #[test]
    fn a_hand_that_asks_is_answered_and_others_are_invited() {
        let mut lesson = lesson();
        invite(&mut lesson, "h", "ana", ClassCommand::AskToSpeak, &["kim", "lee"]);
        let Request::Accept(accept) = made(&lesson, "kim", LessonCommand::LetSpeak(user("ana"))) else { panic!() };
        let Request::Reject(reject) = made(&lesson, "kim", LessonCommand::Decline(user("ana"))) else { panic!() };
        assert_eq!((accept.invite_id, reject.invite_id), (id("h"), id("h")));
        let speak = (users(&["bo"]), ClassCommand::Speak, OFFER_S);
        assert_eq!(asked(made(&lesson, "kim", LessonCommand::LetSpeak(user("bo")))), speak);
        refused(&lesson, "kim", LessonCommand::Decline(user("bo")));
    }

    #[test]
    fn an_offer_is_taken_declined_and_taken_back() {
        let mut lesson = lesson();
        refused(&lesson, "bo", LessonCommand::AnswerOffer { accept: true });
        refused(&lesson, "kim", LessonCommand::TakeOfferBack(user("bo")));
        invite(&mut lesson, "o", "kim", ClassCommand::Speak, &["bo"]);
        refused(&lesson, "ana", LessonCommand::AnswerOffer { accept: true });
        let Request::Accept(yes) = made(&lesson, "bo", LessonCommand::AnswerOffer { accept: true }) else { panic!() };
        let Request::Reject(no) = made(&lesson, "bo", LessonCommand::AnswerOffer { accept: false }) else { panic!() };
        assert_eq!((yes.invite_id, no.invite_id), (id("o"), id("o")));
        let Request::Cancel(back) = made(&lesson, "kim", LessonCommand::TakeOfferBack(user("bo"))) else { panic!() };
        assert_eq!((back.invite_id, back.invitee_list), (id("o"), users(&["bo"])));
    }

    #[test]
    fn answers_say_the_choice_where_there_is_one() {
        let mut lesson = lesson();
        let poll = ClassCommand::Poll { question: "Now?".into(), choices: Vec::new() };
        invite(&mut lesson, "p", "kim", poll, &["ana", "bo"]);
        invite(&mut lesson, "r", "lee", ClassCommand::RollCall, &["ana", "bo"]);
        let answer = |question: &str, choice| match made(&lesson, "ana", LessonCommand::Answer(id(question), choice)) {
            Request::Accept(accept) => Some(accept.data),
            Request::Reject(_) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(answer("p", Some(1)), Some(ClassAnswer { choice: 1 }.to_json()));
        assert_eq!((answer("r", Some(0)), answer("p", None)), (Some(String::new()), None));
        refused(&lesson, "ana", LessonCommand::Answer(id("x"), Some(0)));
        let Request::Cancel(stop) = made(&lesson, "kim", LessonCommand::StopAsking(id("p"))) else { panic!() };
        assert_eq!((stop.invite_id, stop.invitee_list), (id("p"), vec![]));
    }

    #[test]
    fn signs_go_by_a_teacher_or_else_by_anybody() {
        let lesson = lesson();
        let react = || LessonCommand::React(Reaction::Question);
        let sign = ClassCommand::React { reaction: Reaction::Question };
        assert_eq!(asked(made(&lesson, "ana", react())), (users(&["kim"]), sign.clone(), 0));
        assert_eq!(asked(made(&lesson, "kim", react())), (users(&["lee"]), sign.clone(), 0));
        let mut alone = lesson.clone();
        put(&mut alone, Input::Left { user: user("lee"), device: DeviceId::new("lee").expect("valid"), lost: false });
        assert_eq!(asked(made(&alone, "kim", react())), (users(&["ana"]), sign, 0));
    }

    #[test]
    fn whose_and_what_is_said_as_the_protocol_says_it() {
        let lesson = lesson();
        let Request::LowerHands(own) = made(&lesson, "ana", LessonCommand::LowerHands(Whose::Own)) else { panic!() };
        assert_eq!((own.user_list, own.all), (None, false));
        let of = Whose::Of(users(&["bo"]));
        let Request::EndFloors(of) = made(&lesson, "kim", LessonCommand::EndFloors(of)) else { panic!() };
        assert_eq!((of.user_list, of.all), (Some(users(&["bo"])), false));
        let mute = LessonCommand::SetMicrophones { open: false, whose: Whose::All };
        let Request::SetMicrophones(all) = made(&lesson, "kim", mute) else { panic!() };
        assert_eq!((all.open, all.user_list, all.all), (false, None, true));
    }

    #[test]
    fn only_what_differs_is_set() {
        let lesson = lesson();
        let settings = LessonSettings { floors: FLOORS_MAX, ..LessonSettings::default() };
        let Request::SetLesson(set) = made(&lesson, "kim", LessonCommand::Set(settings)) else { panic!() };
        assert_eq!((set.floors, set.unasked_hands, set.free_microphones, set.silence_s), (Some(20), None, None, None));
        let same = LessonCommand::Set(LessonSettings::default());
        let nothing = request(&seen(&lesson, "kim"), &user("kim"), &group(), same).expect("nothing amiss");
        assert!(nothing.is_none());
    }
}
