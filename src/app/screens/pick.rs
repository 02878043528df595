//! People in a list with boxes to tick, and a field to find them.

use egui::{RichText, ScrollArea, Ui, vec2};

use crate::{engine::state::Person, protocol::UserId};

use super::super::{
    Cx,
    groups_view::Picking,
    search::Search,
    theme,
    widgets::{self, SearchField},
};
use super::people::lamp;

/// Everybody on the server of whom `fits` is true, with boxes to tick.
pub(super) fn people_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    picking: &mut Picking,
    fits: impl Fn(&UserId) -> bool,
    words: (&str, &str),
    height: f32,
) {
    let t = theme::of(ui);
    let (hint, nobody) = words;
    let hint = cx.tr(hint);
    let width = ui.available_width();
    SearchField { text: &mut picking.search, hint: &hint, focus: &mut picking.focus }.ui(ui, width);
    let search = Search::new(&picking.search);
    let all: Vec<&Person> = cx.state.people.iter().filter(|person| fits(&person.user)).collect();
    let found: Vec<&&Person> =
        all.iter().filter(|person| search.finds(&[&person.display_name, person.user.as_str()])).collect();
    ui.allocate_ui(vec2(width, height), |ui| {
        ui.set_min_height(height);
        if found.is_empty() {
            let line = cx.tr(if all.is_empty() { nobody } else { "form-people-none-found" });
            ui.label(RichText::new(line).color(t.text_weak));
            return;
        }
        ScrollArea::vertical().auto_shrink(false).max_height(height).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for person in found {
                let ticked = picking.chosen.contains(&person.user);
                let pressed = ui.push_id(&person.user, |ui| person_ui(ui, person, ticked)).inner;
                if pressed && !picking.chosen.remove(&person.user) {
                    picking.chosen.insert(person.user.clone());
                }
            }
        });
    });
}

fn person_ui(ui: &mut Ui, person: &Person, ticked: bool) -> bool {
    let row = widgets::check_box_ui(ui, ticked, &person.display_name, |ui| {
        widgets::avatar_ui(ui, &person.display_name, 32.0, 0.0);
        widgets::lamp_ui(ui, lamp(person.presence));
        widgets::line_ui(ui, RichText::new(&person.display_name));
    });
    row.clicked()
}
