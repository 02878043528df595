//! What can be typed, chosen or slid.

use egui::{
    Align, Align2, Frame, Layout, Margin, Response, RichText, Role, Sense, Slider, Stroke, StrokeKind, TextEdit, Ui,
    WidgetInfo, WidgetText, vec2,
};

use super::super::{icons, theme};
use super::focus_ring;

fn field_frame(ui: &Ui, focused: bool) -> Frame {
    let t = theme::of(ui);
    let stroke = if focused { Stroke::new(2.0, t.focus) } else { Stroke::new(1.0, t.outline) };
    Frame::new()
        .fill(t.panel)
        .stroke(stroke)
        .corner_radius(theme::RADIUS_CONTROL)
        .inner_margin(Margin::symmetric(12, 9))
}

fn edit_ui(ui: &mut Ui, id: egui::Id, text: &mut String, hint: &str, password: bool, width: f32) -> Response {
    let focused = ui.memory(|memory| memory.has_focus(id));
    let hint = RichText::new(hint).color(theme::of(ui).text_weak);
    let frame = field_frame(ui, focused);
    ui.add(
        TextEdit::singleline(text)
            .id(id)
            .hint_text(hint)
            .password(password)
            .frame(frame)
            .desired_width(width)
            .align(Align2::LEFT_CENTER),
    )
}

/// A field with its label above.
pub(crate) fn labelled_field_ui(ui: &mut Ui, label: &str, hint: &str, text: &mut String, password: bool) -> Response {
    ui.spacing_mut().item_spacing.y = 4.0;
    let words = ui.label(RichText::new(label).size(theme::size::SMALL).color(theme::of(ui).text_weak));
    let id = ui.make_persistent_id(label);
    edit_ui(ui, id, text, hint, password, f32::INFINITY).labelled_by(words.id)
}

/// A field of several lines with its label above.
pub(crate) fn labelled_area_ui(ui: &mut Ui, label: &str, text: &mut String, rows: usize) -> Response {
    ui.spacing_mut().item_spacing.y = 4.0;
    let words = ui.label(RichText::new(label).size(theme::size::SMALL).color(theme::of(ui).text_weak));
    let id = ui.make_persistent_id(label);
    let frame = field_frame(ui, ui.memory(|memory| memory.has_focus(id)));
    let edit = TextEdit::multiline(text).id(id).frame(frame).desired_width(f32::INFINITY).desired_rows(rows);
    ui.add(edit).labelled_by(words.id)
}

/// A box to tick over the whole width, with whatever belongs to it behind it. `name` is what a screen reader says.
pub(crate) fn check_box_ui(ui: &mut Ui, ticked: bool, name: &str, contents: impl FnOnce(&mut Ui)) -> Response {
    const HEIGHT: f32 = 44.0;
    const BOX: f32 = 20.0;
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), ticked, name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let radius = f32::from(theme::RADIUS_CONTROL);
    if response.hovered() {
        ui.painter().rect_filled(rect, radius, t.surface);
    }
    let inner = rect.shrink2(vec2(8.0, 2.0));
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    inner.spacing_mut().item_spacing.x = 10.0;
    let (square, _) = inner.allocate_exact_size(vec2(BOX, BOX), Sense::hover());
    let painter = inner.painter();
    if ticked {
        painter.rect_filled(square, 6.0, t.accent);
        let icon = icons::CHECK;
        painter.text(square.center(), Align2::CENTER_CENTER, icon.glyph(), icon.font(16.0), t.on_accent);
    } else {
        painter.rect(square, 6.0, t.panel, Stroke::new(1.5, t.outline), StrokeKind::Inside);
    }
    contents(&mut inner);
    focus_ring(ui, &response, radius);
    response
}

/// A field whose label stands elsewhere; `name` is what a screen reader says.
pub(crate) fn field_ui(ui: &mut Ui, name: &str, text: &mut String, width: f32) -> Response {
    let id = ui.make_persistent_id(name);
    edit_ui(ui, id, text, "", false, width).accessible_name(name)
}

/// A search field.
pub(crate) struct SearchField<'a> {
    pub(crate) text: &'a mut String,
    pub(crate) hint: &'a str,
    /// Set: take the keyboard now.
    pub(crate) focus: &'a mut bool,
}

impl SearchField<'_> {
    pub(crate) fn ui(self, ui: &mut Ui, width: f32) -> Response {
        let t = theme::of(ui);
        let id = ui.make_persistent_id("search");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let response = ui.add(
            TextEdit::singleline(self.text)
                .id(id)
                .prefix(icons::MAGNIFYING_GLASS.text(16.0).color(t.text_weak))
                .hint_text(RichText::new(self.hint).color(t.text_weak))
                .frame(field_frame(ui, focused))
                .desired_width(width)
                .align(Align2::LEFT_CENTER),
        );
        let response = response.accessible_name(self.hint);
        if std::mem::take(self.focus) {
            response.request_focus();
        }
        if response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Escape)) {
            self.text.clear();
        }
        response
    }
}

/// A few choices side by side, of which one holds. Returns the one that was pressed.
pub(crate) fn segmented_ui(ui: &mut Ui, choices: &[String], selected: usize, fill_width: bool) -> Option<usize> {
    const PADDING: f32 = 14.0;
    const INSET: f32 = 3.0;
    let t = theme::of(ui);
    let words: Vec<_> = choices
        .iter()
        .map(|choice| {
            let font = theme::semibold(14.0);
            WidgetText::from(choice.as_str()).into_galley(ui, Some(egui::TextWrapMode::Extend), f32::INFINITY, font)
        })
        .collect();
    let natural: f32 = words.iter().map(|galley| galley.size().x + 2.0 * PADDING).sum::<f32>() + 2.0 * INSET;
    let width = if fill_width { ui.available_width() } else { natural };
    let (rect, _) = ui.allocate_exact_size(vec2(width, 40.0), Sense::hover());
    ui.painter().rect_filled(rect, f32::from(theme::RADIUS_CONTROL), t.surface);
    let spare = (width - natural) / choices.len().max(1) as f32;
    let mut x = rect.left() + INSET;
    let mut pressed = None;
    for (at, (choice, galley)) in choices.iter().zip(words).enumerate() {
        let size = vec2(galley.size().x + 2.0 * PADDING + spare, rect.height() - 2.0 * INSET);
        let part = egui::Rect::from_min_size(egui::pos2(x, rect.top() + INSET), size);
        x += size.x;
        let pressable = part.expand2(vec2(0.0, INSET));
        let response = ui.interact(pressable, ui.make_persistent_id(("segment", choice)), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), at == selected, choice));
        let radius = f32::from(theme::RADIUS_CONTROL) - INSET;
        let ink = if at == selected {
            ui.painter().rect(part, radius, t.panel, Stroke::new(1.0, t.line), StrokeKind::Inside);
            t.text
        } else if response.hovered() {
            ui.painter().rect_filled(part, radius, t.surface_hover);
            t.text
        } else {
            t.text_weak
        };
        let corner = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), part).min;
        ui.painter().galley_with_override_text_color(corner, galley, ink);
        focus_ring(ui, &response, radius);
        if response.clicked() && at != selected {
            pressed = Some(at);
        }
    }
    pressed
}

/// Several things side by side, each of which can be on: `(short, name, on)`. Returns the one that was pressed.
pub(crate) fn toggles_ui(ui: &mut Ui, toggles: &[(String, String, bool)]) -> Option<usize> {
    const GAP: f32 = 4.0;
    let t = theme::of(ui);
    let mut pressed = None;
    ui.spacing_mut().item_spacing.x = GAP;
    // They stay in one line, also in the narrowest window.
    let width = (ui.available_width() + GAP) / toggles.len().max(1) as f32 - GAP;
    let size = vec2(width.min(44.0), theme::TARGET);
    for (at, (short, name, on)) in toggles.iter().enumerate() {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), *on, name));
        let radius = f32::from(theme::RADIUS_CONTROL);
        let (ground, stroke, ink) = match (*on, response.hovered()) {
            (true, _) => (t.accent_surface, Stroke::new(2.0, t.accent_text), t.text),
            (false, true) => (t.surface_hover, Stroke::new(1.0, t.outline), t.text),
            (false, false) => (t.surface, Stroke::NONE, t.text_weak),
        };
        ui.painter().rect(rect, radius, ground, stroke, StrokeKind::Inside);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, short, theme::semibold(theme::size::SMALL), ink);
        focus_ring(ui, &response, radius);
        if response.on_hover_text(name).clicked() {
            pressed = Some(at);
        }
    }
    pressed
}

/// A loudness from 0 to `most`, with its value in percent.
pub(crate) fn slider_ui(ui: &mut Ui, name: &str, value: &mut f32, most: f32, width: f32) -> bool {
    const PERCENT_WIDTH: f32 = 56.0;
    let t = theme::of(ui);
    let mut changed = false;
    let width = width.min(ui.available_width() - PERCENT_WIDTH);
    ui.allocate_ui_with_layout(
        vec2(width + PERCENT_WIDTH, theme::TARGET),
        Layout::left_to_right(Align::Center),
        |ui| {
            let spacing = ui.spacing_mut();
            spacing.interact_size.y = 24.0;
            spacing.slider_width = width;
            let visuals = ui.visuals_mut();
            visuals.selection.bg_fill = t.accent;
            for widget in [&mut visuals.widgets.inactive, &mut visuals.widgets.hovered, &mut visuals.widgets.active] {
                widget.bg_fill = t.surface_hover;
                widget.fg_stroke = Stroke::new(2.0, t.accent_text);
            }
            // The engine keeps hundredths: steps of five percent are fine enough for an ear.
            let slider = Slider::new(value, 0.0..=most).step_by(0.05).show_value(false);
            changed = ui.name_inputs(name, |ui| ui.add(slider)).changed();
            let percent = format!("{:.0} %", *value * 100.0);
            ui.label(RichText::new(percent).size(theme::size::SMALL).color(t.text_weak));
        },
    );
    changed
}

/// On or off.
pub(crate) fn switch_ui(ui: &mut Ui, on: bool, name: &str) -> Response {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(48.0, theme::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Switch, ui.is_enabled(), on, name));
    let track = egui::Rect::from_center_size(rect.center(), vec2(44.0, 26.0));
    let painter = ui.painter();
    if on {
        painter.rect_filled(track, 13.0, t.accent);
        painter.circle_filled(track.right_center() - vec2(13.0, 0.0), 10.0, t.on_accent);
    } else {
        painter.rect(track, 13.0, t.surface, Stroke::new(1.5, t.outline), StrokeKind::Inside);
        painter.circle_filled(track.left_center() + vec2(13.0, 0.0), 8.0, t.text_weak);
    }
    focus_ring(ui, &response, 13.0);
    response
}
