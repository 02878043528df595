//! Who, as a coloured disc with an initial or as a picture; and how somebody can be reached, as a lamp.

use egui::{Align2, ColorImage, Image, Sense, Stroke, TextureHandle, TextureOptions, Ui, Vec2, cache::FramePublisher};

use super::super::{icons, theme};
use crate::engine::picture::Picture;

/// Pictures in the graphics card's memory, for as long as they are drawn.
type Textures = FramePublisher<String, TextureHandle>;

/// A disc with the initial of a name. `ring` from 0 to 1 shows how loud somebody speaks.
pub(crate) fn avatar_ui(ui: &mut Ui, name: &str, diameter: f32, ring: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(diameter), Sense::hover());
    let (ground, ink) = theme::pick(&theme::AVATARS, name);
    let painter = ui.painter();
    let radius = diameter / 2.0;
    painter.circle_filled(rect.center(), radius, ground);
    painter.text(rect.center(), Align2::CENTER_CENTER, initial(name), theme::semibold(diameter * 0.42), ink);
    if ring > 0.0 {
        let t = theme::of(ui);
        let width = 2.0 + 5.0 * ring;
        painter.circle_stroke(rect.center(), radius + 4.0 + width / 2.0, Stroke::new(width, t.accent));
    }
}

/// A picture as a disc; without one, the disc with the initial.
pub(crate) fn picture_ui(ui: &mut Ui, picture: Option<&Picture>, name: &str, diameter: f32) {
    let Some(picture) = picture else { return avatar_ui(ui, name, diameter, 0.0) };
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(diameter), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    let url = picture.url().to_owned();
    let kept = ui.memory_mut(|memory| memory.caches.cache::<Textures>().get(&url).cloned());
    let texture = kept.unwrap_or_else(|| {
        let side = picture.side() as usize;
        let image = ColorImage::from_rgba_unmultiplied([side, side], picture.rgba());
        ui.load_texture(&url, image, TextureOptions::LINEAR)
    });
    Image::new(&texture).corner_radius(diameter / 2.0).paint_at(ui, rect);
    ui.memory_mut(|memory| memory.caches.cache::<Textures>().set(url, texture));
}

/// The first letter or digit, in capitals.
fn initial(name: &str) -> String {
    let first = name.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('?');
    first.to_uppercase().collect()
}

/// A lamp that differs in shape, not only in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lamp {
    /// A full disc: reachable.
    Full,
    /// A disc with a bar: reachable, but busy.
    Half,
    /// A crescent: reachable, but nothing rings there.
    Moon,
    /// A ring: not reachable.
    Empty,
}

/// Paints a lamp. The word beside it says the same.
pub(crate) fn lamp_ui(ui: &mut Ui, lamp: Lamp) {
    let t = theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
    let painter = ui.painter();
    match lamp {
        Lamp::Full => {
            painter.circle_filled(rect.center(), 5.0, t.accent_text);
        }
        Lamp::Half => {
            painter.circle_filled(rect.center(), 5.0, t.warning_text);
            let bar = egui::Rect::from_center_size(rect.center(), egui::vec2(6.0, 2.0));
            painter.rect_filled(bar, 0.0, t.panel);
        }
        Lamp::Moon => {
            let icon = icons::MOON_FILL;
            painter.text(rect.center(), Align2::CENTER_CENTER, icon.glyph(), icon.font(13.0), t.danger_text);
        }
        Lamp::Empty => {
            painter.circle_stroke(rect.center(), 4.0, Stroke::new(1.5, t.text_weak));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::initial;

    #[test]
    fn initials() {
        assert_eq!(initial("alice"), "A");
        assert_eq!(initial("김민준"), "김");
        assert_eq!(initial("  (bob)"), "B");
        assert_eq!(initial("👋"), "?");
        assert_eq!(initial(""), "?");
    }
}
