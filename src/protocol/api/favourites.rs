//! The people whom a user wants at hand.

use serde::{Deserialize, Serialize};

use super::{super::UserId, Call, Empty};

call! {
    /// Puts somebody among the user's favourites, or takes them out. What is so already succeeds.
    SetFavourite = "setFavourite" -> Empty {
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// In or out.
        favourite: bool,
    }
}

call! {
    /// The user's favourites.
    GetFavourites = "getFavourites" -> Favourites {}
}

/// Reply to [`GetFavourites`], and what `onFavouritesChanged` tells: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Favourites {
    /// Ordered by identifier.
    pub user_list: Vec<UserId>,
}
