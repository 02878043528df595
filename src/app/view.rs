//! What the window remembers by itself: the open screen and what has been typed. Nothing about calls or connections.

use super::{calling_view::Calling, groups_view::GroupsView, lesson_view::LessonView};
use crate::protocol::{DeviceId, InviteId, UserId};

/// The screens of the signed-in window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Everybody on the server.
    #[default]
    People,
    /// The groups that one is in.
    Groups,
    /// The call log.
    Calls,
    /// Settings.
    Settings,
    /// The present call, while there is one.
    CurrentCall,
}

#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) tab: Tab,
    /// Where to go back to when the call's screen closes.
    pub(crate) tab_before_call: Tab,
    /// The call that the call's screen was last opened for.
    pub(crate) opened_for: Option<InviteId>,
    /// The call that was left to the log.
    pub(crate) dismissed: Option<InviteId>,
    /// The state is another one than at the last drawing.
    pub(crate) state_changed: bool,
    /// The ringing call that the person in front has been called to.
    pub(crate) attention_for: Option<InviteId>,
    /// How many missed calls were last reported as seen.
    pub(crate) reported_seen: usize,
    /// A microphone test that this window has asked for.
    pub(crate) testing_microphone: bool,
    /// People that are being chosen to be called.
    pub(crate) calling: Option<Calling>,
    /// Put the keyboard into the search field at the next opportunity.
    pub(crate) focus_search: bool,
    pub(crate) sign_in: SignInView,
    pub(crate) people_search: String,
    pub(crate) groups: GroupsView,
    pub(crate) lesson: LessonView,
    pub(crate) log: LogView,
    pub(crate) settings: SettingsView,
}

#[derive(Debug)]
pub(crate) struct SignInView {
    pub(crate) new_account: bool,
    pub(crate) name: String,
    pub(crate) user: String,
    /// The person has typed an identifier; it no longer follows the name.
    pub(crate) user_touched: bool,
    pub(crate) password: String,
    pub(crate) place: Place,
    pub(crate) address: String,
    /// The first field has been given the keyboard.
    pub(crate) greeted: bool,
}

impl Default for SignInView {
    fn default() -> Self {
        Self {
            new_account: true,
            name: String::new(),
            user: String::new(),
            user_touched: false,
            password: String::new(),
            place: Place::Host,
            address: String::new(),
            greeted: false,
        }
    }
}

impl SignInView {
    /// The identifier: what was typed, or else made from the name.
    pub(crate) fn user(&self) -> String {
        if self.user_touched || !self.new_account { self.user.trim().to_owned() } else { derive_user(&self.name) }
    }

    /// Whether all that is needed is there.
    pub(crate) fn is_complete(&self) -> bool {
        let named = !self.new_account || !self.name.trim().is_empty();
        let known = self.new_account || !self.password.is_empty();
        let placed = self.place != Place::Address || !self.address.trim().is_empty();
        named && known && placed && UserId::new(self.user()).is_ok()
    }
}

/// Which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Host,
    Found(String),
    Address,
}

#[derive(Debug, Default)]
pub(crate) struct LogView {
    pub(crate) missed_only: bool,
    pub(crate) search: String,
    pub(crate) asking_to_clear: bool,
}

#[derive(Debug, Default)]
pub(crate) struct SettingsView {
    /// The name while it is being edited.
    pub(crate) display_name: Option<String>,
    pub(crate) asking_to_sign_out: bool,
    /// The name of this device while it is being edited.
    pub(crate) device_name: Option<String>,
    pub(crate) asking_to_sign_out_device: Option<DeviceId>,
}

/// An identifier made from a name: its ASCII letters and digits, or a stable number where it has none.
fn derive_user(name: &str) -> String {
    let mut user = String::new();
    for letter in name.trim().chars() {
        match letter {
            'a'..='z' | '0'..='9' => user.push(letter),
            'A'..='Z' => user.push(letter.to_ascii_lowercase()),
            ' ' | '-' | '_' | '.' if !user.is_empty() && !user.ends_with('-') => user.push('-'),
            _ => {}
        }
    }
    user.truncate(24);
    let user = user.trim_end_matches('-');
    if !user.is_empty() || name.trim().is_empty() {
        return user.to_owned();
    }
    let number =
        name.trim().bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("user-{:04}", number % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_made_from_names() {
        assert_eq!(derive_user("Alice Park"), "alice-park");
        assert_eq!(derive_user("  J. R. R. Tolkien "), "j-r-r-tolkien");
        assert_eq!(derive_user(""), "");
        assert!(UserId::new(derive_user("김민준")).is_ok());
        assert_eq!(derive_user("김민준"), derive_user("김민준 "));
        assert_ne!(derive_user("김민준"), derive_user("이서연"));
        assert!(UserId::new(derive_user(&"long name ".repeat(10))).is_ok());
    }

    #[test]
    fn a_form_is_complete_when_all_is_there() {
        let mut form = SignInView { name: "Alice".into(), ..SignInView::default() };
        assert!(form.is_complete());
        form.place = Place::Address;
        assert!(!form.is_complete(), "an address is missing");
        form.address = "localhost:7470".into();
        assert!(form.is_complete());
        form.new_account = false;
        assert!(!form.is_complete(), "an account needs its identifier and password");
        form.user = "alice".into();
        form.password = "secret".into();
        assert!(form.is_complete());
        form.user = "앨리스".into();
        assert!(!form.is_complete(), "not an identifier");
    }
}
