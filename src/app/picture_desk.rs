//! Pictures that the person chooses or drops on the window: found, read and made small on a thread of their own, so that
//! the window never waits for a file.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use egui::{Context, ViewportId};

use crate::{engine::picture::Prepared, protocol::GroupId};

/// Larger files are no pictures of groups.
const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a picture is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The group that is being made.
    Form,
    /// A group that there is.
    Group(GroupId),
}

/// One picture at a time; a newer one takes the place of an older.
#[derive(Clone, Debug, Default)]
pub(crate) struct PictureDesk(Arc<Mutex<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    number: u64,
    ready: Option<(Place, Option<Prepared>)>,
}

impl PictureDesk {
    /// Asks the person for a file.
    pub(crate) fn choose(&self, ctx: &Context, place: Place, title: &str) {
        // Made here, because some systems want to be asked by the thread that draws.
        let dialog = rfd::AsyncFileDialog::new().set_title(title).add_filter("PNG, JPEG", &["png", "jpg", "jpeg"]);
        let chosen = dialog.pick_file();
        self.work(ctx, place, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
            runtime.block_on(chosen).map(|file| file.path().to_owned())
        });
    }

    /// Takes a file that was dropped on the window.
    pub(crate) fn take_file(&self, ctx: &Context, place: Place, path: &Path) {
        let path = path.to_owned();
        self.work(ctx, place, move || Some(path));
    }

    /// What is ready: for what, and the picture; `None` where the file cannot be used.
    pub(crate) fn take_ready(&self) -> Option<(Place, Option<Prepared>)> {
        self.desk().ready.take()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // No code under the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, ctx: &Context, place: Place, find: impl FnOnce() -> Option<PathBuf> + Send + 'static) {
        let number = {
            let mut desk = self.desk();
            desk.number += 1;
            desk.ready = None;
            desk.number
        };
        let (desk, ctx) = (self.clone(), ctx.clone());
        std::thread::spawn(move || {
            // Nothing was chosen: nothing is said.
            let Some(path) = find() else { return };
            let picture = read(&path).and_then(|bytes| Prepared::from_file(&bytes));
            let mut desk = desk.desk();
            if desk.number == number {
                desk.ready = Some((place, picture));
                ctx.request_repaint_of(ViewportId::ROOT);
            }
        });
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(FILE_MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
