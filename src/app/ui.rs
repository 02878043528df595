//! The frame of the window: which screen, the sidebar, banners, toasts and keys.

use egui::{Align, CentralPanel, Frame, Key, KeyboardShortcut, Layout, Margin, Modifiers, Panel, Ui};

use crate::engine::{
    Command,
    state::{Session, State},
};

use super::{
    AhoyApp, Cx, Tab, call_words, format,
    groups_view::Form,
    icons, logic,
    picture_desk::Place,
    pop_up, screens, sentences, theme, title,
    view::View,
    widgets::{self, Banner, ButtonKind, Tone},
};

const SIDEBAR_WIDTH: f32 = 232.0;
const STRIPE_WIDTH: f32 = 5.0;

const SHOW_PEOPLE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Num1);
const SHOW_GROUPS: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Num2);
const SHOW_CALLS: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Num3);
const SHOW_SETTINGS: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Num4);
const MUTE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::M);
const SEARCH: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::F);

impl AhoyApp {
    pub(super) fn root_ui(&mut self, ui: &mut Ui) {
        let cx = Cx::new(&self.state, &self.clock, self.backend.as_ref());
        title::name_window(ui, self.title.clone());
        keys(ui, &cx, &mut self.view);
        drops(ui, &cx, &self.view);
        stripe_ui(ui, cx.state);
        match &cx.state.session {
            Session::SignedOut { problem } => {
                screens::sign_in::sign_in_ui(ui, &cx, &mut self.view.sign_in, problem.as_ref())
            }
            Session::CertificateChanged { address, pinned, shown } => {
                screens::certificate::certificate_ui(ui, &cx, address, pinned, shown);
            }
            Session::Starting => screens::sign_in::progress_ui(ui, &cx, &self.view.sign_in, None),
            Session::Connecting(step) if !logic::is_signed_in(cx.state) => {
                screens::sign_in::progress_ui(ui, &cx, &self.view.sign_in, Some(*step));
            }
            Session::Connecting(_) | Session::Online | Session::Offline { .. } => home_ui(ui, &cx, &mut self.view),
        }
        // Nothing may lie over the buttons of a call.
        let talking = self.view.tab == Tab::CurrentCall && logic::is_signed_in(cx.state);
        widgets::toasts_ui(ui, &cx, if talking { screens::call::BAR_HEIGHT } else { 0.0 });
        self.pop_up(ui);
    }
}

/// Keys that work wherever the keyboard is.
fn keys(ui: &Ui, cx: &Cx<'_>, view: &mut View) {
    let pressed = |shortcut: &KeyboardShortcut| ui.input_mut(|input| input.consume_shortcut(shortcut));
    pop_up::incoming_keys(ui, cx);
    if !logic::is_signed_in(cx.state) {
        return;
    }
    for (shortcut, tab) in [
        (SHOW_PEOPLE, Tab::People),
        (SHOW_GROUPS, Tab::Groups),
        (SHOW_CALLS, Tab::Calls),
        (SHOW_SETTINGS, Tab::Settings),
    ] {
        if pressed(&shortcut) {
            view.tab = tab;
        }
    }
    if pressed(&MUTE) {
        cx.send(Command::SetMuted(!cx.state.audio.muted));
    }
    if pressed(&SEARCH) {
        match view.tab {
            Tab::Calls => {}
            Tab::Groups => view.groups.open = None,
            Tab::People | Tab::Settings | Tab::CurrentCall => view.tab = Tab::People,
        }
        view.focus_search = true;
    }
}

/// A file that was dropped on the window: a picture for the group that is shown, or made.
fn drops(ui: &Ui, cx: &Cx<'_>, view: &View) {
    let dropped = ui.input(|input| input.raw.dropped_files.last().cloned());
    let (Some(file), Tab::Groups) = (dropped, view.tab) else { return };
    let open = view.groups.open.as_ref().and_then(|id| cx.state.group(id)).filter(|group| group.may_manage());
    let place = match (&view.groups.form, open) {
        (Some(Form::New(_)), _) => Place::Form,
        (Some(Form::Edit(_)) | None, Some(group)) => Place::Group(group.id.clone()),
        _ => return,
    };
    view.groups.desk.take_file(ui, place, file.path());
}

/// A coloured edge that tells this profile's window from another one's.
fn stripe_ui(ui: &mut Ui, state: &State) {
    if is_default_profile(&state.profile) {
        return;
    }
    let colour = theme::pick(&theme::STRIPES, &state.profile);
    Panel::left("stripe")
        .exact_size(STRIPE_WIDTH)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(colour))
        .show(ui, |_| {});
}

pub(super) fn is_default_profile(profile: &str) -> bool {
    profile.is_empty() || profile == "default"
}

fn home_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    let t = theme::of(ui);
    Panel::left("sidebar")
        .exact_size(SIDEBAR_WIDTH)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(t.panel).inner_margin(Margin::same(12)))
        .show(ui, |ui| sidebar_ui(ui, cx, view));
    CentralPanel::no_frame().frame(Frame::new().fill(t.window)).show(ui, |ui| {
        banners_ui(ui, cx, view);
        match (view.tab, cx.state.current_call()) {
            (Tab::CurrentCall, Some(call)) => match &call.lesson {
                Some(lesson) if call.is_live() => screens::lesson::lesson_ui(ui, cx, call, lesson, &mut view.lesson),
                Some(_) => screens::lesson::over_ui(ui, cx, call),
                None if call.lesson_over.is_some() => screens::lesson::over_ui(ui, cx, call),
                None => screens::call::call_ui(ui, cx, call, &mut view.calling),
            },
            (Tab::People, _) | (Tab::CurrentCall, None) => screens::people::people_ui(ui, cx, view),
            (Tab::Groups, _) => screens::groups::groups_ui(ui, cx, view),
            (Tab::Calls, _) => screens::log::log_ui(ui, cx, view),
            (Tab::Settings, _) => screens::settings::settings_ui(ui, cx, &mut view.settings),
        }
        screens::calling::calling_ui(ui, cx, view);
    });
}

fn sidebar_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    ui.spacing_mut().item_spacing.y = 4.0;
    screens::own_status::me_ui(ui, cx);
    ui.add_space(12.0);
    nav_ui(ui, cx, view, Tab::People, icons::USERS, "nav-people");
    nav_ui(ui, cx, view, Tab::Groups, icons::USERS_THREE, "nav-groups");
    nav_ui(ui, cx, view, Tab::Calls, icons::CLOCK_COUNTER_CLOCKWISE, "nav-calls");
    nav_ui(ui, cx, view, Tab::Settings, icons::GEAR_SIX, "nav-settings");
    if let Some(call) = cx.state.current_call() {
        ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
            let name = &call_words::call_name(cx.text, cx.state, call);
            let t = theme::of(ui);
            let status = screens::call::phase_words(cx, call);
            let ink = if screens::call::is_troubled(call) { t.warning_text } else { t.accent_text };
            let label = cx.tr_with("nav-current-call", &[("name", name)]);
            if widgets::call_card_ui(ui, name, (&status, ink), &label, view.tab == Tab::CurrentCall).clicked() {
                if view.tab != Tab::CurrentCall {
                    view.tab_before_call = view.tab;
                }
                view.tab = Tab::CurrentCall;
            }
        });
    }
}

fn nav_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View, tab: Tab, icon: icons::Icon, id: &str) {
    // What waits there for somebody.
    let (count, counted) = match tab {
        Tab::Calls => (cx.state.missed_unseen, "nav-calls-missed"),
        Tab::Groups => (cx.state.groups.iter().map(|group| group.applications.len()).sum(), "nav-groups-applications"),
        Tab::People | Tab::Settings | Tab::CurrentCall => (0, id),
    };
    let label = cx.tr(id);
    let name = if count > 0 { cx.text.tr_count(counted, count as u64) } else { label.clone() };
    if widgets::nav_item_ui(ui, icon, &label, &name, view.tab == tab, count).clicked() {
        // Pressed once more, the way back from a group's page.
        if view.tab == tab {
            view.groups.open = None;
        }
        view.tab = tab;
    }
}

fn banners_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    if let Some(call) = cx.state.incoming_call() {
        screens::incoming::banner_ui(ui, cx, call);
    }
    if let Some(call) = cx.state.call_on_hold() {
        screens::incoming::on_hold_ui(ui, cx, call);
    }
    if let Session::Offline { problem, retry_in_s } = &cx.state.session {
        let problem = sentences::problem(cx.text, problem);
        let line = if *retry_in_s > 0 {
            cx.tr_with("offline-retry-in", &[("problem", &problem), ("seconds", &retry_in_s.to_string())])
        } else {
            cx.tr_with("offline-trying", &[("problem", &problem)])
        };
        let banner = Banner { tone: Tone::Warning, icon: icons::WIFI_SLASH, text: &line };
        widgets::banner_ui(ui, &banner, |ui| {
            if widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("offline-retry-now")).clicked() {
                cx.send(Command::RetryNow);
            }
        });
    }
    if let Some(problem) = cx.state.audio.problem {
        let line = sentences::audio_problem(cx.text, problem);
        let banner = Banner { tone: Tone::Warning, icon: icons::HEADPHONES, text: &line };
        widgets::banner_ui(ui, &banner, |ui| {
            if view.tab != Tab::Settings
                && widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("audio-choose")).clicked()
            {
                view.tab = Tab::Settings;
            }
        });
    }
}

/// Words of a running call's clock, for several screens.
pub(super) fn talk_timer(cx: &Cx<'_>, call: &crate::call::CallView) -> String {
    format::timer(cx.state.talk_seconds(call))
}
