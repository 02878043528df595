//! The attendance of a lesson as a file for spreadsheets.
//!
//! UTF-8 with a mark at its head and lines that end in CR LF, so that every spreadsheet opens Korean names right. Durations
//! are `0:12:34`, which spreadsheets can add up. What would be a formula is made plain text: names come from strangers.

use crate::{
    engine::state::LessonReport,
    protocol::lesson::{LessonSummary, ReportRow},
};

use super::{format::Clock, text::Text};

/// How long somebody was there, ms.
pub(crate) fn present_ms(row: &ReportRow) -> u64 {
    row.stays.iter().map(|(from, to)| to.saturating_sub(*from)).sum()
}

/// The file's contents; `None` until the rows are there.
pub(crate) fn csv(text: Text, clock: &Clock, report: &LessonReport) -> Option<Vec<u8>> {
    let rows = report.rows.as_ref()?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    let head = [
        "report-name",
        "report-user",
        "report-role",
        "report-came",
        "report-left",
        "report-present",
        "report-talked",
        "report-hands",
        "report-floors",
        "report-answered",
        "report-called",
    ];
    // Into memory, and with as many cells in each row as in the first: writing cannot fail.
    writer.write_record(head.map(|id| text.tr(id))).ok()?;
    for row in rows {
        writer.write_record(cells(text, clock, &report.lesson, row)).ok()?;
    }
    writer.into_inner().ok()
}

fn cells(text: Text, clock: &Clock, lesson: &LessonSummary, row: &ReportRow) -> [String; 11] {
    let role = text.tr(if row.teacher { "report-teacher" } else { "report-student" });
    let at =
        |ms: Option<u64>| ms.map_or_else(String::new, |ms| clock.stamp(lesson.started.saturating_add_unsigned(ms)));
    [
        plain(&row.display_name),
        plain(row.user_id.as_str()),
        role,
        at(row.stays.first().map(|stay| stay.0)),
        at(row.stays.last().map(|stay| stay.1)),
        duration(present_ms(row)),
        duration(row.talked_ms),
        row.hands.to_string(),
        row.turns.to_string(),
        row.present.to_string(),
        row.called.to_string(),
    ]
}

/// A text that no spreadsheet takes for a formula.
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{cell}") } else { cell.to_owned() }
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A name for the file that every system takes.
pub(crate) fn file_name(clock: &Clock, group: &str, lesson: &LessonSummary) -> String {
    let name: String = group
        .chars()
        .map(|letter| if letter.is_control() || r#"/\:*?"<>|."#.contains(letter) { '-' } else { letter })
        .take(60)
        .collect();
    format!("{} {}.csv", name.trim(), clock.day(lesson.started))
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::*;
    use crate::{
        engine::settings::Language,
        protocol::{InviteId, UserId},
    };

    fn clock() -> Clock {
        Clock { zone: TimeZone::fixed(offset(9)), now_ms: None }
    }

    fn row(user: &str, name: &str) -> ReportRow {
        ReportRow {
            user_id: UserId::new(user).expect("an identifier"),
            display_name: name.into(),
            teacher: false,
            stays: vec![(5_000, 605_000), (700_000, 1_900_999)],
            talked_ms: 65_000,
            hands: 3,
            turns: 2,
            present: 1,
            called: 2,
        }
    }

    fn report(rows: Option<Vec<ReportRow>>) -> LessonReport {
        let lesson = LessonSummary {
            lesson_id: InviteId::new("lesson").expect("an identifier"),
            // 22 November 2026, 13:05 UTC.
            started: 1_795_352_700_000,
            length_ms: 3_000_000,
            on: false,
            people: 1,
        };
        LessonReport { lesson, rows }
    }

    fn written(report: &LessonReport, language: Language) -> String {
        let bytes = csv(Text::new(language), &clock(), report).expect("rows");
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn a_spreadsheet_reads_names_times_and_numbers() {
        let text = written(&report(Some(vec![row("minjun", "김민준")])), Language::Korean);
        let lines: Vec<&str> = text.strip_prefix('\u{feff}').expect("a mark").split("\r\n").collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("이름,"), "{}", lines[0]);
        let wanted = "김민준,minjun,학생,2026-11-22 22:05:05,2026-11-22 22:36:40,0:30:00,0:01:05,3,2,1,2";
        assert_eq!((lines[1], lines[2]), (wanted, ""));
    }

    #[test]
    fn names_are_quoted_and_never_formulas() {
        let names = ["=1+1", "+82", "-x", "@me", "\tx", "a,b", "say \"hi\"", "O'Brien"];
        let rows = names.iter().map(|name| row("someone", name)).collect();
        let text = written(&report(Some(rows)), Language::English);
        let read = csv::ReaderBuilder::new().has_headers(true).from_reader(text.as_bytes()).into_records();
        let cells: Vec<String> = read.map(|row| row.expect("a row")[0].to_owned()).collect();
        assert_eq!(cells, ["'=1+1", "'+82", "'-x", "'@me", "'\tx", "a,b", "say \"hi\"", "O'Brien"]);
    }

    #[test]
    fn without_rows_there_is_no_file_and_without_stays_no_time() {
        assert_eq!(csv(Text::new(Language::English), &clock(), &report(None)), None);
        let absent = ReportRow { stays: vec![], ..row("ben", "Ben") };
        let text = written(&report(Some(vec![absent])), Language::English);
        assert!(text.contains("Ben,ben,Student,,,0:00:00,"), "{text}");
    }

    #[test]
    fn files_have_names_that_every_system_takes() {
        assert_eq!(file_name(&clock(), "7학년 2반: 수학/1", &report(None).lesson), "7학년 2반- 수학-1 2026-11-22.csv");
    }
}
