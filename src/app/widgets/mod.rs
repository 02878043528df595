//! Parts that several screens are made of. They know colours and sizes, but no state and no words.

mod avatar;
mod banner;
mod button;
mod card;
mod field;
mod menu;
mod meter;
mod nav;
mod row;
mod toast;

pub(crate) use avatar::{Lamp, avatar_ui, lamp_ui, picture_ui};
pub(crate) use banner::{Banner, Tone, announce, banner_ui};
pub(crate) use button::{
    ButtonKind, big_button_ui, button_ui, button_width, round_button_ui, small_icon_button_ui, wide_button_ui,
};
pub(crate) use card::{card_ui, confirm_ui, copy_ui, dialog_ui, empty_ui, title_ui};
pub(crate) use field::{
    SearchField, check_box_ui, field_ui, labelled_area_ui, labelled_field_ui, segmented_ui, slider_ui, switch_ui,
    toggles_ui,
};
pub(crate) use menu::{menu_item_ui, menu_ui};
pub(crate) use meter::{level_fraction, meter_ui};
pub(crate) use nav::{call_card_ui, nav_item_ui};
pub(crate) use row::{choice_row_ui, form_row_ui, open_row_ui, row_ui};
pub(crate) use toast::toasts_ui;

use egui::{
    Align, Align2, Color32, Label, Layout, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::{icons::Icon, theme};

/// One line of text that ends in "…" where it does not fit.
pub(crate) fn line_ui(ui: &mut Ui, text: RichText) -> Response {
    ui.add(Label::new(text).truncate())
}

/// An icon that goes with words: drawn, but not read out.
pub(crate) fn icon_ui(ui: &mut Ui, icon: Icon, size: f32, ink: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon.glyph(), icon.font(size), ink);
}

/// One line: `right` stands at its end, `left` takes the rest.
pub(crate) fn sides_ui(ui: &mut Ui, right: impl FnOnce(&mut Ui), left: impl FnOnce(&mut Ui)) {
    let size = vec2(ui.available_width(), theme::TARGET);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        right(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), left);
    });
}

/// Two lines of text in the middle of a row: what it is, and more about it.
pub(crate) fn two_lines_ui(ui: &mut Ui, first: RichText, second: impl FnOnce(&mut Ui)) {
    const FIRST: f32 = 20.0;
    const SECOND: f32 = 18.0;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.spacing_mut().interact_size.y = SECOND;
        ui.add_space(((ui.available_height() - FIRST - SECOND - 2.0) / 2.0).max(0.0));
        line_ui(ui, first);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            second(ui);
        });
    });
}

/// Gives a button the name that a screen reader says, where its word alone could mean any of several.
pub(crate) fn name(ui: &Ui, button: &Response, name: &str) {
    button.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled() && button.enabled(), name));
}

/// Paints the ring around what has the keyboard.
pub(crate) fn focus_ring(ui: &Ui, response: &Response, radius: f32) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, theme::of(ui).focus);
        ui.painter().rect_stroke(response.rect.expand(2.0), radius + 2.0, stroke, StrokeKind::Inside);
    }
}
