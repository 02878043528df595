//! What the sidebar is made of.

use egui::{Align2, Color32, Response, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::super::{icons::Icon, theme};
use super::{avatar_ui, focus_ring, line_ui, two_lines_ui};

/// An entry of the sidebar. `name` is what a screen reader says, `count` goes into a badge.
pub(crate) fn nav_item_ui(ui: &mut Ui, icon: Icon, label: &str, name: &str, selected: bool, count: usize) -> Response {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), selected, name));
    let painter = ui.painter();
    let radius = f32::from(theme::RADIUS_CONTROL);
    let (ground, ink) = match (selected, response.hovered()) {
        (true, _) => (t.surface, t.text),
        (false, true) => (t.surface, t.text),
        (false, false) => (theme::CLEAR, t.text_weak),
    };
    painter.rect_filled(rect, radius, ground);
    let middle = rect.center().y;
    let icon_ink = if selected { t.accent_text } else { ink };
    painter.text(pos2(rect.left() + 24.0, middle), Align2::CENTER_CENTER, icon.glyph(), icon.font(20.0), icon_ink);
    let font = if selected { theme::semibold(theme::size::BODY) } else { theme::regular(theme::size::BODY) };
    painter.text(pos2(rect.left() + 46.0, middle), Align2::LEFT_CENTER, label, font, ink);
    if count > 0 {
        let words = if count > 99 { "99+".to_owned() } else { count.to_string() };
        let galley = painter.layout_no_wrap(words, theme::semibold(12.0), t.on_danger);
        let size = vec2((galley.size().x + 12.0).max(20.0), 20.0);
        let badge = egui::Rect::from_center_size(pos2(rect.right() - 12.0 - size.x / 2.0, middle), size);
        painter.rect_filled(badge, 10.0, t.danger);
        let corner = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), badge).min;
        painter.galley(corner, galley, t.on_danger);
    }
    focus_ring(ui, &response, radius);
    response
}

/// The present call, at the foot of the sidebar: a way back to its screen.
pub(crate) fn call_card_ui(
    ui: &mut Ui,
    name: &str,
    (status, ink): (&str, Color32),
    label: &str,
    selected: bool,
) -> Response {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 60.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), selected, format!("{label}, {status}")));
    let ground = if response.hovered() || selected { t.surface } else { t.accent_surface };
    let radius = f32::from(theme::RADIUS_CARD);
    ui.painter().rect_filled(rect, radius, ground);
    let mut inner = ui.new_child(
        UiBuilder::new()
            .max_rect(rect.shrink2(vec2(10.0, 8.0)))
            .layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    inner.spacing_mut().item_spacing.x = 10.0;
    avatar_ui(&mut inner, name, 36.0, 0.0);
    two_lines_ui(&mut inner, egui::RichText::new(name).font(theme::semibold(14.0)), |ui| {
        line_ui(ui, egui::RichText::new(status).size(theme::size::SMALL).color(ink));
    });
    focus_ring(ui, &response, radius);
    response
}
