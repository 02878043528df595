//! Times and durations, as people write them.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::engine::settings::Language;

use super::text::Text;

/// Where and when the window stands: for the words of the call log only.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The time zone to show times in.
    pub zone: TimeZone,
    /// Now, ms since 1970; `None` asks the system.
    pub now_ms: Option<i64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { zone: TimeZone::system(), now_ms: None }
    }
}

impl Clock {
    fn at(&self, time_ms: i64) -> Zoned {
        // Only a number far outside of all calendars fails; such a row then shows 1970.
        Timestamp::from_millisecond(time_ms).unwrap_or_default().to_zoned(self.zone.clone())
    }

    fn now(&self) -> Zoned {
        match self.now_ms {
            Some(now_ms) => self.at(now_ms),
            None => Timestamp::now().to_zoned(self.zone.clone()),
        }
    }

    /// The calendar day of a time, to group by.
    pub(crate) fn day(&self, time_ms: i64) -> jiff::civil::Date {
        self.at(time_ms).date()
    }

    /// A date and a time of day as spreadsheets read them.
    pub(crate) fn stamp(&self, time_ms: i64) -> String {
        self.at(time_ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The day in words: today, yesterday, or its date.
    pub(crate) fn day_words(&self, text: Text, time_ms: i64) -> String {
        let (then, now) = (self.day(time_ms), self.now().date());
        if then == now {
            return text.tr("day-today");
        }
        if now.yesterday().is_ok_and(|yesterday| yesterday == then) {
            return text.tr("day-yesterday");
        }
        let weekday = text.tr(match then.weekday() {
            jiff::civil::Weekday::Monday => "weekday-monday",
            jiff::civil::Weekday::Tuesday => "weekday-tuesday",
            jiff::civil::Weekday::Wednesday => "weekday-wednesday",
            jiff::civil::Weekday::Thursday => "weekday-thursday",
            jiff::civil::Weekday::Friday => "weekday-friday",
            jiff::civil::Weekday::Saturday => "weekday-saturday",
            jiff::civil::Weekday::Sunday => "weekday-sunday",
        });
        let month = text.tr(match then.month() {
            1 => "month-1",
            2 => "month-2",
            3 => "month-3",
            4 => "month-4",
            5 => "month-5",
            6 => "month-6",
            7 => "month-7",
            8 => "month-8",
            9 => "month-9",
            10 => "month-10",
            11 => "month-11",
            _ => "month-12",
        });
        let (day, year) = (then.day().to_string(), then.year().to_string());
        let values = [("weekday", weekday.as_str()), ("month", &month), ("day", &day), ("year", &year)];
        if then.year() == now.year() {
            text.tr_with("day-date", &values)
        } else {
            text.tr_with("day-date-year", &values)
        }
    }

    /// The time of day.
    pub(crate) fn time_words(&self, text: Text, time_ms: i64) -> String {
        let at = self.at(time_ms);
        // Neither is ever negative.
        minute_words(text, at.hour().unsigned_abs().into(), at.minute().unsigned_abs().into())
    }
}

/// A time of day.
pub(crate) fn minute_words(text: Text, hour: u16, minute: u16) -> String {
    match text.language() {
        Language::English => format!("{hour:02}:{minute:02}"),
        Language::Korean => {
            let hour12 = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
            let time = format!("{hour12}:{minute:02}");
            let id = if hour < 12 { "time-morning" } else { "time-afternoon" };
            text.tr_with(id, &[("time", &time)])
        }
    }
}

impl Clock {
    /// How long ago something was, in words that get coarser with the time; long ago, its day.
    pub(crate) fn ago_words(&self, text: Text, time_ms: i64) -> String {
        const HOUR: u64 = 60;
        const DAY: u64 = 24 * HOUR;
        // A clock that is behind the other one makes nothing happen in the future.
        let passed_ms = self.now().timestamp().as_millisecond().saturating_sub(time_ms).max(0);
        match passed_ms.unsigned_abs() / 60_000 {
            0 => text.tr("ago-now"),
            minutes @ 1..HOUR => text.tr_count("ago-minutes", minutes),
            minutes @ HOUR..DAY => text.tr_count("ago-hours", minutes / HOUR),
            minutes if minutes < 30 * DAY => text.tr_count("ago-days", minutes / DAY),
            _ => self.day_words(text, time_ms),
        }
    }
}

/// A running clock: `3:05`, `1:02:03`.
pub(crate) fn timer(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A duration that is over, in words.
pub(crate) fn duration_words(text: Text, seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let (h, m, s) = (hours.to_string(), minutes.to_string(), seconds.to_string());
    let values = [("hours", h.as_str()), ("minutes", &m), ("seconds", &s)];
    match (hours, minutes) {
        (0, 0) => text.tr_with("duration-seconds", &values),
        (0, _) => text.tr_with("duration-minutes", &values),
        _ => text.tr_with("duration-hours", &values),
    }
}

/// A fingerprint in groups, so that two people can compare it.
pub(crate) fn fingerprint(hex: &str) -> String {
    let mut grouped = String::with_capacity(hex.len() * 5 / 4);
    for (at, digit) in hex.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            // Two lines of a SHA-256 fit everywhere and are easy to read out.
            grouped.push(if at % 32 == 0 { '\n' } else { ' ' });
        }
        grouped.push(digit.to_ascii_uppercase());
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Text = Text::new(Language::English);
    const KOREAN: Text = Text::new(Language::Korean);

    fn clock() -> Clock {
        // 22 November 2026, 13:05 UTC; shown nine hours further east: 22:05.
        Clock { zone: TimeZone::fixed(jiff::tz::offset(9)), now_ms: Some(1_795_352_700_000) }
    }

    #[test]
    fn timers_and_durations() {
        assert_eq!(timer(0), "0:00");
        assert_eq!(timer(185), "3:05");
        assert_eq!(timer(3723), "1:02:03");
        assert_eq!(duration_words(ENGLISH, 12), "12 s");
        assert_eq!(duration_words(ENGLISH, 185), "3 min 5 s");
        assert_eq!(duration_words(ENGLISH, 3723), "1 h 2 min");
        assert_eq!(duration_words(KOREAN, 185), "3분 5초");
        assert_eq!(duration_words(KOREAN, 3723), "1시간 2분");
    }

    #[test]
    fn days_are_named_where_the_person_is() {
        let clock = clock();
        let now = clock.now_ms.expect("a fixed time");
        const HOUR: i64 = 3_600_000;
        assert_eq!(clock.day_words(ENGLISH, now), "Today");
        assert_eq!(clock.day_words(ENGLISH, now - 22 * HOUR), "Today");
        assert_eq!(clock.day_words(ENGLISH, now - 23 * HOUR), "Yesterday");
        assert_eq!(clock.day_words(KOREAN, now - 24 * HOUR), "어제");
        assert_eq!(clock.day_words(ENGLISH, now - 48 * HOUR), "Friday, 20 November");
        assert_eq!(clock.day_words(KOREAN, now - 48 * HOUR), "11월 20일 금요일");
        assert_eq!(clock.day_words(ENGLISH, now - 365 * 24 * HOUR), "Saturday, 22 November 2025");
        assert_eq!(clock.day_words(ENGLISH, i64::MAX), "Thursday, 1 January 1970");
    }

    #[test]
    fn times_of_day() {
        let clock = clock();
        let now = clock.now_ms.expect("a fixed time");
        assert_eq!(clock.time_words(ENGLISH, now), "22:05");
        assert_eq!(clock.time_words(KOREAN, now), "오후 10:05");
        assert_eq!(clock.time_words(KOREAN, now - 22 * 3_600_000), "오전 12:05");
    }

    #[test]
    fn what_was_long_ago_is_said_coarsely() {
        let clock = clock();
        let now = clock.now_ms.expect("a fixed time");
        const MINUTE: i64 = 60_000;
        const DAY: i64 = 24 * 60 * MINUTE;
        let words = |text, passed| clock.ago_words(text, now - passed);
        assert_eq!(words(ENGLISH, 0), "just now");
        assert_eq!(words(ENGLISH, -5 * DAY), "just now");
        assert_eq!(words(ENGLISH, MINUTE - 1), "just now");
        assert_eq!(words(ENGLISH, MINUTE), "1 minute ago");
        assert_eq!(words(ENGLISH, 59 * MINUTE), "59 minutes ago");
        assert_eq!(words(ENGLISH, 60 * MINUTE), "1 hour ago");
        assert_eq!(words(KOREAN, DAY - 1), "23시간 전");
        assert_eq!(words(ENGLISH, DAY), "1 day ago");
        assert_eq!(words(KOREAN, 3 * DAY), "3일 전");
        assert_eq!(words(ENGLISH, 30 * DAY), "Friday, 23 October");
    }

    #[test]
    fn fingerprints_are_grouped() {
        assert_eq!(fingerprint("a1b2c3d4e5"), "A1B2 C3D4 E5");
        assert_eq!(fingerprint(""), "");
        assert_eq!(fingerprint(&"ab".repeat(32)).lines().count(), 2);
    }
}
