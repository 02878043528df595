//! Buttons: with words, and round with an icon.

use std::sync::Arc;

use egui::{Color32, Galley, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, WidgetText, vec2};

use super::super::{
    icons::Icon,
    theme::{self, Tokens},
};
use super::focus_ring;

/// How much a button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ButtonKind {
    /// The one thing to press.
    Primary,
    /// Everything else.
    Secondary,
    /// Hang up, decline, delete.
    Danger,
    /// A switch that is on, such as mute.
    On,
    /// Without a ground, until pointed at.
    Quiet,
}

struct Look {
    fill: Color32,
    ink: Color32,
}

impl ButtonKind {
    fn look(self, t: &Tokens, hovered: bool) -> Look {
        let pick = |plain, lit| if hovered { lit } else { plain };
        match self {
            Self::Primary => Look { fill: pick(t.accent, t.accent_hover), ink: t.on_accent },
            Self::Secondary => Look { fill: pick(t.surface, t.surface_hover), ink: t.text },
            Self::Danger => Look { fill: pick(t.danger, t.danger_hover), ink: t.on_danger },
            Self::On => Look { fill: pick(t.text, t.text_weak), ink: t.window },
            Self::Quiet => Look { fill: pick(theme::CLEAR, t.surface_hover), ink: t.text_weak },
        }
    }
}

/// A button with words, and perhaps an icon in front.
pub(crate) fn button_ui(ui: &mut Ui, kind: ButtonKind, icon: Option<Icon>, label: &str) -> Response {
    worded_ui(ui, kind, icon, label, 0.0, theme::TARGET)
}

/// The same over a given width, a little higher.
pub(crate) fn wide_button_ui(ui: &mut Ui, kind: ButtonKind, icon: Option<Icon>, label: &str, width: f32) -> Response {
    worded_ui(ui, kind, icon, label, width, 44.0)
}

/// Beside the words of a button, and the icon in front of them.
const PADDING: f32 = 16.0;
const ICON: f32 = 18.0;
const GAP: f32 = 8.0;

fn words_of(ui: &Ui, label: &str) -> Arc<Galley> {
    let font = theme::semibold(theme::size::BODY);
    WidgetText::from(label).into_galley(ui, Some(egui::TextWrapMode::Extend), f32::INFINITY, font)
}

fn icon_width(icon: Option<Icon>) -> f32 {
    if icon.is_some() { ICON + GAP } else { 0.0 }
}

/// How wide [`button_ui`] will be.
pub(crate) fn button_width(ui: &Ui, icon: Option<Icon>, label: &str) -> f32 {
    icon_width(icon) + words_of(ui, label).size().x + 2.0 * PADDING
}

fn worded_ui(ui: &mut Ui, kind: ButtonKind, icon: Option<Icon>, label: &str, width: f32, height: f32) -> Response {
    let words = words_of(ui, label);
    let icon_width = icon_width(icon);
    let content = icon_width + words.size().x;
    let size = vec2((content + 2.0 * PADDING).max(width), height);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let look = kind.look(theme::of(ui), response.hovered());
        let painter = ui.painter();
        painter.rect_filled(rect, f32::from(theme::RADIUS_CONTROL), look.fill);
        let mut x = rect.center().x - content / 2.0;
        if let Some(icon) = icon {
            let at = egui::pos2(x + ICON / 2.0, rect.center().y);
            painter.text(at, egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(ICON), look.ink);
            x += icon_width;
        }
        let at = egui::pos2(x, rect.center().y - words.size().y / 2.0);
        painter.galley_with_override_text_color(at, words, look.ink);
        focus_ring(ui, &response, f32::from(theme::RADIUS_CONTROL));
    }
    response
}

/// A large button for the one thing that somebody is asked for. Its words may take several lines.
pub(crate) fn big_button_ui(
    ui: &mut Ui,
    kind: ButtonKind,
    icon: Option<Icon>,
    label: &str,
    width: f32,
    least_height: f32,
) -> Response {
    const PADDING: f32 = 16.0;
    const ICON: f32 = 26.0;
    const GAP: f32 = 10.0;
    let icon_width = if icon.is_some() { ICON + GAP } else { 0.0 };
    let room = (width - 2.0 * PADDING - icon_width).max(1.0);
    let font = theme::semibold(if least_height > 48.0 { theme::size::HEADING } else { theme::size::BODY });
    let words = WidgetText::from(label).into_galley(ui, Some(egui::TextWrapMode::Wrap), room, font);
    let size = vec2(width, least_height.max(words.size().y + PADDING));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let look = kind.look(theme::of(ui), response.hovered());
        let painter = ui.painter();
        painter.rect_filled(rect, f32::from(theme::RADIUS_CARD), look.fill);
        let mut x = rect.center().x - (icon_width + words.size().x) / 2.0;
        if let Some(icon) = icon {
            let at = egui::pos2(x + ICON / 2.0, rect.center().y);
            painter.text(at, egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(ICON), look.ink);
            x += icon_width;
        }
        let at = egui::pos2(x, rect.center().y - words.size().y / 2.0);
        painter.galley_with_override_text_color(at, words, look.ink);
        focus_ring(ui, &response, f32::from(theme::RADIUS_CARD));
    }
    response
}

/// A round button; `name` is its tooltip and what a screen reader says.
pub(crate) fn round_button_ui(ui: &mut Ui, kind: ButtonKind, icon: Icon, diameter: f32, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(diameter), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if ui.is_rect_visible(rect) {
        let look = kind.look(theme::of(ui), response.hovered());
        let painter = ui.painter();
        painter.circle_filled(rect.center(), diameter / 2.0, look.fill);
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(diameter * 0.46), look.ink);
        focus_ring(ui, &response, diameter / 2.0);
    }
    response.on_hover_text(name).on_disabled_hover_text(name)
}

/// A small square button for rows and cards.
pub(crate) fn small_icon_button_ui(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(theme::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if ui.is_rect_visible(rect) {
        let t = theme::of(ui);
        let look = ButtonKind::Quiet.look(t, response.hovered());
        let painter = ui.painter();
        painter.rect(rect, f32::from(theme::RADIUS_CONTROL), look.fill, Stroke::NONE, StrokeKind::Inside);
        let ink = if response.hovered() { t.text } else { look.ink };
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(18.0), ink);
        focus_ring(ui, &response, f32::from(theme::RADIUS_CONTROL));
    }
    response.on_hover_text(name)
}
