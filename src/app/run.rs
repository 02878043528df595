//! Opens the window over an engine of its own.

use std::sync::{Arc, OnceLock};

use egui::{ViewportBuilder, ViewportId};

use crate::engine::{
    Command, Engine, EngineConfig, Overrides, ProfileError, SignInForm, State,
    profile::{default_data_dir, is_valid_name},
};

use super::{AhoyApp, Backend, Clock, args::WindowArgs, title};

/// The name by which the desktop knows the window (`ahoy.desktop`).
const APP_ID: &str = "ahoy";
const SIZE: [f32; 2] = [980.0, 660.0];
const LEAST_SIZE: [f32; 2] = [760.0, 520.0];

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Nothing to draw on.
    #[error(
        "there is no display to open a window on; start Ahoy from a desktop session (or set DISPLAY or WAYLAND_DISPLAY), \
         or use `ahoy phone` and `ahoy serve`, which need none"
    )]
    NoDisplay,
    /// The system names no folder for data.
    #[error("the system has no folder for a program's data; say --data-dir DIR")]
    NoDataDir,
    /// The profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The window system refuses, in its words (its own error cannot change threads).
    #[error("the window cannot be opened: {0}; check the graphics driver")]
    Window(String),
}

impl Backend for Engine {
    fn state(&self) -> Arc<State> {
        self.state()
    }

    fn send(&self, command: Command) {
        self.send(command);
    }
}

/// Opens the window; comes back when it has been closed and the engine has ended.
///
/// # Errors
/// If there is no display, or the profile cannot be used.
pub fn run(args: WindowArgs) -> Result<(), WindowError> {
    if !has_display() {
        return Err(WindowError::NoDisplay);
    }
    if !is_valid_name(&args.profile) {
        return Err(ProfileError::Name(args.profile).into());
    }
    // The window comes after the engine; until then there is nothing to draw anew.
    let window: Arc<OnceLock<egui::Context>> = Arc::default();
    let drawn = window.clone();
    let engine = Engine::start(EngineConfig {
        profile: args.profile.clone(),
        data_dir: args.data_dir.clone().or_else(default_data_dir).ok_or(WindowError::NoDataDir)?,
        on_change: Arc::new(move || {
            if let Some(ctx) = drawn.get() {
                ctx.request_repaint_of(ViewportId::ROOT);
            }
        }),
        overrides: overrides(&args),
    })?;
    let options = eframe::NativeOptions {
        viewport: viewport(&args),
        // Named, because a build with the tests' features would choose another one.
        renderer: eframe::Renderer::Glow,
        multisampling: 0,
        ..eframe::NativeOptions::default()
    };
    let title = title::of(&args.profile, 0);
    eframe::run_native(
        &title,
        options,
        Box::new(move |cc| {
            let ctx = window.get_or_init(|| cc.egui_ctx.clone());
            let app = AhoyApp::new(ctx, Arc::new(engine), Clock::default());
            Ok(Box::new(match args.class {
                Some(name) => app.with_class(name, args.class_students),
                None => app,
            }))
        }),
    )
    .map_err(|error| WindowError::Window(error.to_string()))
}

fn overrides(args: &WindowArgs) -> Overrides {
    let sign_in = args.server.clone().zip(args.user.as_ref()).map(|(server, user)| {
        let form = SignInForm {
            new_account: true,
            user: user.as_str().to_owned(),
            display_name: args.display_name.clone().unwrap_or_else(|| user.as_str().to_owned()),
            password: String::new(),
        };
        (server, form)
    });
    Overrides {
        microphone: args.microphone.clone(),
        speaker: args.speaker.clone(),
        ring_device: args.ring_device.clone(),
        sign_in,
        host_listen: args.host_listen,
        no_discovery: args.no_discovery,
        ..Overrides::default()
    }
}

fn viewport(args: &WindowArgs) -> ViewportBuilder {
    let mut viewport = ViewportBuilder::default()
        .with_title(title::of(&args.profile, 0))
        .with_app_id(APP_ID)
        .with_inner_size(SIZE)
        .with_min_inner_size(LEAST_SIZE);
    if let Some(position) = args.window_position {
        // Placed by hand, it stands beside another one.
        viewport = viewport.with_position([position.x, position.y]).with_inner_size([LEAST_SIZE[0], SIZE[1]]);
    }
    match eframe::icon_data::from_png_bytes(include_bytes!("../../assets/ahoy.png")) {
        Ok(icon) => viewport.with_icon(icon),
        Err(error) => {
            tracing::warn!(%error, "the window has no icon");
            viewport
        }
    }
}

/// On Unix a missing display is found before anything else starts, so that it can be said in plain words.
fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos")))
        || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].iter().any(|name| set(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_can_be_read() {
        let icon = viewport(&WindowArgs::default()).icon.expect("an icon");
        assert_eq!((icon.width, icon.height), (256, 256));
    }
}
