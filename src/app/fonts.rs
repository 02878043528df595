//! The fonts in the program: Pretendard for text (all of Hangul, Latin, kana), Phosphor for icons.
//!
//! What they lack (emoji, other scripts) comes from the fonts of the system, which eframe adds by itself.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily};

/// Name of the family of outlined icons.
const ICONS: &str = "icons";
/// Name of the family of filled icons.
const ICONS_FILL: &str = "icons-fill";
/// Name of the family of semibold text.
const SEMIBOLD: &str = "semibold";
/// Name of the family of regular text.
const REGULAR: &str = "regular";

/// Text with more weight.
pub(crate) fn semibold_family() -> FontFamily {
    FontFamily::Name(SEMIBOLD.into())
}

/// Icons, outlined or filled.
pub(crate) fn icon_family(filled: bool) -> FontFamily {
    FontFamily::Name(if filled { ICONS_FILL } else { ICONS }.into())
}

/// Gives egui our fonts, and only them.
pub(crate) fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    for (name, data) in [
        (REGULAR, include_bytes!("../../assets/fonts/Pretendard-Regular.otf").as_slice()),
        (SEMIBOLD, include_bytes!("../../assets/fonts/Pretendard-SemiBold.otf").as_slice()),
        (ICONS, include_bytes!("../../assets/icons/phosphor-regular.ttf").as_slice()),
        (ICONS_FILL, include_bytes!("../../assets/icons/phosphor-fill.ttf").as_slice()),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(data)));
    }
    for (family, names) in [
        (FontFamily::Proportional, vec![REGULAR]),
        (FontFamily::Monospace, vec![REGULAR]),
        (semibold_family(), vec![SEMIBOLD, REGULAR]),
        (icon_family(false), vec![ICONS, REGULAR]),
        (icon_family(true), vec![ICONS_FILL, REGULAR]),
    ] {
        fonts.families.insert(family, names.into_iter().map(str::to_owned).collect());
    }
    ctx.set_fonts(fonts);
}
