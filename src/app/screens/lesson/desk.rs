//! What a teacher sees: tools above, floors and hands at the left, the class at the right; in a small window one of the
//! two at a time.

use egui::{Layout, Ui, UiBuilder, vec2};

use super::super::super::{Cx, lesson_view::LessonView, theme, widgets};
use super::{queue, roster, scene::Scene, tools};

/// From here on, points, floors and class stand side by side.
const ROOM_FOR_BOTH: f32 = 620.0;
const GAP: f32 = 20.0;

pub(super) fn desk_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, view: &mut LessonView) {
    tools::tools_ui(ui, cx, scene, view);
    ui.add_space(6.0);
    let whole = ui.available_rect_before_wrap();
    if whole.width() < ROOM_FOR_BOTH {
        let hands = format!("{}  {}", cx.tr("lesson-desk-hands"), scene.lesson.hands.len());
        let class = format!("{}  {}", cx.tr("lesson-desk-class"), scene.here);
        if let Some(pressed) = widgets::segmented_ui(ui, &[hands, class], usize::from(view.shows_class), true) {
            view.shows_class = pressed == 1;
        }
        if view.shows_class {
            roster::roster_ui(ui, cx, scene, view);
        } else {
            queue::queue_ui(ui, cx, scene);
        }
        return;
    }
    let left_width = ((whole.width() - GAP) * 0.54).round();
    let left = whole.with_max_x(whole.left() + left_width);
    let right = whole.with_min_x(left.right() + GAP);
    let line = (left.right() + right.left()) / 2.0;
    ui.painter().vline(line, whole.y_range(), egui::Stroke::new(1.0, theme::of(ui).line));
    let layout = Layout::top_down(egui::Align::Min);
    let mut left = ui.new_child(UiBuilder::new().id_salt("queue").max_rect(left).layout(layout));
    queue::queue_ui(&mut left, cx, scene);
    let mut right = ui.new_child(UiBuilder::new().id_salt("roster").max_rect(right).layout(layout));
    roster::roster_ui(&mut right, cx, scene, view);
    ui.allocate_space(vec2(whole.width(), whole.height()));
}
