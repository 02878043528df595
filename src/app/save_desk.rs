//! Files that the person saves: asked for and written on a thread of their own, so that the window never waits for a disk.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use egui::{Context, ViewportId};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// It is there, under this name.
    As(String),
    /// It could not be written, in the words of the system.
    Failed(String),
}

/// One file at a time; a newer one takes the place of an older.
#[derive(Clone, Debug, Default)]
pub(crate) struct SaveDesk(Arc<Mutex<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    number: u64,
    done: Option<Saved>,
}

impl SaveDesk {
    /// Asks the person where, and writes.
    pub(crate) fn save(&self, ctx: &Context, title: &str, name: &str, contents: Vec<u8>) {
        // Made here, because some systems want to be asked by the thread that draws.
        let dialog = rfd::AsyncFileDialog::new().set_title(title).add_filter("CSV", &["csv"]).set_file_name(name);
        let chosen = dialog.save_file();
        self.work(ctx, contents, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
            runtime.block_on(chosen).map(|file| file.path().to_owned())
        });
    }

    /// What became of the last file, once.
    pub(crate) fn take_done(&self) -> Option<Saved> {
        self.desk().done.take()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // No code under the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, ctx: &Context, contents: Vec<u8>, find: impl FnOnce() -> Option<PathBuf> + Send + 'static) {
        let number = {
            let mut desk = self.desk();
            desk.number += 1;
            desk.done = None;
            desk.number
        };
        let (desk, ctx) = (self.clone(), ctx.clone());
        std::thread::spawn(move || {
            // Nothing was chosen: nothing is said.
            let Some(path) = find() else { return };
            let saved = match std::fs::write(&path, contents) {
                Ok(()) => Saved::As(path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
                Err(error) => Saved::Failed(error.to_string()),
            };
            let mut desk = desk.desk();
            if desk.number == number {
                desk.done = Some(saved);
                ctx.request_repaint_of(ViewportId::ROOT);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn done(desk: &SaveDesk) -> Saved {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(saved) = desk.take_done() {
                return saved;
            }
            assert!(Instant::now() < deadline, "nothing came of it");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_file_is_written_where_the_person_said_or_the_system_says_why_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let (desk, ctx) = (SaveDesk::default(), Context::default());
        let path = folder.path().join("lesson.csv");
        let chosen = path.clone();
        desk.work(&ctx, b"a,b\r\n".to_vec(), move || Some(chosen));
        assert_eq!(done(&desk), Saved::As("lesson.csv".into()));
        assert_eq!(std::fs::read(&path).expect("a file"), b"a,b\r\n");
        let nowhere = folder.path().join("none").join("lesson.csv");
        desk.work(&ctx, Vec::new(), move || Some(nowhere));
        assert!(matches!(done(&desk), Saved::Failed(_)));
    }
}
