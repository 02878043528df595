//! A call of several: everybody as a tile. Who is in it comes first, and of those whoever speaks.

use egui::{Align2, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use crate::{
    call::{CallView, Other, Phase, Standing},
    engine::Command,
    protocol::{GroupId, SourceId, UserId},
};

use super::super::{
    Cx, call_words,
    calling_view::rank,
    icons, theme,
    widgets::{self, ButtonKind},
};
use super::{call, link};

const GAP: f32 = 12.0;
/// The size of a tile by how many there are: up to so many, so wide.
const SIZES: [(usize, f32); 3] = [(4, 208.0), (12, 168.0), (usize::MAX, 136.0)];
const TILE_RATIO: f32 = 0.86;
/// Up to so many tiles all are seen at once, and nobody changes places.
const ALL_SEEN: usize = 12;

/// The heading, and the tiles below it.
pub(super) fn party_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    ui.vertical_centered(|ui| {
        let t = theme::of(ui);
        ui.add_space(14.0);
        let name = call_words::call_name(cx.text, cx.state, call);
        widgets::line_ui(ui, RichText::new(name).font(theme::semibold(theme::size::TITLE)));
        let (words, ink) = call::status(cx, call, t);
        ui.label(RichText::new(words).size(theme::size::BODY).color(ink));
        link::link_ui(ui, cx, call);
        ui.add_space(4.0);
    });
    let tiles = order(cx, call);
    let width = SIZES.iter().find(|(count, _)| tiles.len() <= *count).map_or(136.0, |(_, width)| *width);
    let height = (width * TILE_RATIO).round();
    ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, viewport| {
        let whole = ui.max_rect();
        let room = whole.width() - 2.0 * GAP;
        // A number of columns fits between none and all: the cast cannot lose anything.
        let columns = (((room + GAP) / (width + GAP)).floor() as usize).clamp(1, tiles.len().max(1));
        let rows = tiles.len().div_ceil(columns);
        let total = rows as f32 * (height + GAP) + GAP;
        ui.set_height(total);
        let top = whole.top() + GAP + ((ui.clip_rect().height() - total) / 2.0).max(0.0);
        for (at, other) in tiles.iter().enumerate() {
            let (row, column) = (at / columns, at % columns);
            let y = row as f32 * (height + GAP);
            // Only what is visible is drawn.
            if y + height < viewport.top() || y > viewport.bottom() {
                continue;
            }
            let in_row = columns.min(tiles.len() - row * columns) as f32;
            let left = whole.center().x - (in_row * (width + GAP) - GAP) / 2.0;
            let min = pos2(left + column as f32 * (width + GAP), top + y);
            let rect = Rect::from_min_size(min, vec2(width, height));
            let mut ui = ui.new_child(UiBuilder::new().id_salt(&other.user).max_rect(rect));
            tile_ui(&mut ui, cx, call, other, rect);
        }
    });
}

/// Who is in the call, who may come, who is not there. Where not all are seen at once, speakers come first.
fn order<'a>(cx: &Cx<'_>, call: &'a CallView) -> Vec<&'a Other> {
    let mut tiles: Vec<&Other> = call.others.iter().collect();
    let many = tiles.len() > ALL_SEEN;
    let speaks = |user: &UserId| {
        let speaking = |source: &SourceId| {
            call.participants.iter().any(|other| other.source_id == *source && other.user_id == *user)
        };
        cx.state.speakers.iter().position(speaking).filter(|_| many).unwrap_or(usize::MAX)
    };
    tiles.sort_by_cached_key(|other| (rank(other.standing), speaks(&other.user)));
    tiles
}

fn tile_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, other: &Other, rect: Rect) {
    let t = theme::of(ui);
    let name = cx.state.name_of(&other.user);
    let words = call_words::standing(cx.text, other.standing);
    let there = rank(other.standing) == 0;
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {words}")));
    let ring = if other.standing == Standing::In { talk_ring(cx, call, &other.user) } else { 0.0 };
    let ground = if there { t.surface } else { t.panel };
    ui.painter().rect_filled(rect, f32::from(theme::RADIUS_CARD), ground);
    if !there {
        ui.set_opacity(0.72);
    }
    let diameter = (rect.height() * 0.4).round();
    let disc =
        Rect::from_center_size(pos2(rect.center().x, rect.top() + rect.height() * 0.33), vec2(diameter, diameter));
    let mut inner = ui.new_child(UiBuilder::new().max_rect(disc));
    widgets::avatar_ui(&mut inner, name, diameter, ring);
    let line = |text: &str, y: f32, size: f32, ink| {
        let font = if size > theme::size::SMALL { theme::semibold(size) } else { theme::regular(size) };
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - 16.0);
        let galley = ui.painter().layout_job(job);
        let at = Align2::CENTER_CENTER.align_size_within_rect(
            galley.size(),
            Rect::from_center_size(pos2(rect.center().x, y), vec2(rect.width() - 16.0, galley.size().y)),
        );
        ui.painter().galley(at.min, galley, ink);
    };
    line(name, rect.bottom() - 36.0, theme::size::BODY, t.text);
    let ink = match other.standing {
        Standing::In => t.text_weak,
        Standing::Coming | Standing::Ringing | Standing::OnHold => t.accent_text,
        Standing::Reconnecting => t.warning_text,
        _ => t.text_weak,
    };
    line(&words, rect.bottom() - 16.0, theme::size::SMALL, ink);
    let corner = Rect::from_min_size(pos2(rect.right() - 40.0, rect.top() + 4.0), vec2(36.0, 36.0));
    let mut corner = ui.new_child(UiBuilder::new().id_salt("corner").max_rect(corner));
    corner.set_opacity(1.0);
    corner_ui(&mut corner, cx, call, other, name);
}

/// What can be done about somebody: no longer ring them, or ring them again.
fn corner_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, other: &Other, name: &str) {
    let inside = matches!(call.phase, Phase::InCall | Phase::Ringing | Phase::Calling);
    let who = [("name", name)];
    if other.may_stop {
        if widgets::small_icon_button_ui(ui, icons::X, &cx.tr_with("party-stop", &who)).clicked() {
            let users = vec![other.user.clone()];
            cx.send(Command::StopRinging { call: call.call_id.clone(), users });
        }
    } else if inside && rank(other.standing) == 2 {
        let again = widgets::small_icon_button_ui(ui, icons::PHONE_PLUS, &cx.tr_with("party-again", &who));
        if again.clicked() {
            let users = vec![other.user.clone()];
            cx.send(Command::AddToCall { call: call.call_id.clone(), users });
        }
    }
}

/// A group's picture, or the initial of whatever the call is called.
pub(super) fn face_ui(ui: &mut Ui, cx: &Cx<'_>, group: Option<&GroupId>, name: &str, diameter: f32) {
    let picture = group.and_then(|group| cx.state.group(group)).and_then(|group| group.picture.as_ref());
    widgets::picture_ui(ui, picture, name, diameter);
}

/// How loud somebody is, as the ring shows it: nothing below the noise of a quiet room.
pub(super) fn talk_ring(cx: &Cx<'_>, call: &CallView, user: &UserId) -> f32 {
    const QUIET_DBFS: f32 = -50.0;
    let theirs =
        |source: SourceId| call.participants.iter().any(|other| other.source_id == source && other.user_id == *user);
    let heard = cx.state.audio.participants.iter().filter(|heard| theirs(heard.source));
    let loudest = heard.map(|heard| heard.level_dbfs).fold(f32::NEG_INFINITY, f32::max);
    if call.phase == Phase::InCall && loudest > QUIET_DBFS { widgets::level_fraction(loudest) } else { 0.0 }
}

/// The button of an ended call of several that calls again, or joins if it still goes on.
pub(super) fn again_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, kind: ButtonKind) {
    let on = call.group.as_ref().is_some_and(|group| cx.state.group_call(group).is_some());
    let word = cx.tr(if on { "group-call-join" } else { "call-again" });
    if !widgets::wide_button_ui(ui, kind, Some(icons::PHONE_FILL), &word, 220.0).clicked() {
        return;
    }
    let users: Vec<UserId> = call.others.iter().map(|other| other.user.clone()).collect();
    cx.send(match call.group.clone() {
        Some(group) if on => Command::JoinCall(group),
        Some(group) => {
            // Who is no longer a member cannot be called there.
            let member = |user: &UserId| {
                cx.state.group(&group).is_some_and(|group| group.members.iter().any(|member| member.user == *user))
            };
            Command::CallGroup { users: users.into_iter().filter(member).collect(), group }
        }
        None => Command::CallPeople(users),
    });
}
