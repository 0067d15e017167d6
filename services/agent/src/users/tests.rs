//! What the person at the device may rely on.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::data_dir::DataDir;

const PASSWORD: &str = "tr4in-Window";

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn names(data_dir: &Path) -> Vec<String> {
    let users = Users::read(data_dir).unwrap();
    users.all().iter().map(|u| u.name.to_string()).collect()
}

#[test]
fn user_has_the_role_and_the_password_that_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), name("anna"), Role::Administrator, PASSWORD).unwrap();
    add(dir.path(), name("bob"), Role::Viewer, "pine&gravel").unwrap();
    let users = Users::read(dir.path()).unwrap();
    assert_eq!(users.verify("anna", PASSWORD), Some(Role::Administrator));
    assert_eq!(users.verify("bob", "pine&gravel"), Some(Role::Viewer));
    for (name, password) in [
        ("bob", PASSWORD),
        ("Anna", PASSWORD),
        ("anna", "tr4in-Window "),
        ("carl", PASSWORD),
        ("", ""),
    ] {
        assert_eq!(users.verify(name, password), None, "{name} {password}");
    }
}

#[test]
fn unknown_user_takes_as_long_as_a_wrong_password() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), name("anna"), Role::Viewer, PASSWORD).unwrap();
    let users = Users::read(dir.path()).unwrap();
    let time = |name: &str| {
        let began = std::time::Instant::now();
        assert_eq!(users.verify(name, "pine&gravel"), None);
        began.elapsed().as_secs_f64()
    };
    // By turns, and the least of several: everything else on the machine only adds to it.
    let least = |(a, b): (f64, f64)| (a.min(time("anna")), b.min(time("nobody")));
    let (wrong, unknown) = (0..8).fold((f64::MAX, f64::MAX), |so_far, _| least(so_far));
    // Without a hash it would be a thousandth.
    assert!(
        unknown > wrong / 4.0 && unknown < wrong * 4.0,
        "{unknown} s instead of {wrong} s"
    );
}

#[test]
fn device_without_a_users_file_lets_nobody_in() {
    let dir = tempfile::tempdir().unwrap();
    let users = Users::read(dir.path()).unwrap();
    assert!(users.all().is_empty());
    assert_eq!(users.verify("admin", ""), None);
}

#[test]
fn file_is_its_owners_alone_and_holds_no_password() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), name("anna"), Role::Viewer, PASSWORD).unwrap();
    let path = dir.path().join(USERS_FILE);
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("anna") && !text.contains(PASSWORD), "{text}");
}

#[test]
fn taken_name_and_unfit_password_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), name("anna"), Role::Viewer, PASSWORD).unwrap();
    let taken = add(dir.path(), name("anna"), Role::Administrator, "pine&gravel");
    assert!(matches!(taken, Err(Error::Exists(_))), "{taken:?}");
    let unfit = add(dir.path(), name("bob"), Role::Viewer, "password1");
    assert!(matches!(unfit, Err(Error::Password(_))), "{unfit:?}");
    let users = Users::read(dir.path()).unwrap();
    assert_eq!(users.verify("anna", PASSWORD), Some(Role::Viewer));
    assert_eq!(names(dir.path()), ["anna"]);
}

#[test]
fn removed_user_is_let_in_no_more_and_cannot_be_removed_twice() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), name("anna"), Role::Viewer, PASSWORD).unwrap();
    remove(dir.path(), &name("anna")).unwrap();
    let users = Users::read(dir.path()).unwrap();
    assert_eq!(users.verify("anna", PASSWORD), None);
    let again = remove(dir.path(), &name("anna"));
    assert!(matches!(again, Err(Error::Missing(_))), "{again:?}");
}

#[test]
fn changes_at_the_same_time_all_stay() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                add(dir, name(&format!("u{number}")), Role::Viewer, PASSWORD).unwrap();
            });
        }
    });
    let mut names = names(dir.path());
    names.sort();
    assert_eq!(names, ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"]);
}

#[test]
fn device_is_full_before_its_file_is_too_long_to_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let hash = password::Hash::new(PASSWORD).unwrap();
    let user = |number: usize| User {
        name: name(&format!("{number:x>32}")),
        role: Role::Administrator,
        password: hash.clone(),
    };
    let users = (0..USERS_MAX).map(user).collect();
    Users { users }.write(dir.path()).unwrap();
    let full = add(dir.path(), name("one-more"), Role::Viewer, PASSWORD);
    assert!(matches!(full, Err(Error::Full)), "{full:?}");
    assert_eq!(names(dir.path()).len(), USERS_MAX);
}

#[test]
fn damaged_or_exposed_file_is_not_taken_for_one_without_users() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(USERS_FILE);
    for damaged in [
        "",
        "{}",
        r#"{"users":[{"name":"a b","role":"viewer","password":""}]}"#,
        r#"{"users":[{"name":"a","role":"viewer","password":"plain"}]}"#,
        r#"{"users":[{"name":"a","role":"root","password":""}]}"#,
    ] {
        data_dir::write_secret(dir.path(), USERS_FILE, damaged).unwrap();
        let refused = add(dir.path(), name("anna"), Role::Viewer, PASSWORD);
        assert!(
            matches!(
                refused,
                Err(Error::DataDir(data_dir::Error::Damaged { .. }))
            ),
            "{damaged}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(
        Users::read(dir.path()),
        Err(data_dir::Error::Exposed { .. })
    ));
}

#[test]
fn demo_administrator_is_the_same_at_each_start() {
    let dir = tempfile::tempdir().unwrap();
    let start = || demo_administrator(&DataDir::open(dir.path()).unwrap()).unwrap();
    let (first_name, first) = start().unwrap();
    let (second_name, second) = start().unwrap();
    assert_eq!(
        (second_name.as_str(), second.reveal()),
        (first_name.as_str(), first.reveal())
    );
    let users = Users::read(dir.path()).unwrap();
    let role = users.verify(first_name.as_str(), first.reveal());
    assert_eq!(role, Some(Role::Administrator));
    let path = dir.path().join("demo-password");
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn demo_administrator_that_somebody_removed_or_changed_does_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let start = || demo_administrator(&DataDir::open(dir.path()).unwrap()).unwrap();
    let (admin, _) = start().unwrap();
    remove(dir.path(), &admin).unwrap();
    assert!(start().is_none());
    assert!(Users::read(dir.path()).unwrap().all().is_empty());
    add(dir.path(), admin, Role::Administrator, PASSWORD).unwrap();
    assert!(start().is_none());
}

#[test]
fn two_demo_devices_share_no_password() {
    let [a, b] = [(); 2].map(|()| {
        let dir = tempfile::tempdir().unwrap();
        let (_, password) = demo_administrator(&DataDir::open(dir.path()).unwrap())
            .unwrap()
            .unwrap();
        password.reveal().to_owned()
    });
    assert_ne!(a, b);
    assert_eq!(sightline_domain::password::check(&a), Ok(()));
}
