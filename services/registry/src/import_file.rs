//! Reading a file of devices to import: CSV (RFC 4180) or JSON.
//!
//! What is wrong with the file as a whole is found here, before anything is claimed. What is wrong
//! with a line is the result of that line.

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use serde::Deserialize;
use sightline_rpc::registry::v1::import_devices_request::File;
use sightline_rpc::registry::v1::{ClaimDeviceRequest, DeviceAdministrator};

/// Largest file, bytes.
pub(crate) const FILE_BYTES_MAX: usize = 48 << 10;
/// Most devices of a file.
pub(crate) const LINES_MAX: usize = 500;

/// Why a file cannot be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No file, or no device in it.
    #[error("there is no device in the file")]
    Empty,
    /// Too many bytes.
    #[error("the file has more than {} KiB", FILE_BYTES_MAX >> 10)]
    TooLarge,
    /// Too many devices.
    #[error("the file has more than {LINES_MAX} devices")]
    TooManyLines,
    /// The first line does not name the columns.
    #[error(
        "the first line names the columns: cloud_id, name, and verification_code or user_name and password"
    )]
    Heading,
    /// Not a list in JSON.
    #[error("the file is not a list in JSON: line {line}, column {column}")]
    Json {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
}

/// One device of a file.
pub(crate) struct Line {
    /// 1-based: of the file for CSV, of the list for JSON.
    pub(crate) number: u32,
    /// `None` when it cannot be understood.
    pub(crate) entry: Option<Entry>,
}

/// What a line says. It holds secrets, so it has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    pub(crate) cloud_id: String,
    pub(crate) name: String,
    verification_code: String,
    user_name: String,
    password: String,
}

impl Entry {
    /// The claim that the line asks for.
    pub(crate) fn claim(&self) -> ClaimDeviceRequest {
        let named = !self.user_name.is_empty() || !self.password.is_empty();
        ClaimDeviceRequest {
            device_id: self.cloud_id.clone(),
            name: self.name.clone(),
            verification_code: self.verification_code.clone(),
            request_id: uuid::Uuid::new_v4().to_string(),
            administrator: named.then(|| DeviceAdministrator {
                user_name: self.user_name.clone(),
                password: self.password.clone(),
            }),
        }
    }

    fn from_record(headings: &StringRecord, record: &StringRecord) -> Self {
        let mut entry = Self::default();
        for (heading, value) in headings.iter().zip(record) {
            let field = match heading {
                CLOUD_ID => &mut entry.cloud_id,
                NAME => &mut entry.name,
                VERIFICATION_CODE => &mut entry.verification_code,
                USER_NAME => &mut entry.user_name,
                PASSWORD => &mut entry.password,
                _ => continue,
            };
            value.clone_into(field);
        }
        entry
    }
}

const CLOUD_ID: &str = "cloud_id";
const NAME: &str = "name";
const VERIFICATION_CODE: &str = "verification_code";
const USER_NAME: &str = "user_name";
const PASSWORD: &str = "password";

/// The devices of a file, in its order.
///
/// # Errors
/// [`FileError`].
pub(crate) fn lines(file: Option<&File>) -> Result<Vec<Line>, FileError> {
    let text = match file {
        Some(File::Csv(text) | File::Json(text)) => text,
        None => return Err(FileError::Empty),
    };
    if text.len() > FILE_BYTES_MAX {
        return Err(FileError::TooLarge);
    }
    // Spreadsheets put a byte order mark before the text.
    let text = text.trim_start_matches('\u{feff}');
    let lines = match file {
        Some(File::Json(_)) => json_lines(text)?,
        _ => csv_lines(text)?,
    };
    match lines.len() {
        0 => Err(FileError::Empty),
        1..=LINES_MAX => Ok(lines),
        _ => Err(FileError::TooManyLines),
    }
}

fn csv_lines(text: &str) -> Result<Vec<Line>, FileError> {
    let heading = text.lines().find(|line| !line.trim().is_empty());
    let heading = heading.ok_or(FileError::Empty)?;
    let count = |delimiter| heading.matches(delimiter).count();
    let delimiter = if count(';') > count(',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(Trim::Headers)
        .from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|_| FileError::Heading)?;
    let headings: StringRecord = headings.iter().map(str::to_ascii_lowercase).collect();
    let has = |name| headings.iter().any(|heading| heading == name);
    let has_proof = has(VERIFICATION_CODE) || (has(USER_NAME) && has(PASSWORD));
    if !(has(CLOUD_ID) && has(NAME) && has_proof) {
        return Err(FileError::Heading);
    }
    let mut lines = Vec::new();
    let mut places = Places::new(text);
    for record in reader.records() {
        let (position, entry) = match record {
            // What spreadsheets leave of an emptied row.
            Ok(record) if record.iter().all(|field| field.trim().is_empty()) => continue,
            Ok(record) => {
                let entry = Entry::from_record(&headings, &record);
                (record.position().cloned(), Some(entry))
            }
            Err(error) => match error.kind() {
                ErrorKind::UnequalLengths { pos, .. } => (pos.clone(), None),
                // A text in memory is read without errors, and is UTF-8 already.
                _ => return Err(FileError::Heading),
            },
        };
        if lines.len() == LINES_MAX {
            return Err(FileError::TooManyLines);
        }
        let number = position.map_or(0, |position| places.line_at(position.byte()));
        lines.push(Line { number, entry });
    }
    Ok(lines)
}

/// Counts the lines of a text on the way through it. A line ends with a line feed, a carriage
/// return, or both.
struct Places<'a> {
    text: &'a [u8],
    counted: usize,
    line: u32,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            counted: 0,
            line: 1,
        }
    }

    /// The line on which a record begins, which is not before the last one. The reader's position
    /// is right after the record before, with blank lines in between, and maybe half of a line
    /// break.
    fn line_at(&mut self, byte: u64) -> u32 {
        let after_last = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(&here) = self.text.get(self.counted) {
            let breaks = matches!(here, b'\r' | b'\n');
            if self.counted >= after_last && !breaks {
                break;
            }
            self.counted += 1;
            let half = here == b'\r' && self.text.get(self.counted) == Some(&b'\n');
            self.line += u32::from(breaks && !half);
        }
        self.line
    }
}

fn json_lines(text: &str) -> Result<Vec<Line>, FileError> {
    let values: Vec<serde_json::Value> =
        serde_json::from_str(text).map_err(|error| FileError::Json {
            line: error.line(),
            column: error.column(),
        })?;
    let lines = (1..).zip(values).map(|(number, value)| Line {
        number,
        entry: serde_json::from_value(value).ok(),
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<Vec<Line>, FileError> {
        lines(Some(&File::Csv(text.into())))
    }

    fn json(text: &str) -> Result<Vec<Line>, FileError> {
        lines(Some(&File::Json(text.into())))
    }

    fn refused(lines: Result<Vec<Line>, FileError>) -> FileError {
        lines.err().unwrap()
    }

    /// Number, name and code of each line that was understood.
    fn understood(lines: &[Line]) -> Vec<(u32, &str, &str)> {
        let entry = |line: &'_ Line| line.entry.is_some();
        let lines = lines.iter().filter(|line| entry(line));
        lines
            .map(|line| {
                let entry = line.entry.as_ref().unwrap();
                (
                    line.number,
                    entry.name.as_str(),
                    entry.verification_code.as_str(),
                )
            })
            .collect()
    }

    #[test]
    fn commas_and_semicolons_quotes_and_line_breaks_are_read_alike() {
        let commas = csv("\u{feff}Cloud_ID, name ,verification_code,note\r\n\
             A,\"Gate, \"\"north\"\"\",1,x\r\n,,,\r\n\r\nB,\"two\nlines\",2,\r\nC,Shed,3,\r\n")
        .unwrap();
        let expected = [
            (2, "Gate, \"north\"", "1"),
            (5, "two\nlines", "2"),
            (7, "Shed", "3"),
        ];
        assert_eq!(understood(&commas), expected);
        let semicolons = csv("name;cloud_id;verification_code\nДвор, север;A;1").unwrap();
        assert_eq!(understood(&semicolons), [(2, "Двор, север", "1")]);
    }

    #[test]
    fn carriage_returns_alone_end_lines_too() {
        let lines = csv("cloud_id,name,verification_code\rA,Gate,1\r\rB,Shed,2\r").unwrap();
        assert_eq!(understood(&lines), [(2, "Gate", "1"), (4, "Shed", "2")]);
    }

    #[test]
    fn a_line_with_another_number_of_fields_is_the_only_one_that_is_lost() {
        let lines = csv("cloud_id,name,verification_code\nA,Gate,north,1\nB,Shed,2\nC\n").unwrap();
        let understood: Vec<bool> = lines.iter().map(|line| line.entry.is_some()).collect();
        assert_eq!(understood, [false, true, false]);
        assert_eq!(
            lines.iter().map(|l| l.number).collect::<Vec<_>>(),
            [2, 3, 4]
        );
    }

    #[test]
    fn a_file_without_a_heading_is_refused() {
        for text in [
            "A,Gate,1\nB,Shed,2",
            "cloud_id,name\nA,Gate",
            "cloud_id,verification_code\nA,1",
            "cloud_id,name,user_name\nA,Gate,admin",
        ] {
            assert_eq!(refused(csv(text)), FileError::Heading, "{text}");
        }
        assert!(csv("cloud_id,name,user_name,password\nA,Gate,admin,secret").is_ok());
    }

    #[test]
    fn a_file_without_devices_is_refused() {
        assert_eq!(refused(lines(None)), FileError::Empty);
        assert_eq!(refused(csv(" \n\n")), FileError::Empty);
        assert_eq!(
            refused(csv("cloud_id,name,verification_code\n,,\n")),
            FileError::Empty
        );
        assert_eq!(refused(json("[]")), FileError::Empty);
    }

    #[test]
    fn a_file_beyond_its_limits_is_refused() {
        let many = "A,Gate,1\n".repeat(501);
        let heading = "cloud_id,name,verification_code\n";
        assert_eq!(
            refused(csv(&format!("{heading}{many}"))),
            FileError::TooManyLines
        );
        let most = "A,Gate,1\n".repeat(500);
        assert_eq!(csv(&format!("{heading}{most}")).unwrap().len(), 500);
        let large = "x".repeat(FILE_BYTES_MAX + 1);
        assert_eq!(refused(csv(&large)), FileError::TooLarge);
    }

    #[test]
    fn a_list_in_json_is_read_and_what_is_no_device_in_it_is_lost_alone() {
        let text = r#"[{"cloud_id": "A", "name": "Gate", "verification_code": "1", "note": 1},
            7, {"cloud_id": 7}, {"cloud_id": "B"}]"#;
        let lines = json(text).unwrap();
        assert_eq!(understood(&lines), [(1, "Gate", "1"), (4, "", "")]);
        assert_eq!(lines.len(), 4);
        assert_eq!(
            refused(json("[{},\n {]")),
            FileError::Json { line: 2, column: 3 }
        );
        assert!(matches!(refused(json("{}")), FileError::Json { .. }));
    }
}
