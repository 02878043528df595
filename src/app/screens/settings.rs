//! Settings. Every change takes effect at once.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::engine::{
    Command,
    settings::{Language, Ringtone, Settings, Theme, ToneRegion},
};

use super::super::{
    Cx, format, icons, sentences, theme,
    view::SettingsView,
    widgets::{self, ButtonKind},
};
use super::{
    devices::{self, Role, change, choice_ui, volume_row_ui},
    own_devices, own_status, page_ui,
};

const COMBO_WIDTH: f32 = 320.0;
/// How many may be heard at a time, to choose from.
const SPEAKERS: [usize; 9] = [1, 2, 4, 6, 8, 12, 16, 24, 32];
/// Room for the button behind a name.
const SAVE_WIDTH: f32 = 88.0;

pub(crate) fn settings_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut SettingsView) {
    page_ui(ui, |ui| {
        widgets::title_ui(ui, &cx.tr("settings-title"), |_| {});
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(680.0));
            ui.spacing_mut().item_spacing.y = 12.0;
            section_ui(ui, &cx.tr("settings-sound"), |ui| sound_ui(ui, cx));
            section_ui(ui, &cx.tr("settings-voice"), |ui| voice_ui(ui, cx));
            section_ui(ui, &cx.tr("settings-ringing"), |ui| ringing_ui(ui, cx));
            section_ui(ui, &cx.tr("presence-do-not-disturb"), |ui| own_status::schedule_ui(ui, cx));
            section_ui(ui, &cx.tr("settings-look"), |ui| look_ui(ui, cx));
            section_ui(ui, &cx.tr("settings-account"), |ui| account_ui(ui, cx, view));
            if !cx.state.devices.is_empty() {
                section_ui(ui, &cx.tr("devices-title"), |ui| own_devices::own_devices_ui(ui, cx, view));
            }
            section_ui(ui, &cx.tr("settings-server"), |ui| server_ui(ui, cx));
            ui.add_space(16.0);
        });
    });
    own_devices::question_ui(ui, cx, view);
    if view.asking_to_sign_out {
        let answer = widgets::confirm_ui(
            ui,
            &cx.tr("settings-sign-out-title"),
            &cx.tr("settings-sign-out-line"),
            &cx.tr("settings-sign-out-confirm"),
            &cx.tr("cancel"),
        );
        if let Some(yes) = answer {
            view.asking_to_sign_out = false;
            if yes {
                cx.send(Command::SignOut);
            }
        }
    }
}

fn section_ui(ui: &mut Ui, title: &str, contents: impl FnOnce(&mut Ui)) {
    widgets::card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.label(RichText::new(title).font(theme::semibold(17.0)));
        ui.add_space(2.0);
        contents(ui);
    });
}

fn sound_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let settings = &cx.state.settings;
    let label = cx.tr("settings-microphone");
    widgets::form_row_ui(ui, &label, None, |ui| devices::combo_ui(ui, cx, Role::Microphone, &label, COMBO_WIDTH));
    if let Some(gain) = volume_row_ui(ui, &cx.tr("settings-gain"), settings.microphone_gain, 2.0) {
        change(cx, |settings| settings.microphone_gain = gain);
    }
    if cx.state.calls.iter().any(|call| call.is_live()) {
        let t = theme::of(ui);
        ui.label(RichText::new(cx.tr("settings-in-call")).size(theme::size::SMALL).color(t.text_weak));
    } else {
        let label = cx.tr("settings-level");
        widgets::form_row_ui(ui, &label, Some(&cx.tr("settings-level-line")), |ui| {
            widgets::meter_ui(ui, &label, cx.state.audio.microphone_level_dbfs, COMBO_WIDTH);
        });
        let label = cx.tr("settings-hear");
        widgets::form_row_ui(ui, &label, Some(&cx.tr("settings-hear-line")), |ui| {
            let on = cx.state.audio.hearing_self;
            if widgets::switch_ui(ui, on, &label).clicked() {
                cx.send(Command::StartMicrophoneTest { hear: !on });
            }
        });
    }
    ui.add_space(4.0);
    let label = cx.tr("settings-speaker");
    widgets::form_row_ui(ui, &label, None, |ui| devices::combo_ui(ui, cx, Role::Speaker, &label, COMBO_WIDTH));
    if let Some(volume) = volume_row_ui(ui, &cx.tr("settings-volume"), settings.speaker_volume, 2.0) {
        change(cx, |settings| settings.speaker_volume = volume);
    }
    test_row_ui(ui, cx, "settings-test-speaker", Command::TestSpeaker);
}

/// What is done to voices. Music gets nothing of it, so that the other switches rest.
fn voice_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let switch = |ui: &mut Ui, label: &str, line: &str, field: fn(&mut Settings) -> &mut bool| {
        let label = cx.tr(label);
        let on = *field(&mut Settings::clone(&cx.state.settings));
        widgets::form_row_ui(ui, &label, Some(&cx.tr(line)), |ui| {
            if widgets::switch_ui(ui, on, &label).clicked() {
                change(cx, |settings| *field(settings) = !on);
            }
        });
    };
    ui.add_enabled_ui(!cx.state.settings.music_mode, |ui| {
        switch(ui, "settings-echo", "settings-echo-line", |settings| &mut settings.echo_cancelling);
        switch(ui, "settings-noise", "settings-noise-line", |settings| &mut settings.noise_suppression);
        switch(ui, "settings-gain-control", "settings-gain-control-line", |settings| &mut settings.gain_control);
        switch(ui, "settings-high-pass", "settings-high-pass-line", |settings| &mut settings.high_pass);
        switch(ui, "settings-levelling", "settings-levelling-line", |settings| &mut settings.levelling);
    });
    switch(ui, "settings-music", "settings-music-line", |settings| &mut settings.music_mode);
}

fn ringing_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let settings = &cx.state.settings;
    let label = cx.tr("settings-ring-device");
    widgets::form_row_ui(ui, &label, None, |ui| devices::combo_ui(ui, cx, Role::Ringing, &label, COMBO_WIDTH));
    if let Some(volume) = volume_row_ui(ui, &cx.tr("settings-ring-volume"), settings.ring_volume, 1.0) {
        change(cx, |settings| settings.ring_volume = volume);
    }
    let label = cx.tr("settings-ringtone");
    widgets::form_row_ui(ui, &label, None, |ui| {
        let words = |ringtone| sentences::ringtone(cx.text, ringtone);
        if let Some(ringtone) = choice_ui(ui, &label, &Ringtone::ALL, settings.ringtone, words) {
            change(cx, |settings| settings.ringtone = ringtone);
        }
    });
    test_row_ui(ui, cx, "settings-test-ringtone", Command::TestRingtone);
    let label = cx.tr("settings-waiting");
    widgets::form_row_ui(ui, &label, Some(&cx.tr("settings-waiting-line")), |ui| {
        let on = settings.call_waiting;
        if widgets::switch_ui(ui, on, &label).clicked() {
            change(cx, |settings| settings.call_waiting = !on);
        }
    });
    let label = cx.tr("settings-tones");
    widgets::form_row_ui(ui, &label, None, |ui| {
        let words = |region| sentences::tone_region(cx.text, region);
        if let Some(region) = choice_ui(ui, &label, &ToneRegion::ALL, settings.tones, words) {
            change(cx, |settings| settings.tones = region);
        }
    });
}

fn test_row_ui(ui: &mut Ui, cx: &Cx<'_>, id: &str, command: Command) {
    widgets::form_row_ui(ui, "", None, |ui| {
        if widgets::button_ui(ui, ButtonKind::Secondary, Some(icons::SPEAKER_HIGH), &cx.tr(id)).clicked() {
            cx.send(command);
        }
    });
}

fn look_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let settings = &cx.state.settings;
    let label = cx.tr("settings-language");
    widgets::form_row_ui(ui, &label, None, |ui| {
        let choices = [None, Some(Language::English), Some(Language::Korean)];
        let words = |language| sentences::language(cx.text, language);
        if let Some(language) = choice_ui(ui, &label, &choices, settings.language, words) {
            change(cx, |settings| settings.language = language);
        }
    });
    widgets::form_row_ui(ui, &cx.tr("settings-theme"), None, |ui| {
        let themes = [Theme::System, Theme::Light, Theme::Dark];
        let words = themes.map(|theme| sentences::theme(cx.text, theme));
        let chosen = themes.iter().position(|theme| *theme == settings.theme).unwrap_or(0);
        if let Some(pressed) = widgets::segmented_ui(ui, &words, chosen, false) {
            change(cx, |settings| settings.theme = themes[pressed]);
        }
    });
}

fn account_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut SettingsView) {
    let Some(me) = &cx.state.me else { return };
    let label = cx.tr("settings-display-name");
    if let Some(name) = name_row_ui(ui, cx, &label, &me.display_name, &mut view.display_name) {
        cx.send(Command::SetDisplayName(name));
    }
    widgets::form_row_ui(ui, &cx.tr("settings-user"), None, |ui| {
        ui.add(Label::new(RichText::new(me.user.as_str()).font(theme::semibold(theme::size::BODY))).selectable(true));
    });
    widgets::form_row_ui(ui, "", None, |ui| {
        let sign_out = cx.tr("settings-sign-out");
        if widgets::button_ui(ui, ButtonKind::Secondary, Some(icons::SIGN_OUT), &sign_out).clicked() {
            view.asking_to_sign_out = true;
        }
    });
}

/// A name that can be changed; `edited` is what has been typed so far. Returns the new name once it is to be saved.
pub(super) fn name_row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &str,
    known: &str,
    edited: &mut Option<String>,
) -> Option<String> {
    let mut saved = None;
    widgets::form_row_ui(ui, label, None, |ui| {
        let mut name = edited.clone().unwrap_or_else(|| known.to_owned());
        let width = (ui.available_width() - SAVE_WIDTH).min(220.0);
        let response = widgets::field_ui(ui, label, &mut name, width);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let usable = !name.trim().is_empty() && name.trim() != known;
        let pressed = ui
            .add_enabled_ui(usable, |ui| {
                widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("settings-save")).clicked()
            })
            .inner;
        if usable && (pressed || entered) {
            saved = Some(name.trim().to_owned());
            *edited = None;
        } else if response.changed() {
            *edited = Some(name);
        }
    });
    saved
}

fn server_ui(ui: &mut Ui, cx: &Cx<'_>) {
    if let Some(me) = &cx.state.me {
        value_row_ui(ui, cx, &cx.tr("settings-server-address"), &me.server, &me.server, None);
    }
    let Some(hosting) = &cx.state.hosting else { return };
    for address in &hosting.addresses {
        ui.push_id(address, |ui| value_row_ui(ui, cx, &cx.tr("settings-server-hosting"), address, address, None));
    }
    let label = cx.tr("settings-speakers");
    widgets::form_row_ui(ui, &label, Some(&cx.tr("settings-speakers-line")), |ui| {
        let words = |speakers: usize| speakers.to_string();
        if let Some(speakers) = choice_ui(ui, &label, &SPEAKERS, cx.state.settings.hosted_speakers, words) {
            change(cx, |settings| settings.hosted_speakers = speakers);
        }
    });
    let shown = format::fingerprint(&hosting.fingerprint);
    let line = cx.tr("settings-fingerprint-line");
    value_row_ui(ui, cx, &cx.tr("settings-fingerprint"), &shown, &hosting.fingerprint, Some(&line));
}

fn value_row_ui(ui: &mut Ui, cx: &Cx<'_>, label: &str, shown: &str, value: &str, line: Option<&str>) {
    widgets::form_row_ui(ui, label, line, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let width = (ui.available_width() - theme::TARGET - 8.0).min(COMBO_WIDTH);
        ui.allocate_ui_with_layout(
            egui::vec2(width, theme::TARGET),
            egui::Layout::left_to_right(egui::Align::Center).with_main_wrap(true),
            |ui| {
                ui.set_width(width);
                ui.add(Label::new(RichText::new(shown).font(theme::semibold(14.0))).selectable(true).wrap());
            },
        );
        let name = cx.tr_with("copy-what", &[("what", label)]);
        if widgets::small_icon_button_ui(ui, icons::COPY, &name).clicked() {
            ui.copy_text(value.to_owned());
        }
    });
}
