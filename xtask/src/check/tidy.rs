//! The shape of files: their length, their names, and dashes that keyboards do not have.

use std::fs;

use anyhow::Context;

use crate::node::PORTAL;
use crate::workspace::Workspace;

/// Lines of a source file. A reader holds one subject at a time; longer files have two.
const LINES_MAX: usize = 600;

/// Lines of a file of tests, which are read one by one.
const TEST_LINES_MAX: usize = 900;

const SOURCES: [&str; 8] = [
    ".rs", ".ts", ".js", ".mjs", ".svelte", ".css", ".py", ".proto",
];

/// Files whose dashes are plain: the portal's texts follow the typography of their language.
const PLAIN: [&str; 4] = [".rs", ".proto", ".toml", ".md"];

const EM_DASH: char = '\u{2014}';

pub(super) fn complaints(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let generated = format!("{PORTAL}/src/gen/");
    let mut complaints = Vec::new();
    for file in workspace.files()? {
        let ends_with = |endings: &[&str]| endings.iter().any(|ending| file.ends_with(ending));
        if file.starts_with(&generated) || !(ends_with(&SOURCES) || ends_with(&PLAIN)) {
            continue;
        }
        let text =
            fs::read_to_string(workspace.path(&file)).with_context(|| format!("read {file}"))?;
        if ends_with(&SOURCES) {
            complaints.extend(check_shape(&file, text.lines().count()));
        }
        if ends_with(&PLAIN) {
            let dashes = text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.contains(EM_DASH));
            complaints.extend(dashes.map(|(at, _)| format!("{file}:{}: an em dash", at + 1)));
        }
    }
    Ok(complaints)
}

fn check_shape(file: &str, lines: usize) -> Option<String> {
    if file.ends_with("/mod.rs") {
        return Some(format!(
            "{file}: call it by the folder's name, beside the folder"
        ));
    }
    let max = if is_test(file) {
        TEST_LINES_MAX
    } else {
        LINES_MAX
    };
    (lines > max).then(|| format!("{file}: {lines} lines, more than {max}: divide it"))
}

fn is_test(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name == "tests.rs"
        || name.contains(".test.")
        || file.starts_with("tests/")
        || file.contains("/tests/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_as_long_as_its_limit() {
        assert_eq!(check_shape("crates/a/src/lib.rs", LINES_MAX), None);
        assert!(check_shape("crates/a/src/lib.rs", LINES_MAX + 1).is_some());
    }

    #[test]
    fn tests_have_their_own_limit() {
        for file in [
            "crates/a/src/b/tests.rs",
            "tests/src/lib.rs",
            "services/p/web/src/a.test.ts",
        ] {
            assert_eq!(check_shape(file, TEST_LINES_MAX), None, "{file}");
            assert!(check_shape(file, TEST_LINES_MAX + 1).is_some(), "{file}");
        }
        assert!(check_shape("crates/a/src/contests.rs", TEST_LINES_MAX).is_some());
    }

    #[test]
    fn mod_rs_is_refused() {
        assert!(check_shape("crates/a/src/b/mod.rs", 1).is_some());
    }
}
