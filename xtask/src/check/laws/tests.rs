use serde_json::{Value, json};

use super::*;

/// A workspace of a pure crate, a store, two services and the binary, with one dependency more.
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
fn a_crate_may_not_depend_on_the_binary() {
    let packages = workspace_with("crates/store", ours("sightline"));
    assert_eq!(check_laws(&packages).len(), 1);
}

#[test]
fn actix_and_sled_stay_in_their_homes() {
    for (package, confined) in [
        ("services/identity", "sled"),
        ("services/sightline", "actix"),
    ] {
        assert_eq!(
            check_laws(&workspace_with(package, theirs(confined))).len(),
            1,
            "{confined}"
        );
    }
}

#[test]
fn a_dependency_without_a_reason_is_named() {
    let packages = workspace_with("services/identity", theirs("left-pad"));
    let complaints = check_reasons(&packages, "`sled` stores, `actix` acts, left-pad pads");
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].ends_with("`left-pad`"), "{complaints:?}");
}
