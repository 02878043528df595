//! Everybody else on the server, kept from the first listing and the changes that follow.

use std::{collections::BTreeMap, sync::Arc};

use crate::protocol::{UserId, event::UserStatus};

use super::state::Person;

/// The people of one server.
#[derive(Debug, Default)]
pub(crate) struct People {
    known: BTreeMap<UserId, UserStatus>,
    shown: Arc<Vec<Person>>,
    stale: bool,
}

impl People {
    /// Takes in new, changed or listed users.
    pub(crate) fn update(&mut self, users: impl IntoIterator<Item = UserStatus>) {
        for user in users {
            self.known.insert(user.user_id.clone(), user);
            self.stale = true;
        }
    }

    /// A user's display name.
    pub(crate) fn name(&self, user: &UserId) -> Option<&str> {
        self.known.get(user).map(|user| &*user.display_name)
    }

    /// Nobody, as after a change of server.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.stale = true;
    }

    /// Everybody but `me`, by display name.
    pub(crate) fn shown(&mut self, me: Option<&UserId>) -> Arc<Vec<Person>> {
        if self.stale {
            let mut people: Vec<Person> = self
                .known
                .values()
                .filter(|user| Some(&user.user_id) != me)
                .map(|user| Person {
                    user: user.user_id.clone(),
                    display_name: user.display_name.clone(),
                    presence: user.presence,
                })
                .collect();
            people.sort_by_cached_key(|person| (person.display_name.to_lowercase(), person.user.clone()));
            self.shown = people.into();
            self.stale = false;
        }
        self.shown.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::event::Presence;

    fn user(id: &str, name: &str, presence: Presence) -> UserStatus {
        UserStatus { user_id: UserId::new(id).expect("valid"), display_name: name.to_owned(), presence }
    }

    #[test]
    fn people_are_listed_by_name_without_oneself() {
        let mut people = People::default();
        let me = UserId::new("me").expect("valid");
        people.update([
            user("me", "Aa", Presence::Online),
            user("b", "zoe", Presence::Online),
            user("a", "Bob", Presence::Offline),
        ]);
        let names = |people: &mut People| -> Vec<String> {
            people.shown(Some(&me)).iter().map(|person| person.display_name.clone()).collect()
        };
        assert_eq!(names(&mut people), ["Bob", "zoe"]);
        people.update([user("b", "Ann", Presence::InCall)]);
        assert_eq!(names(&mut people), ["Ann", "Bob"]);
        people.clear();
        assert!(names(&mut people).is_empty());
    }
}
