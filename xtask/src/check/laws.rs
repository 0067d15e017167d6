//! Which package may depend on which: the laws of ARCHITECTURE.md, read from cargo's metadata.

#[cfg(test)]
mod tests;

use anyhow::Context;
use serde_json::Value;

use crate::workspace::Workspace;

/// Depend on no other package of the project: what they say holds everywhere.
const PURE: [&str; 2] = ["sightline-domain", "sightline-media"];

/// May see services, because they put parts together or try them from outside.
const COMPOSERS: [&str; 3] = ["sightline", "sightline-tests", "sightline-loadtest"];

/// May appear in one package only, so that it can be replaced there; so may what extends it, such
/// as `actix-rt`.
const CONFINED: [(&str, &str); 5] = [
    ("actix", "sightline-edge"),
    ("sled", "sightline-store"),
    ("sqlx", "sightline-store"),
    ("etcd-client", "sightline-coord"),
    ("retina", "sightline-agent"),
];

/// Names every direct dependency, each with the reason.
const REASONS: &str = "docs/adr/0008-dependencies.md";

pub(super) fn complaints(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let packages = read_packages(&workspace.metadata()?)?;
    let reasons = std::fs::read_to_string(workspace.path(REASONS))
        .with_context(|| format!("read {REASONS}"))?;
    let mut complaints = check_laws(&packages);
    for package in &packages {
        let file = format!("{}/Cargo.toml", package.folder);
        let manifest = std::fs::read_to_string(workspace.path(&file))
            .with_context(|| format!("read {file}"))?;
        complaints.extend(check_inherited(&file, &manifest));
    }
    complaints.extend(check_reasons(&packages, &reasons));
    Ok(complaints)
}

/// A package of the workspace.
struct Package {
    name: String,
    /// Its folder, from the root.
    folder: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// Of the workspace, and not of a registry.
    ours: bool,
    /// For tests only.
    dev: bool,
}

impl Package {
    fn is_service(&self) -> bool {
        self.folder.starts_with("services/") && !COMPOSERS.contains(&self.name.as_str())
    }
}

fn check_laws(packages: &[Package]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        let name = &package.name;
        for dependency in &package.dependencies {
            let on = &dependency.name;
            let service = packages
                .iter()
                .any(|other| other.name == *on && other.is_service());
            // Tests of a pure crate may use another pure crate, but nothing may use a service.
            if PURE.contains(&name.as_str()) && dependency.ours && !dependency.dev {
                complaints.push(format!(
                    "{name} depends on {on}, but may depend on none of ours"
                ));
            } else if service && !COMPOSERS.contains(&name.as_str()) {
                complaints.push(format!("{name} depends on {on}, which is a service"));
            } else if COMPOSERS.contains(&on.as_str()) && !COMPOSERS.contains(&name.as_str()) {
                complaints.push(format!("{name} depends on {on}, which is made of services"));
            }
            if let Some((_, home)) = CONFINED.iter().find(|(confined, _)| is_part(on, confined))
                && home != name
            {
                complaints.push(format!(
                    "{name} depends on {on}, which only {home} may name"
                ));
            }
        }
    }
    complaints
}

/// Whether it is the library, or extends it by its name.
fn is_part(dependency: &str, library: &str) -> bool {
    dependency
        .strip_prefix(library)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Dependencies with a version, a path or features of their own: all are declared in the workspace
/// manifest.
fn check_inherited(file: &str, manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut complaints = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            // `[dependencies.name]` would hide what it takes from where.
            if section.contains("dependencies.") {
                complaints.push(format!("{file}: [{section}] belongs on one line"));
            }
        } else if section.ends_with("dependencies")
            && !line.is_empty()
            && !line.starts_with('#')
            && !line.contains("workspace = true")
        {
            complaints.push(format!("{file}: `{line}` is not that of the workspace"));
        }
    }
    complaints
}

fn check_reasons(packages: &[Package], reasons: &str) -> Vec<String> {
    let mut missing: Vec<&str> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| !dependency.ours)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !reasons.contains(&format!("`{name}`")))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    missing
        .into_iter()
        .map(|name| format!("{REASONS} has no reason for `{name}`"))
        .collect()
}

fn read_packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let root = metadata["workspace_root"]
        .as_str()
        .context("find the root")?;
    let packages = metadata["packages"]
        .as_array()
        .context("find the packages")?;
    packages
        .iter()
        .map(|package| {
            let manifest = text(package, "manifest_path")?;
            let folder = manifest
                .strip_prefix(root)
                .and_then(|path| path.strip_prefix('/'))
                .and_then(|path| path.strip_suffix("/Cargo.toml"))
                .with_context(|| format!("find {manifest} in the workspace"))?;
            let dependencies = package["dependencies"]
                .as_array()
                .context("find dependencies")?;
            Ok(Package {
                name: text(package, "name")?,
                folder: folder.to_owned(),
                dependencies: dependencies
                    .iter()
                    .map(read_dependency)
                    .collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

fn read_dependency(dependency: &Value) -> anyhow::Result<Dependency> {
    Ok(Dependency {
        name: text(dependency, "name")?,
        ours: dependency["path"].is_string(),
        dev: dependency["kind"].as_str() == Some("dev"),
    })
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    let text = value[key]
        .as_str()
        .with_context(|| format!("find `{key}` in cargo's metadata"))?;
    Ok(text.to_owned())
}
