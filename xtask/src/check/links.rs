//! Links between the documents: every file that one of them names is there.

use std::fs;

use anyhow::Context;

use crate::workspace::Workspace;

pub(super) fn complaints(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for file in workspace
        .files()?
        .iter()
        .filter(|file| file.ends_with(".md"))
    {
        let path = workspace.path(file);
        let text = fs::read_to_string(&path).with_context(|| format!("read {file}"))?;
        let folder = path.parent().context("find the folder of a document")?;
        for (line, target) in links(&text) {
            if !folder.join(target).exists() {
                complaints.push(format!("{file}:{line}: no file {target}"));
            }
        }
    }
    Ok(complaints)
}

/// Targets of links and pictures that are files, with their line; code blocks are left out.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut links = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let targets = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !file.is_empty() {
                links.push((index + 1, file));
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_files_are_followed() {
        let text = "[a](docs/a.md#part) and ![b](b.png)\n[c](https://example.org) [d](#here)\n\
                    ```\n[e](in-code.md)\n```\n[f](mailto:a@example.org)[g](g.md)";
        assert_eq!(links(text), [(1, "docs/a.md"), (1, "b.png"), (6, "g.md")]);
    }
}
