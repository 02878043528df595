//! Design tokens: every colour, radius and text size of the window, for dark and for light.
//!
//! Colours are named by what they are for. No other file of the window may name a colour.

use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Ui, Vec2, style::HandleShape,
};

use super::fonts;

/// Distances are multiples of this, in points.
pub(crate) const GRID: f32 = 8.0;
/// Corner radius of cards and popups.
pub(crate) const RADIUS_CARD: u8 = 14;
/// Corner radius of buttons and fields.
pub(crate) const RADIUS_CONTROL: u8 = 10;
/// Smallest height of anything that can be pressed.
pub(crate) const TARGET: f32 = 36.0;

/// Sizes of text, in points.
pub(crate) mod size {
    pub(crate) const TITLE: f32 = 24.0;
    pub(crate) const HEADING: f32 = 18.0;
    pub(crate) const BODY: f32 = 15.0;
    pub(crate) const SMALL: f32 = 13.0;
}

/// The colours of one theme.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Behind everything.
    pub(crate) window: Color32,
    /// The sidebar and the bar of a call.
    pub(crate) panel: Color32,
    /// Cards, fields and quiet buttons.
    pub(crate) surface: Color32,
    /// The same under the pointer, and selected rows.
    pub(crate) surface_hover: Color32,
    /// Lines between things.
    pub(crate) line: Color32,
    /// Outlines of fields and switches: 3:1 against what is behind.
    pub(crate) outline: Color32,
    /// Text.
    pub(crate) text: Color32,
    /// Text of less weight.
    pub(crate) text_weak: Color32,
    /// Filled accent: the one thing to press.
    pub(crate) accent: Color32,
    /// The same under the pointer.
    pub(crate) accent_hover: Color32,
    /// Text on `accent`.
    pub(crate) on_accent: Color32,
    /// Text, icons and rings in the accent.
    pub(crate) accent_text: Color32,
    /// Filled danger: hang up, decline, delete.
    pub(crate) danger: Color32,
    /// The same under the pointer.
    pub(crate) danger_hover: Color32,
    /// Text on `danger`.
    pub(crate) on_danger: Color32,
    /// Missed calls and problems in words.
    pub(crate) danger_text: Color32,
    /// Warnings in words.
    pub(crate) warning_text: Color32,
    /// Behind a banner that warns.
    pub(crate) warning_surface: Color32,
    /// Behind a banner or card that tells of a problem.
    pub(crate) danger_surface: Color32,
    /// Behind a banner about a call.
    pub(crate) accent_surface: Color32,
    /// The ring around what has the keyboard.
    pub(crate) focus: Color32,
    /// Shadow of popups.
    pub(crate) shadow: Color32,
    /// Over the window, behind a question.
    pub(crate) backdrop: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Light on dark.
pub(crate) static DARK: Tokens = Tokens {
    window: rgb(0x11_13_18),
    panel: rgb(0x17_1A_21),
    surface: rgb(0x20_24_2D),
    surface_hover: rgb(0x2A_2F_3A),
    line: rgb(0x2A_2F_3A),
    outline: rgb(0x6C_75_85),
    text: rgb(0xF0_F2_F5),
    text_weak: rgb(0xA6_AE_BB),
    accent: rgb(0x3D_C7_A5),
    accent_hover: rgb(0x57_D8_B8),
    on_accent: rgb(0x05_26_1E),
    accent_text: rgb(0x56_D6_B6),
    danger: rgb(0xD2_37_3F),
    danger_hover: rgb(0xBB_2F_37),
    on_danger: rgb(0xFF_FF_FF),
    danger_text: rgb(0xFF_8A_8A),
    warning_text: rgb(0xF2_BF_6B),
    warning_surface: rgb(0x33_2A_1A),
    danger_surface: rgb(0x3A_1F_24),
    accent_surface: rgb(0x17_31_2D),
    focus: rgb(0x8F_D9_FF),
    shadow: Color32::from_black_alpha(110),
    backdrop: Color32::from_black_alpha(150),
};

/// Dark on light.
pub(crate) static LIGHT: Tokens = Tokens {
    window: rgb(0xF4_F6_F8),
    panel: rgb(0xFF_FF_FF),
    surface: rgb(0xE9_ED_F1),
    surface_hover: rgb(0xDE_E4_EA),
    line: rgb(0xDC_E1_E7),
    outline: rgb(0x7A_84_92),
    text: rgb(0x17_1B_22),
    text_weak: rgb(0x52_5B_69),
    accent: rgb(0x0A_77_63),
    accent_hover: rgb(0x08_69_57),
    on_accent: rgb(0xFF_FF_FF),
    accent_text: rgb(0x08_6B_59),
    danger: rgb(0xC9_2A_33),
    danger_hover: rgb(0xB4_23_2C),
    on_danger: rgb(0xFF_FF_FF),
    danger_text: rgb(0xAE_1F_29),
    warning_text: rgb(0x76_4C_00),
    warning_surface: rgb(0xFB_F0_D6),
    danger_surface: rgb(0xFC_E6_E6),
    accent_surface: rgb(0xDC_F3_ED),
    focus: rgb(0x00_5F_B8),
    shadow: Color32::from_black_alpha(36),
    backdrop: Color32::from_black_alpha(90),
};

/// Backgrounds of avatars and the ink on them: soft, and readable in both themes.
pub(crate) const AVATARS: [(Color32, Color32); 8] = [
    (rgb(0xA9_E0_CC), rgb(0x12_3D_31)),
    (rgb(0xAE_C6_F0), rgb(0x17_2C_52)),
    (rgb(0xC9_B8_EE), rgb(0x31_20_56)),
    (rgb(0xF0_C7_A6), rgb(0x4F_2D_0F)),
    (rgb(0xF2_B5_BE), rgb(0x53_18_24)),
    (rgb(0xE9_DA_97), rgb(0x42_37_08)),
    (rgb(0xA8_DD_EB), rgb(0x0E_3A_47)),
    (rgb(0xC8_DF_A4), rgb(0x2B_3F_0C)),
];

/// Stripes that tell the windows of several profiles apart.
pub(crate) const STRIPES: [Color32; 6] =
    [rgb(0xE0_8A_2E), rgb(0x3C_8D_DE), rgb(0xA5_63_D9), rgb(0x2F_A3_6B), rgb(0xD6_4F_8B), rgb(0x8A_94_20)];

/// Nothing at all.
pub(crate) const CLEAR: Color32 = Color32::TRANSPARENT;

/// The tokens that this part of the window is drawn in.
pub(crate) fn of(ui: &Ui) -> &'static Tokens {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// A colour that goes with a text, always the same for the same text.
pub(crate) fn pick<T: Copy>(colours: &[T], text: &str) -> T {
    // FNV-1a: the standard hasher is seeded, and colours should stay from run to run.
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    colours[(hash >> 8) as usize % colours.len()]
}

/// Text of the given size in the text family.
pub(crate) fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Semibold text of the given size.
pub(crate) fn semibold(size: f32) -> FontId {
    FontId::new(size, fonts::semibold_family())
}

/// Gives egui both themes.
pub(crate) fn install(ctx: &egui::Context) {
    for (theme, tokens) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| apply(style, tokens));
    }
}

fn apply(style: &mut egui::Style, t: &Tokens) {
    style.text_styles = [
        (TextStyle::Heading, semibold(size::TITLE)),
        (TextStyle::Body, regular(size::BODY)),
        (TextStyle::Button, regular(size::BODY)),
        (TextStyle::Small, regular(size::SMALL)),
        (TextStyle::Monospace, regular(size::SMALL)),
    ]
    .into();
    // Animations repaint; a short one is pleasant and costs little.
    style.animation_time = 0.1;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;

    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(GRID, GRID);
    spacing.button_padding = Vec2::new(12.0, GRID);
    spacing.interact_size = Vec2::new(TARGET, TARGET);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(24);
    spacing.combo_width = 260.0;
    spacing.combo_height = 280.0;
    spacing.text_edit_width = 260.0;
    spacing.slider_rail_height = 6.0;
    spacing.slider_width = 220.0;
    spacing.icon_width = 18.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll.floating = true;
    spacing.scroll.bar_width = 8.0;

    let visuals = &mut style.visuals;
    let control = CornerRadius::same(RADIUS_CONTROL);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(t.text_weak);
    visuals.panel_fill = t.window;
    visuals.window_fill = t.panel;
    visuals.window_stroke = Stroke::new(1.0, t.line);
    visuals.window_corner_radius = CornerRadius::same(RADIUS_CARD);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS_CONTROL);
    let shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: t.shadow };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.extreme_bg_color = t.panel;
    visuals.text_edit_bg_color = Some(t.panel);
    visuals.faint_bg_color = t.surface;
    visuals.code_bg_color = t.surface;
    visuals.hyperlink_color = t.accent_text;
    visuals.warn_fg_color = t.warning_text;
    visuals.error_fg_color = t.danger_text;
    visuals.selection.bg_fill = t.accent_surface;
    visuals.selection.stroke = Stroke::new(1.0, t.accent_text);
    visuals.text_cursor.stroke = Stroke::new(2.0, t.accent_text);
    // A blinking cursor would wake the window twice a second for as long as a field has the keyboard.
    visuals.text_cursor.blink = false;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.striped = false;
    visuals.disabled_alpha = 0.45;

    let widgets = &mut visuals.widgets;
    for (widget, fill, outline, ink) in [
        (&mut widgets.noninteractive, t.window, Stroke::new(1.0, t.line), t.text),
        (&mut widgets.inactive, t.surface, Stroke::NONE, t.text),
        (&mut widgets.hovered, t.surface_hover, Stroke::NONE, t.text),
        (&mut widgets.active, t.surface_hover, Stroke::new(2.0, t.focus), t.text),
        (&mut widgets.open, t.surface_hover, Stroke::NONE, t.text),
    ] {
        widget.weak_bg_fill = fill;
        widget.bg_fill = fill;
        widget.bg_stroke = outline;
        widget.fg_stroke = Stroke::new(1.5, ink);
        widget.corner_radius = control;
        widget.expansion = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.2.
    fn luminance(colour: Color32) -> f64 {
        let channel = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(colour.r()) + 0.7152 * channel(colour.g()) + 0.0722 * channel(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn assert_contrast(name: &str, ink: Color32, ground: Color32, at_least: f64) {
        let found = contrast(ink, ground);
        assert!(found >= at_least, "{name}: {found:.2} is less than {at_least}");
    }

    #[test]
    fn text_is_readable_everywhere() {
        for (theme, t) in [("dark", &DARK), ("light", &LIGHT)] {
            for (ground_name, ground) in [
                ("window", t.window),
                ("panel", t.panel),
                ("surface", t.surface),
                ("hover", t.surface_hover),
                ("warning", t.warning_surface),
                ("danger", t.danger_surface),
                ("accent", t.accent_surface),
            ] {
                assert_contrast(&format!("{theme} text on {ground_name}"), t.text, ground, 4.5);
                assert_contrast(&format!("{theme} weak text on {ground_name}"), t.text_weak, ground, 4.5);
                assert_contrast(&format!("{theme} accent text on {ground_name}"), t.accent_text, ground, 4.5);
            }
            for ground in [t.window, t.panel, t.surface, t.surface_hover, t.danger_surface] {
                assert_contrast(&format!("{theme} danger text"), t.danger_text, ground, 4.5);
            }
            for ground in [t.window, t.panel, t.surface, t.warning_surface] {
                assert_contrast(&format!("{theme} warning text"), t.warning_text, ground, 4.5);
            }
            assert_contrast(&format!("{theme} on accent"), t.on_accent, t.accent, 4.5);
            assert_contrast(&format!("{theme} on accent, hovered"), t.on_accent, t.accent_hover, 4.5);
            assert_contrast(&format!("{theme} on danger"), t.on_danger, t.danger, 4.5);
            assert_contrast(&format!("{theme} on danger, hovered"), t.on_danger, t.danger_hover, 4.5);
        }
        for (ground, ink) in AVATARS {
            assert_contrast("avatar", ink, ground, 4.5);
        }
    }

    #[test]
    fn controls_stand_out() {
        for (theme, t) in [("dark", &DARK), ("light", &LIGHT)] {
            for ground in [t.window, t.panel, t.surface] {
                assert_contrast(&format!("{theme} focus ring"), t.focus, ground, 3.0);
                assert_contrast(&format!("{theme} outline"), t.outline, ground, 3.0);
            }
            assert_contrast(&format!("{theme} accent button"), t.accent, t.window, 3.0);
            assert_contrast(&format!("{theme} danger button"), t.danger, t.window, 3.0);
        }
    }

    #[test]
    fn a_colour_stays_with_its_text() {
        assert_eq!(pick(&AVATARS, "alice"), pick(&AVATARS, "alice"));
        assert_ne!(pick(&STRIPES, "demo-1"), pick(&STRIPES, "demo-2"));
    }
}
