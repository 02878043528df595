//! Choosing sound devices: in the settings and in the bar of a call.

use egui::{ComboBox, RichText, Ui};

use crate::{
    engine::{
        Command, Settings,
        state::{Audio, DeviceChoice},
    },
    media::spec::DeviceSpec,
};

use super::super::{Cx, icons, theme, widgets};

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Speaking.
    Microphone,
    /// Hearing voices.
    Speaker,
    /// Hearing that somebody calls.
    Ringing,
}

impl Role {
    fn choices(self, audio: &Audio) -> &[DeviceChoice] {
        match self {
            Self::Microphone => &audio.microphones,
            Self::Speaker | Self::Ringing => &audio.speakers,
        }
    }

    fn chosen(self, settings: &Settings) -> &DeviceSpec {
        match self {
            Self::Microphone => &settings.microphone,
            Self::Speaker => &settings.speaker,
            Self::Ringing => &settings.ring_device,
        }
    }

    fn choose(self, settings: &mut Settings, spec: DeviceSpec) {
        match self {
            Self::Microphone => settings.microphone = spec,
            Self::Speaker => settings.speaker = spec,
            Self::Ringing => settings.ring_device = spec,
        }
    }

    /// The device in use, where the default stands for it.
    fn in_use(self, audio: &Audio) -> Option<&str> {
        match self {
            Self::Microphone => audio.microphone_in_use.as_deref(),
            Self::Speaker | Self::Ringing => audio.speaker_in_use.as_deref(),
        }
    }
}

/// Changes one setting and passes all of them on.
pub(crate) fn change(cx: &Cx<'_>, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::clone(&cx.state.settings);
    change(&mut settings);
    cx.send(Command::ChangeSettings(Box::new(settings)));
}

fn spec_words(cx: &Cx<'_>, role: Role, spec: &DeviceSpec) -> String {
    match spec {
        DeviceSpec::Default => {
            // Which device the default is, is known only while it is the one in use.
            let known =
                role.in_use(&cx.state.audio).filter(|_| *role.chosen(&cx.state.settings) == DeviceSpec::Default);
            match known {
                Some(device) if role != Role::Ringing => {
                    cx.tr_with("settings-default-device-named", &[("device", device)])
                }
                Some(_) | None => cx.tr("settings-default-device"),
            }
        }
        DeviceSpec::Named(id) => {
            let known = role.choices(&cx.state.audio).iter().find(|choice| choice.id == *id);
            known.map_or_else(|| id.clone(), |choice| choice.name.clone())
        }
        DeviceSpec::File(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            cx.tr_with("settings-device-file", &[("name", &name)])
        }
        DeviceSpec::Tone(hertz) => cx.tr_with("settings-device-tone", &[("hertz", &format!("{hertz:.0}"))]),
        DeviceSpec::Null | DeviceSpec::Off => cx.tr("settings-no-device"),
    }
}

/// All that can be chosen, the present choice included.
fn specs(cx: &Cx<'_>, role: Role) -> Vec<DeviceSpec> {
    let mut specs = vec![DeviceSpec::Default];
    specs.extend(role.choices(&cx.state.audio).iter().map(|choice| DeviceSpec::Named(choice.id.clone())));
    let chosen = role.chosen(&cx.state.settings);
    if !specs.contains(chosen) {
        specs.push(chosen.clone());
    }
    specs
}

/// A combo box.
pub(crate) fn combo_ui(ui: &mut Ui, cx: &Cx<'_>, role: Role, name: &str, width: f32) {
    let chosen = role.chosen(&cx.state.settings);
    let width = width.min(ui.available_width());
    ui.name_inputs(name, |ui| {
        ui.set_max_width(width);
        ComboBox::from_id_salt(name)
            .selected_text(spec_words(cx, role, chosen))
            .width(width)
            .truncate()
            .show_ui(ui, |ui| items_ui(ui, cx, role));
    });
}

/// The list itself, for a menu.
pub(crate) fn menu_ui(ui: &mut Ui, cx: &Cx<'_>, role: Role) {
    let t = theme::of(ui);
    let (icon, title) = match role {
        Role::Microphone => (icons::MICROPHONE, "settings-microphone"),
        Role::Speaker | Role::Ringing => (icons::SPEAKER_HIGH, "settings-speaker"),
    };
    ui.horizontal(|ui| {
        widgets::icon_ui(ui, icon, 18.0, t.text_weak);
        ui.label(RichText::new(cx.tr(title)).font(theme::semibold(theme::size::BODY)));
    });
    items_ui(ui, cx, role);
}

fn items_ui(ui: &mut Ui, cx: &Cx<'_>, role: Role) {
    item_style(ui);
    let chosen = role.chosen(&cx.state.settings);
    for spec in specs(cx, role) {
        let words = spec_words(cx, role, &spec);
        let item = egui::Button::selectable(spec == *chosen, words).truncate();
        let width = ui.available_width();
        if ui.add(item.min_size(egui::vec2(width, theme::TARGET))).clicked() && spec != *chosen {
            change(cx, |settings| role.choose(settings, spec));
        }
    }
}

fn item_style(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().button_padding = egui::vec2(10.0, 8.0);
}

/// A combo box for anything that has a list of values and a name for each.
pub(crate) fn choice_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    values: &[T],
    chosen: T,
    words: impl Fn(T) -> String,
) -> Option<T> {
    let mut picked = None;
    ui.name_inputs(name, |ui| {
        ComboBox::from_id_salt(name).selected_text(words(chosen)).width(220.0).show_ui(ui, |ui| {
            item_style(ui);
            for value in values {
                let item = egui::Button::selectable(*value == chosen, words(*value));
                let width = ui.available_width();
                if ui.add(item.min_size(egui::vec2(width, theme::TARGET))).clicked() && *value != chosen {
                    picked = Some(*value);
                }
            }
        });
    });
    picked
}

/// A slider in a row of a form.
pub(crate) fn volume_row_ui(ui: &mut Ui, label: &str, value: f32, most: f32) -> Option<f32> {
    let mut changed = value;
    let mut moved = false;
    widgets::form_row_ui(ui, label, None, |ui| moved = widgets::slider_ui(ui, label, &mut changed, most, 240.0));
    moved.then_some(changed)
}
