//! Words: every visible text comes from `assets/locales`, one file per screen.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use fluent_templates::{LanguageIdentifier, Loader as _, fluent_bundle::FluentValue, static_loader};

use crate::engine::settings::Language;

static_loader! {
    static LOCALES = {
        locales: "./assets/locales",
        fallback_language: "en",
        // Isolation marks would end up in names that are compared, copied or read out.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static ENGLISH: LazyLock<LanguageIdentifier> = LazyLock::new(|| identifier("en"));
static KOREAN: LazyLock<LanguageIdentifier> = LazyLock::new(|| identifier("ko"));

fn identifier(tag: &str) -> LanguageIdentifier {
    tag.parse().unwrap_or_default()
}

/// Looks words up in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    language: Language,
}

impl Text {
    pub(crate) const fn new(language: Language) -> Self {
        Self { language }
    }

    /// The chosen language, else that of the system.
    pub(crate) fn chosen(language: Option<Language>) -> Self {
        static SYSTEM: LazyLock<Language> = LazyLock::new(|| match sys_locale::get_locale() {
            Some(locale) if locale.starts_with("ko") => Language::Korean,
            _ => Language::English,
        });
        Self::new(language.unwrap_or(*SYSTEM))
    }

    /// Which language these words are in.
    pub(crate) fn language(self) -> Language {
        self.language
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self.language {
            Language::English => &ENGLISH,
            Language::Korean => &KOREAN,
        }
    }

    /// The text of that name. A name that no file has comes back as it is; a test sees to it that there is none.
    pub(crate) fn tr(self, id: &str) -> String {
        LOCALES.try_lookup(self.identifier(), id).unwrap_or_else(|| id.to_owned())
    }

    /// The text of that name with values put in.
    pub(crate) fn tr_with(self, id: &str, values: &[(&'static str, &str)]) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            values.iter().map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(*value))).collect();
        LOCALES.try_lookup_with_args(self.identifier(), id, &args).unwrap_or_else(|| id.to_owned())
    }

    /// The text of that name for a number of things.
    pub(crate) fn tr_count(self, id: &str, count: u64) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            [(Cow::Borrowed("count"), FluentValue::from(count))].into();
        LOCALES.try_lookup_with_args(self.identifier(), id, &args).unwrap_or_else(|| id.to_owned())
    }

    /// Whether there is a text of that name in this very language.
    #[cfg(test)]
    pub(crate) fn has(self, id: &str) -> bool {
        // A value that is missing makes a text unreadable: give it every value that any text asks for.
        const NAMES: [&str; 34] = [
            "address", "ago", "by", "count", "day", "db", "detail", "device", "down", "duration", "group", "hertz",
            "hours", "jitter", "loss", "minutes", "month", "ms", "name", "names", "percent", "problem", "quality",
            "rtt", "rung", "search", "seconds", "status", "time", "total", "up", "weekday", "what", "year",
        ];
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            NAMES.iter().map(|name| (Cow::Borrowed(*name), FluentValue::from("x"))).collect();
        LOCALES.lookup_single_language(self.identifier(), id, Some(&args)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn files_below(folder: &Path, extension: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                files_below(&path, extension, found);
            } else if path.extension().is_some_and(|ending| ending == extension) {
                found.push(fs::read_to_string(&path).expect("a readable file"));
            }
        }
    }

    fn keys_of(language: &str) -> BTreeSet<String> {
        let mut files = Vec::new();
        files_below(&root().join("assets/locales").join(language), "ftl", &mut files);
        let mut keys = BTreeSet::new();
        for line in files.iter().flat_map(|file| file.lines()) {
            if let Some((key, _)) = line.split_once(" =")
                && key.starts_with(|first: char| first.is_ascii_lowercase())
            {
                assert!(keys.insert(key.to_owned()), "{key} is there twice in {language}");
            }
        }
        keys
    }

    fn sources() -> Vec<String> {
        let mut files = Vec::new();
        files_below(&root().join("src/app"), "rs", &mut files);
        files
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        assert!(keys_of("en").len() > 100);
        assert_eq!(keys_of("en"), keys_of("ko"));
    }

    #[test]
    fn every_text_that_is_asked_for_exists() {
        let keys = keys_of("en");
        for source in sources() {
            for call in ["tr", "tr_with", "tr_count"].map(|name| format!(".{name}(")) {
                for (at, _) in source.match_indices(&call) {
                    let rest = source[at + call.len()..].trim_start();
                    let Some(rest) = rest.strip_prefix('"') else { continue };
                    let Some((key, _)) = rest.split_once('"') else { continue };
                    assert!(keys.contains(key), "{key} is in no file");
                }
            }
        }
    }

    #[test]
    fn every_text_is_asked_for() {
        let sources = sources().concat();
        for key in keys_of("en") {
            // Sentences of error codes are found by their number.
            if !key.starts_with("code-") {
                assert!(sources.contains(&format!("\"{key}\"")), "nobody asks for {key}");
            }
        }
    }

    #[test]
    fn every_text_can_be_read() {
        for language in [Language::English, Language::Korean] {
            for key in keys_of("en") {
                assert!(Text::new(language).has(&key), "{key} is broken in {language:?}");
            }
        }
    }

    #[test]
    fn values_are_put_in_without_marks() {
        let text = Text::new(Language::English);
        assert_eq!(text.tr_with("incoming-line", &[("name", "Bob")]), "Bob is calling");
        assert_eq!(Text::new(Language::Korean).tr_with("incoming-line", &[("name", "민준")]), "민준 님의 전화");
    }
}
