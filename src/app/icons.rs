//! Icons: a small part of Phosphor, as characters of two fonts (`assets/icons`).

use egui::{FontId, RichText};

use super::fonts;

/// One icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Icon {
    glyph: char,
    filled: bool,
}

impl Icon {
    const fn outlined(glyph: char) -> Self {
        Self { glyph, filled: false }
    }

    const fn filled(glyph: char) -> Self {
        Self { glyph, filled: true }
    }

    /// The character, to be drawn in [`Icon::font`].
    pub(crate) fn glyph(self) -> String {
        self.glyph.to_string()
    }

    /// Its font.
    pub(crate) fn font(self, size: f32) -> FontId {
        FontId::new(size, fonts::icon_family(self.filled))
    }

    /// As text of a label.
    pub(crate) fn text(self, size: f32) -> RichText {
        RichText::new(self.glyph).font(self.font(size))
    }
}

pub(crate) const PHONE_INCOMING: Icon = Icon::outlined('\u{e3be}');
pub(crate) const PHONE_OUTGOING: Icon = Icon::outlined('\u{e3c0}');
pub(crate) const PHONE_X: Icon = Icon::outlined('\u{e3c4}');
pub(crate) const PHONE_CALL: Icon = Icon::outlined('\u{e3ba}');
pub(crate) const PHONE_DISCONNECT: Icon = Icon::outlined('\u{e3bc}');
pub(crate) const MICROPHONE: Icon = Icon::outlined('\u{e326}');
pub(crate) const MICROPHONE_SLASH: Icon = Icon::outlined('\u{e328}');
pub(crate) const SPEAKER_HIGH: Icon = Icon::outlined('\u{e44a}');
pub(crate) const USERS: Icon = Icon::outlined('\u{e4d6}');
pub(crate) const GEAR_SIX: Icon = Icon::outlined('\u{e272}');
pub(crate) const CLOCK_COUNTER_CLOCKWISE: Icon = Icon::outlined('\u{e1a0}');
pub(crate) const MAGNIFYING_GLASS: Icon = Icon::outlined('\u{e30c}');
pub(crate) const X: Icon = Icon::outlined('\u{e4f6}');
pub(crate) const TRASH: Icon = Icon::outlined('\u{e4a6}');
pub(crate) const WARNING_CIRCLE: Icon = Icon::outlined('\u{e4e2}');
pub(crate) const SIGN_OUT: Icon = Icon::outlined('\u{e42a}');
pub(crate) const BELL: Icon = Icon::outlined('\u{e0ce}');
pub(crate) const BELL_SLASH: Icon = Icon::outlined('\u{e0d4}');
pub(crate) const HEADPHONES: Icon = Icon::outlined('\u{e2a6}');
pub(crate) const WIFI_SLASH: Icon = Icon::outlined('\u{e4f2}');
pub(crate) const HOUSE_LINE: Icon = Icon::outlined('\u{e2c4}');
pub(crate) const GLOBE_HEMISPHERE_WEST: Icon = Icon::outlined('\u{e28c}');
pub(crate) const COPY: Icon = Icon::outlined('\u{e1ca}');
pub(crate) const SHIELD_WARNING: Icon = Icon::outlined('\u{e412}');
pub(crate) const BROADCAST: Icon = Icon::outlined('\u{e0f2}');
pub(crate) const HOURGLASS_MEDIUM: Icon = Icon::outlined('\u{e2b8}');
pub(crate) const STAR: Icon = Icon::outlined('\u{e46a}');
pub(crate) const CARET_DOWN: Icon = Icon::outlined('\u{e136}');
pub(crate) const USERS_THREE: Icon = Icon::outlined('\u{e68e}');
pub(crate) const USER_PLUS: Icon = Icon::outlined('\u{e4d0}');
pub(crate) const PLUS: Icon = Icon::outlined('\u{e3d4}');
pub(crate) const SIGN_IN: Icon = Icon::outlined('\u{e428}');
pub(crate) const DOTS_THREE_VERTICAL: Icon = Icon::outlined('\u{e208}');
pub(crate) const PENCIL_SIMPLE: Icon = Icon::outlined('\u{e3b4}');
pub(crate) const CAMERA: Icon = Icon::outlined('\u{e10e}');
pub(crate) const LOCK_SIMPLE: Icon = Icon::outlined('\u{e308}');
pub(crate) const CHALKBOARD_TEACHER: Icon = Icon::outlined('\u{e600}');
pub(crate) const ARROW_LEFT: Icon = Icon::outlined('\u{e058}');
pub(crate) const CHECK: Icon = Icon::outlined('\u{e182}');
pub(crate) const CROWN: Icon = Icon::outlined('\u{e614}');
pub(crate) const SHIELD_STAR: Icon = Icon::outlined('\u{ec34}');
pub(crate) const USER_MINUS: Icon = Icon::outlined('\u{e4ce}');
pub(crate) const PHONE_PLUS: Icon = Icon::outlined('\u{ec56}');
pub(crate) const PAUSE: Icon = Icon::outlined('\u{e39e}');
pub(crate) const PLAY: Icon = Icon::outlined('\u{e3d0}');
pub(crate) const HAND_PALM: Icon = Icon::outlined('\u{e57e}');
pub(crate) const THUMBS_UP: Icon = Icon::outlined('\u{e48e}');
pub(crate) const HANDS_CLAPPING: Icon = Icon::outlined('\u{e6a0}');
pub(crate) const QUESTION: Icon = Icon::outlined('\u{e3e8}');
pub(crate) const SHUFFLE: Icon = Icon::outlined('\u{e422}');
pub(crate) const SKIP_FORWARD: Icon = Icon::outlined('\u{e5a6}');
pub(crate) const LIST_CHECKS: Icon = Icon::outlined('\u{eadc}');
pub(crate) const CHART_BAR_HORIZONTAL: Icon = Icon::outlined('\u{e152}');
pub(crate) const LOCK_SIMPLE_OPEN: Icon = Icon::outlined('\u{e30a}');
pub(crate) const FLOPPY_DISK: Icon = Icon::outlined('\u{e248}');
pub(crate) const PROHIBIT: Icon = Icon::outlined('\u{e3de}');
pub(crate) const STOP_CIRCLE: Icon = Icon::outlined('\u{e46e}');
pub(crate) const ARROW_U_UP_LEFT: Icon = Icon::outlined('\u{e08a}');
pub(crate) const CLIPBOARD_TEXT: Icon = Icon::outlined('\u{e198}');
pub(crate) const MINUS: Icon = Icon::outlined('\u{e32a}');
pub(crate) const CLOCK: Icon = Icon::outlined('\u{e19a}');
pub(crate) const DOOR_OPEN: Icon = Icon::outlined('\u{e7e6}');
pub(crate) const PHONE_FILL: Icon = Icon::filled('\u{e3b8}');
pub(crate) const PHONE_DISCONNECT_FILL: Icon = Icon::filled('\u{e3bc}');
pub(crate) const MICROPHONE_FILL: Icon = Icon::filled('\u{e326}');
pub(crate) const MICROPHONE_SLASH_FILL: Icon = Icon::filled('\u{e328}');
pub(crate) const MOON_FILL: Icon = Icon::filled('\u{e330}');
pub(crate) const STAR_FILL: Icon = Icon::filled('\u{e46a}');
pub(crate) const HAND_PALM_FILL: Icon = Icon::filled('\u{e57e}');
