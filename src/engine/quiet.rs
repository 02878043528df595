//! When a schedule holds: a pure function of the schedule and a local time.
//!
//! Each period begins and ends at a moment, made of a local date and time of day. Where the clock is put forward or back
//! at such a time, the moment is that of the clock that is not put yet, so that a period neither begins twice nor is left
//! out.

use jiff::{Timestamp, ToSpan as _, Zoned, civil};

use crate::protocol::api::{Schedule, Weekday};

/// What a schedule says at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quiet {
    /// Since it holds: until then, ms since 1970. `None`: it does not hold.
    pub(super) until_ms: Option<i64>,
    /// Nothing changes before this, ms since 1970. `None`: nothing ever does.
    pub(super) next_ms: Option<i64>,
}

/// What the schedule says at `now`.
pub(super) fn quiet(schedule: &Schedule, now: &Zoned) -> Quiet {
    if !schedule.enabled {
        return Quiet::default();
    }
    let at = now.timestamp();
    // Yesterday's period may go on, and the next one may be that of this day in a week.
    let periods: Vec<(Timestamp, Timestamp)> =
        (-1..=7).filter_map(|days| period(schedule, now, now.date().checked_add(days.days()).ok()?)).collect();
    let until = periods.iter().filter(|(from, to)| *from <= at && at < *to).map(|(_, to)| *to).max();
    let next = periods.iter().flat_map(|(from, to)| [*from, *to]).filter(|moment| *moment > at).min();
    Quiet { until_ms: until.map(Timestamp::as_millisecond), next_ms: next.map(Timestamp::as_millisecond) }
}

/// The period that begins on a day, if one does.
fn period(schedule: &Schedule, now: &Zoned, day: civil::Date) -> Option<(Timestamp, Timestamp)> {
    if !schedule.days.contains(&weekday(day)) {
        return None;
    }
    let moment = |day: civil::Date, minute: u16| {
        let time = civil::Time::midnight().checked_add(i64::from(minute).minutes()).ok()?;
        Some(day.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?.timestamp())
    };
    let overnight = schedule.to_minute <= schedule.from_minute;
    let last = if overnight { day.tomorrow().ok()? } else { day };
    Some((moment(day, schedule.from_minute)?, moment(last, schedule.to_minute)?))
}

fn weekday(day: civil::Date) -> Weekday {
    match day.weekday() {
        civil::Weekday::Monday => Weekday::Monday,
        civil::Weekday::Tuesday => Weekday::Tuesday,
        civil::Weekday::Wednesday => Weekday::Wednesday,
        civil::Weekday::Thursday => Weekday::Thursday,
        civil::Weekday::Friday => Weekday::Friday,
        civil::Weekday::Saturday => Weekday::Saturday,
        civil::Weekday::Sunday => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    const WORK: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

    fn schedule(days: &[Weekday], from: (u16, u16), to: (u16, u16)) -> Schedule {
        let minute = |(hour, minute): (u16, u16)| hour * 60 + minute;
        Schedule {
            enabled: true,
            days: days.iter().copied().collect(),
            from_minute: minute(from),
            to_minute: minute(to),
        }
    }

    fn at(zone: &str, text: &str) -> Zoned {
        let zone = TimeZone::get(zone).expect("a zone");
        text.parse::<civil::DateTime>().expect("a time").to_zoned(zone).expect("it exists")
    }

    /// What it says, in the zone's own time: until when it holds, and when to look again.
    fn says(schedule: &Schedule, zone: &str, now: &str) -> (Option<String>, Option<String>) {
        let now = at(zone, now);
        let Quiet { until_ms, next_ms } = quiet(schedule, &now);
        let words = |ms: i64| {
            let moment = Timestamp::from_millisecond(ms).expect("in range").to_zoned(now.time_zone().clone());
            moment.strftime("%m-%d %H:%M %z").to_string()
        };
        (until_ms.map(words), next_ms.map(words))
    }

    #[track_caller]
    fn check(schedule: &Schedule, zone: &str, now: &str, until: Option<&str>, next: Option<&str>) {
        let (says_until, says_next) = says(schedule, zone, now);
        assert_eq!((says_until.as_deref(), says_next.as_deref()), (until, next), "{now} in {zone}");
    }

    const SEOUL: &str = "Asia/Seoul";

    #[test]
    fn a_lunch_break_holds_on_its_days() {
        let lunch = schedule(&WORK, (12, 0), (13, 0));
        // 24 November 2026 is a Tuesday.
        let (start, end) = ("11-24 12:00 +0900", "11-24 13:00 +0900");
        check(&lunch, SEOUL, "2026-11-24T11:59:59", None, Some(start));
        check(&lunch, SEOUL, "2026-11-24T12:00", Some(end), Some(end));
        check(&lunch, SEOUL, "2026-11-24T12:59:59", Some(end), Some(end));
        check(&lunch, SEOUL, "2026-11-24T13:00", None, Some("11-25 12:00 +0900"));
        check(&lunch, SEOUL, "2026-11-28T12:30", None, Some("11-30 12:00 +0900"));
        let off = Schedule { enabled: false, ..lunch };
        check(&off, SEOUL, "2026-11-24T12:30", None, None);
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = schedule(&[Weekday::Friday], (22, 0), (7, 30));
        let (start, end) = ("11-27 22:00 +0900", "11-28 07:30 +0900");
        check(&night, SEOUL, "2026-11-27T07:00", None, Some(start));
        check(&night, SEOUL, "2026-11-27T23:59", Some(end), Some(end));
        check(&night, SEOUL, "2026-11-28T00:00", Some(end), Some(end));
        check(&night, SEOUL, "2026-11-28T07:30", None, Some("12-04 22:00 +0900"));
        check(&night, SEOUL, "2026-11-28T22:30", None, Some("12-04 22:00 +0900"));
        // A whole day, and all of them.
        let day = schedule(&[Weekday::Friday], (0, 0), (0, 0));
        check(&day, SEOUL, "2026-11-27T12:00", Some("11-28 00:00 +0900"), Some("11-28 00:00 +0900"));
        check(&day, SEOUL, "2026-11-28T00:00", None, Some("12-04 00:00 +0900"));
        let always = schedule(&Weekday::ALL, (9, 0), (9, 0));
        check(&always, SEOUL, "2026-11-27T09:00", Some("11-28 09:00 +0900"), Some("11-28 09:00 +0900"));
        check(&always, SEOUL, "2026-11-27T08:59", Some("11-27 09:00 +0900"), Some("11-27 09:00 +0900"));
    }

    #[test]
    fn a_night_is_an_hour_shorter_when_the_clock_is_put_forward() {
        // In Berlin, 02:00 became 03:00 on Sunday, 29 March 2026.
        let night = schedule(&Weekday::ALL, (22, 0), (7, 0));
        check(&night, "Europe/Berlin", "2026-03-29T01:59", Some("03-29 07:00 +0200"), Some("03-29 07:00 +0200"));
        check(&night, "Europe/Berlin", "2026-03-29T03:00", Some("03-29 07:00 +0200"), Some("03-29 07:00 +0200"));
        // Times that there are not: as the clock would have shown them that is not put yet.
        let gap = schedule(&[Weekday::Sunday], (2, 30), (4, 0));
        check(&gap, "Europe/Berlin", "2026-03-29T03:29", None, Some("03-29 03:30 +0200"));
        check(&gap, "Europe/Berlin", "2026-03-29T03:30", Some("03-29 04:00 +0200"), Some("03-29 04:00 +0200"));
        let inside = schedule(&[Weekday::Sunday], (2, 15), (2, 45));
        check(&inside, "Europe/Berlin", "2026-03-29T03:20", Some("03-29 03:45 +0200"), Some("03-29 03:45 +0200"));
    }

    #[test]
    fn a_time_that_comes_twice_counts_once() {
        // In Berlin, 03:00 became 02:00 on Sunday, 25 October 2026.
        let early = schedule(&[Weekday::Sunday], (1, 0), (2, 30));
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let moment = |text: &str| text.parse::<Timestamp>().expect("a moment").to_zoned(zone.clone());
        let until = |text: &str| quiet(&early, &moment(text)).until_ms;
        assert!(until("2026-10-25T02:29:00+02:00").is_some(), "the first 02:29");
        assert_eq!(until("2026-10-25T02:30:00+02:00"), None, "the first 02:30");
        assert_eq!(until("2026-10-25T02:15:00+01:00"), None, "the second 02:15");
        let late = schedule(&[Weekday::Sunday], (2, 30), (4, 0));
        let until = |text: &str| quiet(&late, &moment(text)).until_ms;
        assert!(until("2026-10-25T02:30:00+02:00").is_some(), "the first 02:30");
        assert!(until("2026-10-25T02:15:00+01:00").is_some(), "it goes on");
    }

    #[test]
    fn each_zone_has_its_own_night() {
        let night = schedule(&Weekday::ALL, (22, 0), (7, 0));
        let moment = at(SEOUL, "2026-11-24T23:00");
        let elsewhere = moment.with_time_zone(TimeZone::get("Europe/Berlin").expect("a zone"));
        assert!(quiet(&night, &moment).until_ms.is_some());
        assert_eq!(quiet(&night, &elsewhere).until_ms, None, "15:00");
    }
}
