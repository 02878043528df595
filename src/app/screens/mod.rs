//! One file per screen. A screen is a function of the state; what it wants, it sends as a command.

pub(crate) mod call;
pub(crate) mod call_bar;
pub(crate) mod calling;
pub(crate) mod certificate;
pub(crate) mod devices;
pub(crate) mod group;
mod group_call;
pub(crate) mod group_forms;
pub(crate) mod group_join;
pub(crate) mod groups;
pub(crate) mod incoming;
pub(crate) mod lesson;
pub(crate) mod link;
pub(crate) mod log;
pub(crate) mod own_devices;
pub(crate) mod own_status;
mod party;
pub(crate) mod people;
mod pick;
mod reports;
pub(crate) mod settings;
pub(crate) mod sign_in;

use egui::{Frame, Margin, Ui};

/// The margin around the contents of a screen.
fn page_ui<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    Frame::new().inner_margin(Margin { left: 28, right: 28, top: 20, bottom: 8 }).show(ui, contents).inner
}
