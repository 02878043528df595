//! Finding by what was typed, in one place for all lists.
//!
//! Case and spaces do not count. A Korean consonant stands for every syllable that begins with it (ㄱㅁㅈ finds 김민준), and
//! a syllable that is typed last and has no final consonant yet for every one that it can become (김미 finds 김민준).

/// The first syllable of the block, 가. Each is made of initial, vowel and final consonant: 19, 21 and 28 of them.
const SYLLABLES: u32 = 0xac00;
const SYLLABLES_END: u32 = 0xd7a3;
const FINALS: u32 = 28;
const VOWELS: u32 = 21;

/// The initial consonants in the order of the syllables, as they are typed by themselves.
const INITIALS: [char; 19] =
    ['ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ'];

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search(Vec<char>);

impl Search {
    pub(crate) fn new(typed: &str) -> Self {
        Self(plain(typed).flat_map(apart).collect())
    }

    /// Nothing was typed: everything is found.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the texts has it in it.
    pub(crate) fn finds(&self, texts: &[&str]) -> bool {
        self.is_empty() || texts.iter().any(|text| self.is_in(text))
    }

    fn is_in(&self, text: &str) -> bool {
        let text: Vec<char> = plain(text).collect();
        let last = self.0.len().saturating_sub(1);
        text.windows(self.0.len().max(1)).any(|window| {
            self.0.iter().zip(window).enumerate().all(|(at, (typed, letter))| stands_for(*typed, *letter, at == last))
        })
    }
}

fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase)
}

/// Two consonants that the keyboard has made one sign of, which no syllable begins with.
fn apart(letter: char) -> impl Iterator<Item = char> {
    let (first, second) = match letter {
        'ㄳ' => ('ㄱ', Some('ㅅ')),
        'ㄵ' => ('ㄴ', Some('ㅈ')),
        'ㄶ' => ('ㄴ', Some('ㅎ')),
        'ㄺ' => ('ㄹ', Some('ㄱ')),
        'ㄻ' => ('ㄹ', Some('ㅁ')),
        'ㄼ' => ('ㄹ', Some('ㅂ')),
        'ㄽ' => ('ㄹ', Some('ㅅ')),
        'ㄾ' => ('ㄹ', Some('ㅌ')),
        'ㄿ' => ('ㄹ', Some('ㅍ')),
        'ㅀ' => ('ㄹ', Some('ㅎ')),
        'ㅄ' => ('ㅂ', Some('ㅅ')),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

fn stands_for(typed: char, letter: char, is_last: bool) -> bool {
    let Some(syllable) = syllable(letter).filter(|_| typed != letter) else { return typed == letter };
    let initial = INITIALS[(syllable / (VOWELS * FINALS)) as usize];
    typed == initial || is_last && self::syllable(typed) == Some(syllable - syllable % FINALS)
}

/// The number of a syllable within the block.
fn syllable(letter: char) -> Option<u32> {
    let code = u32::from(letter);
    (SYLLABLES..=SYLLABLES_END).contains(&code).then(|| code - SYLLABLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(typed: &str, text: &str) -> bool {
        Search::new(typed).finds(&[text])
    }

    #[test]
    fn parts_are_found_whatever_their_case() {
        for typed in ["ada", "LOVE", "a l", " Ada Lovelace ", "", "  ", "adal"] {
            assert!(finds(typed, "Ada Lovelace"), "{typed:?}");
        }
        for typed in ["adb", "lovelace ada", "ada lovelace x", "ㄱ"] {
            assert!(!finds(typed, "Ada Lovelace"), "{typed:?}");
        }
        assert!(finds("ÆRØ", "ærøskøbing"));
        assert!(Search::new("minjun").finds(&["김민준", "minjun"]), "the name or the identifier");
        assert!(!Search::new("x").finds(&[]));
        assert!(Search::new("").is_empty() && !Search::new("x").is_empty());
    }

    #[test]
    fn syllables_are_found_by_their_first_consonants() {
        for typed in ["ㄱㅁㅈ", "ㄱ", "ㅁㅈ", "김ㅁㅈ", "ㄱ민", "ㄱ ㅁ", "김민준"] {
            assert!(finds(typed, "김민준"), "{typed:?}");
        }
        for typed in ["ㅁㄱ", "ㄱㅈ", "ㄲ", "ㄱㅁㅈㅎ", "ㅏ", "민김"] {
            assert!(!finds(typed, "김민준"), "{typed:?}");
        }
        assert!(finds("ㄱㅁㅈ", "3반 김 민준"), "with a space, and in the middle");
        assert!(finds("ㄸ", "또") && !finds("ㄷ", "또"));
        assert!(finds("ㅎ", "힣") && finds("ㄱ", "가"), "the first and the last syllable");
        assert!(finds("ㅋㅋ", "ㅋㅋㅋ"), "consonants by themselves");
    }

    #[test]
    fn what_the_keyboard_has_joined_is_taken_apart() {
        assert!(finds("ㄳ", "김수현"));
        assert!(finds("ㅄㅎ", "박서하"));
        assert!(!finds("ㄳ", "김민준"));
    }

    #[test]
    fn a_syllable_that_is_not_complete_yet_is_found() {
        for typed in ["기", "김미", "김민주"] {
            assert!(finds(typed, "김민준"), "{typed:?}");
        }
        assert!(!finds("기민", "김민준"), "only the last one is being typed");
        assert!(!finds("길", "김민준"));
        assert!(finds("하나", "박하나") && !finds("한", "박하나"));
    }
}
