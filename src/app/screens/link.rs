//! The link of a call: a lamp with a word, and behind it the figures.

use egui::{Align, Grid, Layout, RichText, ScrollArea, Sense, Ui, vec2};

use crate::{
    call::CallView,
    engine::state::{LinkQuality, Quality},
};

use super::super::{
    Cx, sentences, theme,
    widgets::{self, Lamp},
};
use super::call_bar;

/// Share of the window's height that the figures of all participants take at most.
const PARTICIPANTS_SHARE: f32 = 0.4;

/// The lamp. Pressed, it shows the figures.
pub(crate) fn link_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let Some(link) = cx.state.audio.link else { return };
    let t = theme::of(ui);
    let words = sentences::quality(cx.text, link.verdict);
    let (lamp, ink) = match link.verdict {
        Quality::Good => (Lamp::Full, t.text_weak),
        Quality::Weak | Quality::Bad => (Lamp::Half, t.warning_text),
        Quality::Down => (Lamp::Empty, t.danger_text),
    };
    let figures = cx.tr_with(
        "call-quality",
        &[
            ("quality", &words),
            ("rtt", &format!("{:.0}", link.rtt_ms)),
            ("loss", &percent(link.loss)),
            ("jitter", &format!("{:.0}", link.jitter_ms)),
        ],
    );
    let galley = ui.painter().layout_no_wrap(words, theme::regular(theme::size::SMALL), ink);
    let size = vec2(galley.size().x + 40.0, theme::TARGET);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &figures));
    let fill = if response.hovered() { t.surface_hover } else { t.panel };
    ui.painter().rect_filled(rect, theme::TARGET / 2.0, fill);
    let mut inner = ui.new_child(
        egui::UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 0.0))).layout(Layout::left_to_right(Align::Center)),
    );
    inner.spacing_mut().item_spacing.x = 6.0;
    widgets::lamp_ui(&mut inner, lamp);
    let at = egui::pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, ink);
    widgets::focus_ring(ui, &response, theme::TARGET / 2.0);
    let response = response.on_hover_text(cx.tr("link-show"));
    call_bar::menu(ui, &response).show(|ui| details_ui(ui, cx, call, &link));
}

fn details_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, link: &LinkQuality) {
    title_ui(ui, &cx.tr("link-title"));
    let both = |id: &str, up: &str, down: &str| cx.tr_with(id, &[("up", up), ("down", down)]);
    let ms = |value: f32| format!("{value:.0}");
    rows_ui(
        ui,
        "link",
        &[
            (cx.tr("link-transport"), sentences::transport(cx.text, link.transport)),
            (cx.tr("link-rtt"), cx.tr_with("link-ms", &[("ms", &format!("{:.1}", link.rtt_ms))])),
            (cx.tr("link-loss"), both("link-percent-both", &percent(link.loss_up), &percent(link.loss_down))),
            (cx.tr("link-jitter"), both("link-ms-both", &ms(link.jitter_up_ms), &ms(link.jitter_down_ms))),
        ],
    );
    let room = ui.ctx().content_rect().height() * PARTICIPANTS_SHARE;
    ScrollArea::vertical().max_height(room).show(ui, |ui| participants_ui(ui, cx, call));
    if let Some(processing) = cx.state.audio.processing {
        ui.add_space(8.0);
        title_ui(ui, &cx.tr("settings-voice"));
        rows_ui(ui, "voice", &[(cx.tr("settings-echo"), sentences::echo(cx.text, processing.echo))]);
    }
}

fn participants_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    for participant in call.participants.iter() {
        let heard = cx.state.audio.participants.iter().find(|heard| heard.source == participant.source_id);
        let Some(heard) = heard else { continue };
        let name = cx.state.name_of(&participant.user_id);
        ui.add_space(8.0);
        title_ui(ui, name);
        rows_ui(
            ui,
            heard.source,
            &[
                (cx.tr("link-delay"), cx.tr_with("link-ms", &[("ms", &heard.playout_delay_ms.to_string())])),
                (cx.tr("link-concealed"), cx.tr_with("link-percent", &[("percent", &percent(heard.concealed))])),
            ],
        );
    }
}

fn title_ui(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(theme::semibold(theme::size::BODY)));
}

fn rows_ui(ui: &mut Ui, salt: impl egui::AsIdSalt, rows: &[(String, String)]) {
    let t = theme::of(ui);
    // The columns of all grids of the menu stand below each other; there is nothing to press, so that rows may be low.
    let grid = Grid::new(("link-rows", salt)).num_columns(2).spacing(vec2(16.0, 4.0));
    grid.min_col_width(104.0).min_row_height(18.0).show(ui, |ui| {
        for (label, value) in rows {
            ui.label(RichText::new(label).size(theme::size::SMALL).color(t.text_weak));
            ui.label(RichText::new(value).size(theme::size::SMALL));
            ui.end_row();
        }
    });
}

fn percent(share: f32) -> String {
    format!("{:.1}", share * 100.0)
}
