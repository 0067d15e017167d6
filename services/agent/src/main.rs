//! The program; everything is in the library.

fn main() -> anyhow::Result<()> {
    sightline_agent::cli::main()
}
