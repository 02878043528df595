//! The devices of the signed-in user, in the settings: this one and its name, and the others, which can be signed out.

use egui::{RichText, Ui};

use crate::engine::{Command, state::Device};

use super::super::{
    Cx, icons, theme,
    view::SettingsView,
    widgets::{self, Lamp},
};
use super::settings::name_row_ui;

const ROW_HEIGHT: f32 = 56.0;

pub(crate) fn own_devices_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut SettingsView) {
    for device in cx.state.devices.iter() {
        ui.push_id(&device.id, |ui| {
            if device.own {
                let label = cx.tr("devices-this");
                if let Some(name) = name_row_ui(ui, cx, &label, &device.name, &mut view.device_name) {
                    cx.send(Command::RenameDevice { device: device.id.clone(), name });
                }
            } else {
                other_ui(ui, cx, device, view);
            }
        });
    }
    if cx.state.devices.iter().all(|device| device.own) {
        let t = theme::of(ui);
        ui.label(RichText::new(cx.tr("devices-no-other")).size(theme::size::SMALL).color(t.text_weak));
    }
}

fn other_ui(ui: &mut Ui, cx: &Cx<'_>, device: &Device, view: &mut SettingsView) {
    let t = theme::of(ui);
    widgets::row_ui(
        ui,
        ROW_HEIGHT,
        |ui| {
            let name = RichText::new(&device.name).font(theme::semibold(theme::size::BODY));
            widgets::two_lines_ui(ui, name, |ui| {
                let (lamp, words) = if device.online {
                    (Lamp::Full, cx.tr("presence-online"))
                } else {
                    let ago = cx.clock.ago_words(cx.text, device.last_seen_ms);
                    (Lamp::Empty, cx.tr_with("devices-last-seen", &[("ago", &ago)]))
                };
                widgets::lamp_ui(ui, lamp);
                widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(t.text_weak));
            });
        },
        |ui| {
            let name = cx.tr_with("devices-sign-out", &[("device", &device.name)]);
            if widgets::small_icon_button_ui(ui, icons::SIGN_OUT, &name).clicked() {
                view.asking_to_sign_out_device = Some(device.id.clone());
            }
        },
    );
}

/// Asks before a device is signed out. A device that is gone meanwhile takes the question with it.
pub(crate) fn question_ui(ui: &Ui, cx: &Cx<'_>, view: &mut SettingsView) {
    let Some(asked) = &view.asking_to_sign_out_device else { return };
    let Some(device) = cx.state.devices.iter().find(|device| device.id == *asked) else {
        view.asking_to_sign_out_device = None;
        return;
    };
    let answer = widgets::confirm_ui(
        ui,
        &cx.tr_with("devices-sign-out-title", &[("device", &device.name)]),
        &cx.tr("devices-sign-out-line"),
        &cx.tr("settings-sign-out-confirm"),
        &cx.tr("cancel"),
    );
    if let Some(yes) = answer {
        view.asking_to_sign_out_device = None;
        if yes {
            cx.send(Command::SignOutDevice(device.id.clone()));
        }
    }
}
