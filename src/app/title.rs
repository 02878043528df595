//! What windows are called: in the title bar, in the list of windows, and by a screen reader.

use egui::{Context, Ui, ViewportCommand};

use super::{AhoyApp, ui::is_default_profile};

/// The main window's: which profile's it is, and how many missed calls nobody has looked at.
pub(crate) fn of(profile: &str, missed: usize) -> String {
    let name = if is_default_profile(profile) { "Ahoy".to_owned() } else { format!("Ahoy – {profile}") };
    if missed == 0 { name } else { format!("({missed}) {name}") }
}

/// Says the title of this window to a screen reader too, which does not see the title bar.
pub(crate) fn name_window(ui: &Ui, title: String) {
    ui.ctx().accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_label(title));
}

impl AhoyApp {
    /// Changes the window's title when it is another one.
    pub(super) fn follow_title(&mut self, ctx: &Context) {
        let title = of(&self.state.profile, self.state.missed_unseen);
        if title != self.title {
            self.title.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_profiles_have_their_name_and_say_what_was_missed() {
        assert_eq!(of("default", 0), "Ahoy");
        assert_eq!(of("demo-1", 0), "Ahoy – demo-1");
        assert_eq!(of("demo-1", 3), "(3) Ahoy – demo-1");
    }
}
