//! Compiles the contracts in `proto/` with a pure-Rust compiler, so that a build needs no protoc.

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = [
        "sightline/device/v1/device.proto",
        "sightline/identity/v1/identity.proto",
        "sightline/internal/v1/accounts.proto",
        "sightline/internal/v1/devices.proto",
        "sightline/internal/v1/grants.proto",
        "sightline/internal/v1/operator.proto",
        "sightline/live/v1/live.proto",
        "sightline/policy/v1/policy.proto",
        "sightline/registry/v1/registry.proto",
        "sightline/sharing/v1/sharing.proto",
    ];
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).open_files(files)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    // By the compiler itself, which keeps the policies of methods; the types of prost drop them.
    std::fs::write(out, compiler.encode_file_descriptor_set())?;
    let descriptors = compiler.file_descriptor_set();
    tonic_prost_build::configure()
        // Frames pass through without a copy.
        .bytes(".")
        .type_attribute(".", "#[allow(missing_docs)]")
        .compile_fds(descriptors)?;
    Ok(())
}
