//! The store fails: nothing half-done, and nobody hears of what did not happen.

use super::*;

#[test]
fn a_store_that_refuses_changes_nothing() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create_group(GroupType::Meeting, &["b"]));
    world.ok(&mut a, invite("i", "b"));
    world.lines(&mut a);
    world.lines(&mut b);
    world.logic().store.refuse_writes(true);
    world.refused(&mut a, invite("j", "b"), Code::Internal);
    world.refused(&mut b, accept("i"), Code::Internal);
    world.refused(&mut a, api::DismissGroup { group_id: group("g") }, Code::Internal);
    world.ok(&mut b, joined_groups());
    world.wait(60_000);
    assert_eq!((world.lines(&mut a), world.lines(&mut b)), (no_lines(), no_lines()));
    world.logic().store.refuse_writes(false);
    world.refused(&mut b, accept("j"), Code::InvalidInviteId);
    world.wait(2_000);
    assert_eq!(world.lines(&mut b), ["3 onInvitationTimeout"], "the backstop comes late, but it comes");
}

#[test]
fn a_batch_that_is_not_committed_never_happened() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, invite("i", "b"));
    world.lines(&mut a);
    world.lines(&mut b);
    // A constraint that is only checked at the end makes the commit fail.
    world.logic().store.execute(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
         CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED) STRICT;
         CREATE TRIGGER spoil AFTER INSERT ON messages BEGIN INSERT INTO child VALUES (1); END;",
    );
    let inputs = vec![
        Input::Request { conn: b.conn, id: 9_001, request: accept("i").into() },
        Input::Request { conn: a.conn, id: 9_002, request: invite("j", "b").into() },
        Input::Request { conn: a.conn, id: 9_003, request: joined_groups().into() },
        Input::Request {
            conn: a.conn,
            id: 9_004,
            request: api::EnterRoom { create: true, ..api::EnterRoom::of(room(1)) }.into(),
        },
    ];
    world.run(inputs);
    assert!(world.reply::<api::Empty>(&mut b, 9_001).is_err_and(|error| error.is(Code::Internal)));
    assert!(world.reply::<api::InviteReply>(&mut a, 9_002).is_err_and(|error| error.is(Code::Internal)));
    world.reply::<api::GroupList>(&mut a, 9_003).expect("nothing was written for it");
    world.reply::<api::EnterRoomReply>(&mut a, 9_004).expect("rooms are not stored");
    assert_eq!((world.lines(&mut a), world.lines(&mut b)), (no_lines(), no_lines()));
    world.logic().store.execute("DROP TRIGGER spoil");
    world.ok(&mut b, accept("i"));
    world.refused(&mut b, accept("j"), Code::InvalidInviteId);
    assert_eq!(world.lines(&mut a), ["2 onInviteeAccepted"]);
}

#[test]
fn a_late_sign_in_of_a_failed_batch_is_closed() {
    let mut world = World::new();
    let (mut a, b) = (world.online("a"), world.online("b"));
    world.close(&b);
    world.logic().store.execute(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
         CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED) STRICT;
         CREATE TRIGGER spoil AFTER INSERT ON messages BEGIN INSERT INTO child VALUES (1); END;",
    );
    let mut late = world.connect(8);
    let (user_id, token) = (user("b"), b.creds().token.clone());
    let login = api::Login { user_id, token, start: Start::Hot, last_seq: 0 };
    world.run(vec![
        Input::Request { conn: a.conn, id: 9_001, request: invite("i", "b").into() },
        Input::Request { conn: late.conn, id: 1, request: login.into() },
    ]);
    world.settle(&mut late);
    assert!(late.closed.is_some_and(|reason| reason.is(Code::Internal)));
    assert!(world.reply::<api::InviteReply>(&mut a, 9_001).is_err());
}

#[test]
fn two_inputs_of_one_batch_see_each_other() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.run(vec![
        Input::Request { conn: a.conn, id: 9_001, request: invite("i", "b").into() },
        Input::Request { conn: b.conn, id: 9_002, request: accept("i").into() },
        Input::Request { conn: a.conn, id: 9_003, request: cancel("i").into() },
        Input::Request { conn: ConnId(999), id: 1, request: cancel("i").into() },
    ]);
    world.reply::<api::InviteReply>(&mut a, 9_001).expect("invited");
    world.reply::<api::Empty>(&mut b, 9_002).expect("first in the queue");
    assert!(world.reply::<api::Empty>(&mut a, 9_003).is_err_and(|error| error.is(Code::InvalidInviteId)));
    assert_eq!(world.lines(&mut b), ["1 onReceiveNewInvitation", "2 onInviteeAccepted"]);
}

#[test]
fn the_thread_answers_stops_and_lets_go_of_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for round in 0..2 {
        let config = CoreConfig {
            data_dir: folder.path().to_owned(),
            server_name: "test".into(),
            sign_up_open: true,
            relay: Arc::new(FakeRelay::default()),
        };
        let core = crate::server::core::Core::start(config).expect("started");
        runtime.block_on(async {
            let (out, mut frames) = mpsc::channel(8);
            let conn = ConnId(1);
            core.send(Input::Connected { conn, out }).await.expect("running");
            let request = api::SignUp {
                user_id: user("a"),
                display_name: "A".into(),
                password: None,
                device_name: "desk".into(),
            };
            core.send(Input::SignUp { conn, id: 1, request, password_hash: None }).await.expect("running");
            let Some(Out::Frame(text)) = frames.recv().await else { panic!("no answer") };
            assert_eq!(text.contains("\"error\""), round == 1, "{text}");
            let (done, stopped) = tokio::sync::oneshot::channel();
            core.send(Input::Stop { done }).await.expect("running");
            stopped.await.expect("stopped");
            assert_eq!(frames.recv().await, None);
            core.send(Input::Drained { conn }).await.expect_err("it has stopped");
        });
    }
}
