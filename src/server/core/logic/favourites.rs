//! A user's favourites, the same on all devices.

use super::{Answer, Effect, Logic, answer, done, refuse};
use crate::{
    protocol::{
        Code, Event,
        api::{Favourites, SetFavourite},
        limits::FAVOURITES_MAX,
    },
    signaling::Actor,
};

impl Logic {
    pub(super) fn get_favourites(&self, actor: &Actor) -> Answer {
        answer(&Favourites { user_list: self.store.favourites(&actor.user)? })
    }

    pub(super) fn set_favourite(&mut self, actor: &Actor, request: &SetFavourite) -> Answer {
        let (me, them) = (&actor.user, &request.user_id);
        if me == them {
            return refuse(Code::InvalidParameters, "\"userID\" is your own; choose somebody else.");
        }
        let mut all = self.store.favourites(me)?;
        let changes = match (all.binary_search(them), request.favourite) {
            (Err(place), true) => {
                if all.len() >= FAVOURITES_MAX {
                    let message = format!("You have {FAVOURITES_MAX} favourites; take somebody out first.");
                    return refuse(Code::TooManyAccounts, message);
                }
                if !self.store.has_account(them)? {
                    return refuse(Code::AccountNotFound, format!("Nobody here is called \"{them}\"."));
                }
                self.store.add_favourite(me, them)?;
                all.insert(place, them.clone());
                true
            }
            (Ok(place), false) => {
                self.store.remove_favourite(me, them)?;
                all.remove(place);
                true
            }
            (Ok(_), true) | (Err(_), false) => false,
        };
        if changes {
            let event = Event::FavouritesChanged(Favourites { user_list: all });
            self.effects.push_back(Effect::Own { user: me.clone(), event });
        }
        done()
    }
}
