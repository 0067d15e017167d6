use tokio::io::BufReader;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::*;

#[test]
fn device_that_is_silent_even_when_asked_is_given_up() {
    let paused = || {
        let mut runtime = Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().unwrap()
    };
    actix::System::with_tokio_rt(paused).block_on(async {
        // It stays connected, and nobody is there.
        let (edge, _device) = tokio::io::duplex(4096);
        let tunnel = Tunnel::open(BufReader::new(edge), Vec::new())
            .await
            .unwrap();
        let closed = tunnel.closed();
        let within = PING_INTERVAL + PING_TIMEOUT + Duration::from_secs(1);
        timeout(within, closed.cancelled()).await.unwrap();
    });
}
