//! `cargo xtask demo`: from a fresh clone to a running cloud with cameras.

use crate::node::{self, Node};
use crate::process::become_program;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> anyhow::Result<()> {
    match node::find()? {
        Node::Usable => node::build_portal(workspace)?,
        Node::Unusable(why) => {
            println!("{why}: the portal will be a page that says how to build it.");
            println!("Everything else works; https://nodejs.org has node.");
        }
    }
    println!("Building sightline. The first time takes some minutes.");
    become_program(
        workspace
            .cargo()
            .args([
                "run",
                "--package",
                "sightline",
                "--bin",
                "sightline",
                "--",
                "demo",
            ])
            .args(args),
    )
}
