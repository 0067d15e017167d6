//! Puts what the portal serves into `OUT_DIR/web`: the built browser application, or a page that
//! says how to build it, so that `cargo build` needs no node. Writes nothing into the source tree.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let web = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("web");
    let embedded = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("web");
    if embedded.exists() {
        fs::remove_dir_all(&embedded)?;
    }
    let dist = web.join("dist");
    if dist.join("index.html").is_file() {
        println!("cargo:rerun-if-changed={}", dist.display());
        copy_tree(&dist, &embedded)
    } else {
        // Naming `dist` here would rebuild every time, because a missing path counts as changed;
        // its appearance changes the folder above it.
        println!("cargo:rerun-if-changed={}", web.display());
        copy_tree(&web.join("placeholder"), &embedded)
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
