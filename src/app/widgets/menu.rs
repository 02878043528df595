//! What opens at a button and holds a few things to do.

use egui::{Align, Align2, Layout, Popup, PopupCloseBehavior, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::super::{icons::Icon, theme};
use super::focus_ring;

/// A menu below a button. Choosing anything closes it.
pub(crate) fn menu_ui(button: &Response, contents: impl FnOnce(&mut Ui)) {
    Popup::menu(button)
        .gap(4.0)
        .layout(Layout::top_down_justified(Align::Min))
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .show(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            contents(ui);
        });
}

/// One thing to do; `danger` if it cannot be taken back.
pub(crate) fn menu_item_ui(ui: &mut Ui, icon: Icon, label: &str, danger: bool) -> Response {
    const WIDTH: f32 = 230.0;
    let t = theme::of(ui);
    let ink = if danger { t.danger_text } else { t.text };
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, theme::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    let painter = ui.painter();
    let radius = f32::from(theme::RADIUS_CONTROL);
    if response.hovered() {
        painter.rect_filled(rect, radius, t.surface_hover);
    }
    let middle = rect.center().y;
    painter.text(pos2(rect.left() + 20.0, middle), Align2::CENTER_CENTER, icon.glyph(), icon.font(18.0), ink);
    let font = theme::regular(theme::size::BODY);
    painter.text(pos2(rect.left() + 40.0, middle), Align2::LEFT_CENTER, label, font, ink);
    focus_ring(ui, &response, radius);
    if response.clicked() {
        // The menu itself only sees the pointer, neither the keyboard nor a screen reader.
        ui.close();
    }
    response
}
