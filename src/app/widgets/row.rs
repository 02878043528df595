//! Rows of lists and forms.

use egui::{Align, Layout, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2};

use super::super::{icons::Icon, theme};
use super::{focus_ring, icon_ui, line_ui, two_lines_ui};

/// A row of a list: `left` takes what `right` leaves. Lights up under the pointer.
pub(crate) fn row_ui(ui: &mut Ui, height: f32, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) -> Response {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if response.contains_pointer() {
        ui.painter().rect_filled(rect, f32::from(theme::RADIUS_CONTROL), t.surface);
    }
    let inner = rect.shrink2(vec2(12.0, 4.0));
    let mut right_ui =
        ui.new_child(UiBuilder::new().id_salt("right").max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    right(&mut right_ui);
    let left_rect = Rect::from_min_max(inner.min, egui::pos2(right_ui.min_rect().left() - 12.0, inner.bottom()));
    let mut left_ui =
        ui.new_child(UiBuilder::new().id_salt("left").max_rect(left_rect).layout(Layout::left_to_right(Align::Center)));
    left_ui.spacing_mut().item_spacing.x = 12.0;
    left(&mut left_ui);
    response
}

/// A row that is pressed as a whole. `name` is what a screen reader says: the contents have no names of their own.
pub(crate) fn open_row_ui(ui: &mut Ui, height: f32, name: &str, contents: impl FnOnce(&mut Ui)) -> Response {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let radius = f32::from(theme::RADIUS_CONTROL);
    if response.hovered() {
        ui.painter().rect_filled(rect, radius, t.surface);
    }
    let inner = rect.shrink2(vec2(12.0, 4.0));
    let mut inner = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    inner.spacing_mut().item_spacing.x = 12.0;
    contents(&mut inner);
    focus_ring(ui, &response, radius);
    response
}

/// One of several choices as a card: an icon, a title and a line.
pub(crate) fn choice_row_ui(ui: &mut Ui, icon: Icon, title: &str, line: &str, selected: bool) -> Response {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 58.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), selected, title));
    let radius = f32::from(theme::RADIUS_CONTROL);
    let (ground, stroke) = match (selected, response.hovered()) {
        (true, _) => (t.accent_surface, Stroke::new(2.0, t.accent_text)),
        (false, true) => (t.surface, Stroke::new(1.0, t.outline)),
        (false, false) => (t.panel, Stroke::new(1.0, t.line)),
    };
    ui.painter().rect(rect, radius, ground, stroke, StrokeKind::Inside);
    let ink = if selected { t.accent_text } else { t.text_weak };
    let mut inner = ui.new_child(
        UiBuilder::new().max_rect(rect.shrink2(vec2(14.0, 8.0))).layout(Layout::left_to_right(Align::Center)),
    );
    inner.spacing_mut().item_spacing.x = 12.0;
    icon_ui(&mut inner, icon, 22.0, ink);
    two_lines_ui(&mut inner, RichText::new(title).font(theme::semibold(theme::size::BODY)), |ui| {
        line_ui(ui, RichText::new(line).size(theme::size::SMALL).color(t.text_weak));
    });
    focus_ring(ui, &response, radius);
    response
}

/// A row of a form: its label at the left, the control at the right of it.
pub(crate) fn form_row_ui(ui: &mut Ui, label: &str, line: Option<&str>, control: impl FnOnce(&mut Ui)) {
    const LABEL_WIDTH: f32 = 190.0;
    const HEIGHT: f32 = 40.0;
    let t = theme::of(ui);
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(vec2(LABEL_WIDTH, HEIGHT), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL_WIDTH);
            ui.label(label);
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                ui.set_min_height(HEIGHT);
                control(ui);
            });
            if let Some(line) = line {
                ui.label(RichText::new(line).size(theme::size::SMALL).color(t.text_weak));
            }
        });
    });
}
