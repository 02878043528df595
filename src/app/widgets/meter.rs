//! How loud.

use egui::{Role, Sense, Ui, WidgetInfo, vec2};

use super::super::theme;

/// Where a level stands between silence (-60 dBFS) and full scale.
pub(crate) fn level_fraction(dbfs: f32) -> f32 {
    ((dbfs + 60.0) / 60.0).clamp(0.0, 1.0)
}

/// A bar with the zone that speech should reach.
pub(crate) fn meter_ui(ui: &mut Ui, name: &str, dbfs: f32, width: f32) {
    /// Speech at a good distance, dBFS.
    const ZONE: (f32, f32) = (-32.0, -9.0);
    let t = theme::of(ui);
    let level = level_fraction(dbfs);
    let width = width.min(ui.available_width());
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::TARGET), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Meter, ui.is_enabled(), name);
        info.value = Some(f64::from((level * 100.0).round()));
        info
    });
    let bar = egui::Rect::from_center_size(rect.center(), vec2(width, 12.0));
    let painter = ui.painter();
    let at = |fraction: f32| bar.left() + bar.width() * fraction;
    painter.rect_filled(bar, 6.0, t.surface);
    let zone = egui::Rect::from_x_y_ranges(at(level_fraction(ZONE.0))..=at(level_fraction(ZONE.1)), bar.y_range());
    painter.rect_filled(zone, 0.0, t.accent_surface);
    for edge in [zone.left(), zone.right()] {
        painter.vline(edge, (bar.top() - 3.0)..=(bar.bottom() + 3.0), egui::Stroke::new(1.5, t.outline));
    }
    if level > 0.01 {
        let filled = bar.with_max_x(at(level).max(bar.left() + 12.0));
        painter.rect_filled(filled, 6.0, if dbfs > ZONE.1 { t.warning_text } else { t.accent });
    }
}

#[cfg(test)]
mod tests {
    use super::level_fraction;

    #[test]
    fn levels_are_between_nothing_and_all() {
        assert_eq!(level_fraction(-127.0), 0.0);
        assert_eq!(level_fraction(-30.0), 0.5);
        assert_eq!(level_fraction(0.0), 1.0);
        assert_eq!(level_fraction(6.0), 1.0);
    }
}
