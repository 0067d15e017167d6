//! `sightline-loadtest`: see the library.

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    sightline_loadtest::cli::run().await
}
