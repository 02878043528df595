//! Both call each other: nothing rings, one call comes of it.

use super::*;
use crate::protocol::call_data::GLARE;

/// Smaller than any identifier that the machine makes, and larger.
const SMALL: &str = "-";
const LARGE: &str = "~";

fn never_rang(rig: &Rig) {
    assert!(rig.machine.view().iter().all(|call| call.phase != Phase::Incoming));
    let notices = rig.notices();
    assert!(notices.iter().all(|data| data.command != Command::Ringing), "{notices:?}");
}

#[test]
fn the_larger_invitation_gives_way() {
    let mut rig = Rig::ringing();
    let ours = rig.call_id();
    rig.input(call_from_bob(SMALL));
    never_rang(&rig);
    let view = rig.view();
    assert_eq!((view.phase, &view.call_id), (Phase::Connecting, &id(SMALL)));
    assert_eq!(view.direction, crate::call::Direction::Outgoing, "Alice did call");
    assert_eq!(rig.machine.view().len(), 1);
    let (_, Request::Cancel(cancel)) = rig.take("cancel") else { panic!("no cancel") };
    let data = CallData::parse(&cancel.data).expect("call data");
    assert_eq!((cancel.invite_id, data.message.as_deref(), data.call_id), (ours.clone(), Some(GLARE), Some(id(SMALL))));
    assert_eq!(rig.pending("exitRoom"), 1, "the own room");
    rig.entered(&[("bob", "bob-1")]).input(cancelled(&ours, "alice")).done("accept");
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true][..]));
    rig.wait(3_000).input(Input::HangUp(ours));
    assert_eq!(rig.end(), Some(EndReason::HungUp), "the button may still know the old name");
    rig.wait(5_000);
    assert_eq!(rig.hangups(), [(3, Some(id(SMALL)), Some(user("bob")))], "the winner's is the call");
}

#[test]
fn the_smaller_invitation_stays() {
    let mut rig = Rig::calling();
    let ours = rig.call_id();
    rig.input(call_from_bob(LARGE));
    never_rang(&rig);
    assert_eq!((rig.phase(), rig.call_id(), rig.requests.len()), (Phase::Calling, ours.clone(), 0));
    rig.peer_enters().input(cancelled(&id(LARGE), "bob")).input(accepted(&ours, "bob", "bob-1"));
    assert_eq!((rig.phase(), rig.call_id()), (Phase::InCall, ours));
}

#[test]
fn what_was_not_sent_gives_way_without_a_cancellation() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob"))).input(call_from_bob(LARGE));
    never_rang(&rig);
    assert_eq!((rig.phase(), rig.call_id(), rig.pending("cancel")), (Phase::Connecting, id(LARGE), 0));
    // The answer about the own room is of no interest any more.
    rig.entered(&[]);
    assert_eq!(rig.pending("invite"), 0);
    rig.entered(&[("bob", "bob-1")]).done("accept");
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn it_is_the_same_before_the_own_invitation_is_answered() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob"))).entered(&[]).input(call_from_bob(SMALL));
    assert_eq!((rig.phase(), rig.call_id(), rig.pending("cancel")), (Phase::Connecting, id(SMALL), 1));
    rig.invited(&["bob"]);
    assert_eq!((rig.phase(), rig.call_id()), (Phase::Connecting, id(SMALL)));
}

#[test]
fn the_other_may_give_up_after_all() {
    // The winner's caller hangs up while the loser answers.
    let mut rig = Rig::calling();
    rig.input(call_from_bob(SMALL)).entered(&[("bob", "bob-1")]).input(cancelled(&id(SMALL), "bob"));
    assert_eq!((rig.phase(), rig.end()), (Phase::Ended, Some(EndReason::Cancelled)));
    // The loser hangs up before hearing of the winner, which then rings there; here nothing has changed.
    let mut rig = Rig::calling();
    rig.input(call_from_bob(LARGE)).input(cancelled(&id(LARGE), "bob"));
    assert_eq!(rig.phase(), Phase::Calling);
    rig.wait(33_000);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
}

#[test]
fn giving_up_gives_up_both() {
    let mut rig = Rig::calling();
    rig.input(call_from_bob(LARGE));
    let ours = rig.call_id();
    rig.input(Input::HangUp(ours));
    let (_, Request::Reject(reject)) = rig.take("reject") else { panic!("no reject") };
    assert_eq!((reject.invite_id, rig.pending("cancel")), (id(LARGE), 1));
    assert_eq!(rig.phase(), Phase::Ended);
}

#[test]
fn when_ours_fails_theirs_rings_after_all() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob"))).entered(&[]).input(call_from_bob(LARGE));
    rig.refused("invite", Code::Internal);
    assert_eq!((rig.phase(), rig.call_id()), (Phase::Incoming, id(LARGE)));
    rig.wait(33_000);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
}

#[test]
fn another_own_device_has_the_glare_to_itself() {
    let mut rig = Rig::new();
    let elsewhere = NewInvitation {
        inviter: user("alice"),
        device_id: device("alice-2"),
        invitee_list: vec![user("bob")],
        ..invitation("a2")
    };
    rig.input(live(Event::ReceiveNewInvitation(elsewhere))).input(call_from_bob("b"));
    assert!(rig.machine.view().is_empty() && rig.requests.is_empty());
    rig.input(cancelled(&id("a2"), "alice")).input(call_from_bob("c"));
    assert_eq!(rig.phase(), Phase::Incoming);
}
