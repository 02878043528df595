//! Lessons where the store fails, and where a whole class answers at once.

use super::*;

#[test]
fn a_batch_that_is_not_stored_leaves_lesson_and_book_agreed() {
    let mut class = Class::with(LessonSettings { floors: 2, ..LessonSettings::default() });
    class.world.ok(&mut class.kim, ask("roll", &ClassCommand::RollCall, &["ann", "ben"], 60));
    class.world.ok(&mut class.kim, speak("offer", "ben"));
    class.forget();
    class.world.logic().store.execute(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
         CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED) STRICT;
         CREATE TRIGGER spoil AFTER INSERT ON messages BEGIN INSERT INTO child VALUES (1); END;",
    );
    let Class { kim, students: [ann, ..], .. } = &class;
    let inputs = vec![
        Input::Request { conn: ann.conn, id: 901, request: accept("roll").into() },
        Input::Request {
            conn: kim.conn,
            id: 902,
            request: ask("hands", &ClassCommand::RaiseHands, &["cho"], 60).into(),
        },
        Input::Request { conn: kim.conn, id: 903, request: invite("stored", "ann").into() },
    ];
    class.world.run(inputs);
    class.world.logic().store.execute("DROP TRIGGER spoil");
    // The book has never heard of the second question, nor of the answer to the first: neither is open any more.
    let state = class.state();
    assert_eq!(state.prompts.iter().filter(|prompt| !prompt.over).count(), 1, "{:?}", state.prompts);
    assert_eq!(state.offers.len(), 1, "what was not touched goes on");
    class.world.wait(2_000);
    let Class { world, kim, students: [ann, ben, cho], .. } = &mut class;
    world.refused(ann, accept("roll"), Code::InvalidInviteId);
    world.refused(cho, accept("hands"), Code::InvalidInviteId);
    world.ok(ben, accept("roll"));
    world.ok(ben, accept("offer"));
    world.ok(kim, ask("again", &ClassCommand::RaiseHands, &["cho"], 60));
    world.ok(cho, accept("again"));
    assert_eq!(class.state().hands.len(), 1);
}

#[test]
fn a_report_that_cannot_be_stored_is_stored_later() {
    let mut class = Class::new();
    class.world.logic().store.refuse_writes(true);
    class.world.ok(&mut class.kim, end());
    class.world.wait(10_000);
    let lessons = class.world.ok(&mut class.kim, api::GetLessons { group_id: group("g") }).lessons;
    assert_eq!((lessons.len(), lessons[0].on), (1, false), "it is known meanwhile");
    assert_eq!(class.world.ok(&mut class.kim, report()).rows.len(), 5);
    class.world.logic().store.refuse_writes(false);
    class.world.wait(2_000);
    assert!(class.world.logic().rooms.over.is_empty());
    assert_eq!(class.world.ok(&mut class.kim, report()).lesson, lessons[0]);
}

#[test]
fn what_a_whole_class_does_at_once_is_told_in_few_frames() {
    let mut class = Class::gathered();
    let crowd: Vec<String> = (0..200).map(|n| format!("s{n:03}")).collect();
    let names: Vec<&str> = crowd.iter().map(String::as_str).collect();
    let mut phones: Vec<Phone> = names.iter().map(|name| class.world.online(name)).collect();
    for some in names.chunks(100) {
        let Class { world, kim, .. } = &mut class;
        world.ok(kim, api::InviteUserToGroup { group_id: group("g"), user_list: users(some) });
    }
    class.world.ok(&mut class.kim, open());
    for place in 0..phones.len() {
        class.world.ok(&mut phones[place], join());
        if place % 50 == 0 {
            phones.iter_mut().for_each(|phone| _ = class.world.lines(phone));
            class.forget();
        }
    }
    class.world.ok(&mut class.kim, ask("hands", &ClassCommand::RaiseHands, &names, 60));
    phones.iter_mut().for_each(|phone| _ = class.world.lines(phone));
    class.forget();
    for some in phones.chunks(50) {
        let accept = |phone: &Phone| Input::Request { conn: phone.conn, id: 901, request: accept("hands").into() };
        class.world.run(some.iter().map(accept).collect());
        let told = class.world.events(&mut class.kim);
        let changed = told.iter().filter(|told| matches!(told.event, Event::LessonChanged(_))).count();
        assert_eq!((told.len(), changed), (51, 1));
    }
    // Nobody has read anything meanwhile, and nobody is too slow.
    for phone in &mut phones {
        class.world.settle(phone);
        assert_eq!(phone.closed, None);
    }
    assert_eq!(class.state().hands.len(), 200);
}
