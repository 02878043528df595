//! The first screen: who you are, and at which server.

use egui::{Align, CentralPanel, Frame, Layout, Margin, RichText, ScrollArea, Ui, vec2};

use crate::{
    engine::{
        Command,
        command::SignInForm,
        state::{ConnectStep, Problem},
    },
    protocol::UserId,
};

use super::super::{
    Cx, icons, sentences, theme,
    view::{Place, SignInView},
    widgets::{self, ButtonKind},
};

const WIDTH: f32 = 760.0;

/// The form.
pub(crate) fn sign_in_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut SignInView, problem: Option<&Problem>) {
    central_ui(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let width = WIDTH.min(ui.available_width());
            let margin = (ui.available_width() - width) / 2.0;
            // A short form stands in the middle, a long one keeps the whole height.
            let above = ((ui.available_height() - 580.0) / 2.0).clamp(0.0, 80.0);
            ui.horizontal_top(|ui| {
                ui.add_space(margin);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.add_space(above);
                    brand_ui(ui, cx);
                    ui.add_space(16.0);
                    form_ui(ui, cx, form, problem);
                    ui.add_space(16.0);
                });
            });
        });
    });
}

/// What is shown while the sign-in is under way.
pub(crate) fn progress_ui(ui: &mut Ui, cx: &Cx<'_>, form: &SignInView, step: Option<ConnectStep>) {
    central_ui(ui, |ui| {
        let name = form.name.trim();
        let title = if name.is_empty() { cx.tr("app-name") } else { cx.tr_with("sign-in-as", &[("name", name)]) };
        let line = step.map_or_else(|| cx.tr("step-starting"), |step| sentences::connect_step(cx.text, step));
        widgets::empty_ui(ui, icons::HOURGLASS_MEDIUM, &title, &line, |ui| {
            if step.is_some() && widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("cancel")).clicked() {
                cx.send(Command::CancelConnect);
            }
        });
    });
}

fn central_ui(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let frame = Frame::new().fill(theme::of(ui).window).inner_margin(Margin::symmetric(24, 16));
    CentralPanel::no_frame().frame(frame).show(ui, contents);
}

fn brand_ui(ui: &mut Ui, cx: &Cx<'_>) {
    const LOGO: f32 = 56.0;
    let t = theme::of(ui);
    let name = ui.painter().layout_no_wrap(cx.tr("app-name"), theme::semibold(28.0), t.text);
    let tagline = ui.painter().layout_no_wrap(cx.tr("sign-in-tagline"), theme::regular(theme::size::BODY), t.text_weak);
    let width = LOGO + 16.0 + name.size().x.max(tagline.size().x);
    let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), LOGO), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Heading, true, cx.tr("app-name")));
    let rect = egui::Rect::from_center_size(whole.center(), vec2(width, LOGO));
    let logo = rect.with_max_x(rect.left() + LOGO);
    let painter = ui.painter();
    painter.rect_filled(logo, 15.0, t.accent);
    let icon = icons::PHONE_CALL;
    painter.text(logo.center(), egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(32.0), t.on_accent);
    let x = logo.right() + 16.0;
    painter.galley(egui::pos2(x, rect.top() - 1.0), name, t.text);
    painter.galley(egui::pos2(x, rect.bottom() - tagline.size().y), tagline, t.text_weak);
}

fn form_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut SignInView, problem: Option<&Problem>) {
    widgets::card_ui(ui, |ui| {
        let mut entered = false;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 28.0;
            ui.columns_const(|[who, place]| {
                for column in [&mut *who, &mut *place] {
                    column.spacing_mut().item_spacing.x = theme::GRID;
                }
                entered |= who_ui(who, cx, form);
                entered |= place_ui(place, cx, form);
            });
        });
        ui.add_space(12.0);
        if let Some(problem) = problem {
            problem_ui(ui, cx, problem);
            ui.add_space(4.0);
        }
        let submit = cx.tr(if form.new_account { "sign-in-submit-new" } else { "sign-in-submit-existing" });
        let width = ui.available_width();
        let complete = form.is_complete();
        let pressed = ui
            .add_enabled_ui(complete, |ui| {
                widgets::wide_button_ui(ui, ButtonKind::Primary, None, &submit, width).clicked()
            })
            .inner;
        if complete && (pressed || entered) {
            submit_form(cx, form);
        }
    });
}

fn submit_form(cx: &Cx<'_>, form: &mut SignInView) {
    let filled = SignInForm {
        new_account: form.new_account,
        user: form.user(),
        display_name: form.name.trim().to_owned(),
        password: form.password.clone(),
    };
    cx.send(match &form.place {
        Place::Host => Command::Host(filled),
        Place::Found(address) => Command::Join { address: address.clone(), form: filled },
        Place::Address => Command::Join { address: form.address.trim().to_owned(), form: filled },
    });
}

/// The fields about the person. Returns whether Enter was pressed in one.
fn who_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut SignInView) -> bool {
    let mut entered = false;
    let choices = [cx.tr("sign-in-new"), cx.tr("sign-in-existing")];
    if let Some(pressed) = widgets::segmented_ui(ui, &choices, usize::from(!form.new_account), true) {
        form.new_account = pressed == 0;
    }
    ui.add_space(4.0);
    if form.new_account {
        let (label, hint) = (cx.tr("sign-in-name"), cx.tr("sign-in-name-hint"));
        let field = widgets::labelled_field_ui(ui, &label, &hint, &mut form.name, false);
        if !std::mem::replace(&mut form.greeted, true) {
            field.request_focus();
        }
        entered |= enter_in(ui, &field);
        ui.add_space(6.0);
    }
    let mut user = form.user();
    let field = widgets::labelled_field_ui(ui, &cx.tr("sign-in-user"), &cx.tr("sign-in-user-hint"), &mut user, false);
    entered |= enter_in(ui, &field);
    if field.changed() {
        // Emptied, it follows the name again.
        form.user_touched = !user.is_empty();
        form.user = user;
    }
    let user = form.user();
    if !user.is_empty() && UserId::new(&user).is_err() {
        let t = theme::of(ui);
        ui.label(RichText::new(cx.tr("sign-in-user-invalid")).size(theme::size::SMALL).color(t.danger_text));
    }
    ui.add_space(6.0);
    let (label, hint) = if form.new_account {
        (cx.tr("sign-in-password-optional"), cx.tr("sign-in-password-hint"))
    } else {
        (cx.tr("sign-in-password"), String::new())
    };
    let field = widgets::labelled_field_ui(ui, &label, &hint, &mut form.password, true);
    entered | enter_in(ui, &field)
}

/// A field gives the keyboard up when Enter is pressed in it.
fn enter_in(ui: &Ui, field: &egui::Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

/// The choice of a server. Returns whether Enter was pressed in its field.
fn place_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut SignInView) -> bool {
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 40.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_height(40.0);
        ui.label(RichText::new(cx.tr("sign-in-where")).font(theme::semibold(theme::size::BODY)));
    });
    let mut choose = |ui: &mut Ui, icon, title: &str, line: &str, place: Place| {
        if widgets::choice_row_ui(ui, icon, title, line, form.place == place).clicked() {
            form.place = place;
        }
    };
    choose(ui, icons::HOUSE_LINE, &cx.tr("sign-in-host"), &cx.tr("sign-in-host-line"), Place::Host);
    for server in cx.state.found_servers.iter() {
        let line = cx.tr_with("sign-in-found-line", &[("address", &server.address)]);
        choose(ui, icons::BROADCAST, &server.name, &line, Place::Found(server.address.clone()));
    }
    let address_line = cx.tr("sign-in-address-line");
    choose(ui, icons::GLOBE_HEMISPHERE_WEST, &cx.tr("sign-in-address"), &address_line, Place::Address);
    let t = theme::of(ui);
    if form.place == Place::Address {
        let (label, hint) = (cx.tr("sign-in-address-field"), cx.tr("sign-in-address-hint"));
        let field = widgets::labelled_field_ui(ui, &label, &hint, &mut form.address, false);
        return enter_in(ui, &field);
    }
    if cx.state.found_servers.is_empty() {
        ui.label(RichText::new(cx.tr("sign-in-looking")).size(theme::size::SMALL).color(t.text_weak));
    }
    false
}

fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem) {
    let t = theme::of(ui);
    Frame::new()
        .fill(t.danger_surface)
        .corner_radius(theme::RADIUS_CONTROL)
        .inner_margin(Margin::symmetric(14, 10))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_width(ui.available_width());
                widgets::icon_ui(ui, icons::WARNING_CIRCLE, 20.0, t.danger_text);
                let words = match &cx.state.signed_out_by {
                    Some(device) => cx.tr_with("sign-in-signed-out-by", &[("device", device)]),
                    None => sentences::problem(cx.text, problem),
                };
                let response = ui.label(words);
                ui.ctx().accesskit_node_builder(response.id, |node| node.set_live(egui::accesskit::Live::Assertive));
            });
        });
}
