use serde_json::{Value, json};

use super::*;

/// A workspace of a pure crate, a store, two services, what is made of them and what is not, with
/// one dependency more.
fn workspace_with(package: &str, dependency: Value) -> Vec<Package> {
    let ours = |name: &str| json!({"name": name, "path": "/project/somewhere", "kind": null});
    let mut packages = json!({
        "crates/domain": {"name": "sightline-domain", "dependencies": []},
        "crates/store": {"name": "sightline-store", "dependencies": [
            ours("sightline-domain"),
            {"name": "sled", "path": null, "kind": null},
        ]},
        "services/edge": {"name": "sightline-edge", "dependencies": [
            ours("sightline-domain"),
            {"name": "actix", "path": null, "kind": null},
        ]},
        "services/identity": {"name": "sightline-identity", "dependencies": [ours("sightline-store")]},
        "services/sightline": {"name": "sightline", "dependencies": [
            ours("sightline-edge"),
            ours("sightline-identity"),
        ]},
        "loadtest": {"name": "sightline-loadtest", "dependencies": [ours("sightline-domain")]},
        "tests": {"name": "sightline-tests", "dependencies": [ours("sightline-loadtest")]},
        "fuzz": {"name": "sightline-fuzz", "dependencies": [ours("sightline-domain")]},
    });
    packages[package]["dependencies"]
        .as_array_mut()
        .unwrap()
        .push(dependency);
    let packages: Vec<Value> = packages
        .as_object()
        .unwrap()
        .iter()
        .map(|(folder, package)| {
            let mut package = package.clone();
            package["manifest_path"] = json!(format!("/project/{folder}/Cargo.toml"));
            package
        })
        .collect();
    read_packages(&json!({"workspace_root": "/project", "packages": packages})).unwrap()
}

fn ours(name: &str) -> Value {
    json!({"name": name, "path": "/project/somewhere", "kind": null})
}

fn theirs(name: &str) -> Value {
    json!({"name": name, "path": null, "kind": null})
}

#[test]
fn a_lawful_workspace_has_no_complaints() {
    let packages = workspace_with("services/edge", ours("sightline-store"));
    assert_eq!(check_laws(&packages), Vec::<String>::new());
}

#[test]
fn a_pure_crate_may_depend_on_none_of_ours() {
    let packages = workspace_with("crates/domain", ours("sightline-store"));
    assert_eq!(check_laws(&packages).len(), 1);
}

#[test]
fn a_service_may_not_depend_on_a_service() {
    let packages = workspace_with("services/identity", ours("sightline-edge"));
    assert_eq!(check_laws(&packages).len(), 1);
}

#[test]
fn not_even_tests_of_a_crate_may_use_a_service() {
    let test_only = json!({"name": "sightline-edge", "path": "/project/x", "kind": "dev"});
    assert_eq!(
        check_laws(&workspace_with("crates/store", test_only)).len(),
        1
    );
}

#[test]
fn nothing_else_sees_services_or_what_is_made_of_them() {
    for package in ["crates/store", "services/identity", "fuzz"] {
        for on in ["sightline-edge", "sightline", "sightline-loadtest"] {
            let packages = workspace_with(package, ours(on));
            assert_eq!(check_laws(&packages).len(), 1, "{package} on {on}");
        }
    }
    let packages = workspace_with("tests", ours("sightline-edge"));
    assert_eq!(check_laws(&packages), Vec::<String>::new());
}

#[test]
fn confined_libraries_stay_in_their_homes() {
    for (library, _) in CONFINED {
        for dependency in [library.to_owned(), format!("{library}-core")] {
            let packages = workspace_with("services/identity", theirs(&dependency));
            assert_eq!(check_laws(&packages).len(), 1, "{dependency}");
        }
    }
    let other = workspace_with("services/identity", theirs("sledge"));
    assert_eq!(check_laws(&other), Vec::<String>::new());
}

#[test]
fn a_dependency_is_declared_in_the_workspace_only() {
    let inherited = "[dependencies]\n# Why.\nbytes.workspace = true\n\
        mp4 = { workspace = true, features = [\"x\"] }\n\n[features]\nall = []\n";
    assert_eq!(check_inherited("a", inherited), Vec::<String>::new());
    for own in [
        "[dependencies]\nbytes = \"1\"\n",
        "[target.'cfg(unix)'.dev-dependencies]\nbytes = { path = \"../b\" }\n",
        "[build-dependencies.bytes]\nversion = \"1\"\n",
    ] {
        assert_eq!(check_inherited("a", own).len(), 1, "{own}");
    }
}

#[test]
fn a_dependency_without_a_reason_is_named() {
    let packages = workspace_with("services/identity", theirs("left-pad"));
    let complaints = check_reasons(&packages, "`sled` stores, `actix` acts, left-pad pads");
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].ends_with("`left-pad`"), "{complaints:?}");
}
