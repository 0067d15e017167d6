//! A link that passes few bytes a second from the device to the cloud, and has little room.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Bytes pass in this rhythm.
const TICK: Duration = Duration::from_millis(20);
/// Room of the link, bytes.
const BUFFER_BYTES: u32 = 16 << 10;

/// Address of a link to this one, for one connection after the other.
pub(crate) fn to(cloud: SocketAddr, bytes_per_second: usize) -> SocketAddr {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(BUFFER_BYTES).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((device, _)) = listener.accept().await {
            let cloud = TcpStream::connect(cloud).await.unwrap();
            let (mut from_device, mut to_device) = device.into_split();
            let (mut from_cloud, mut to_cloud) = cloud.into_split();
            let down =
                tokio::spawn(async move { tokio::io::copy(&mut from_cloud, &mut to_device).await });
            let bytes_per_tick = bytes_per_second * TICK.as_millis() as usize / 1000;
            let mut piece = vec![0; bytes_per_tick];
            let mut tick = tokio::time::interval(TICK);
            loop {
                tick.tick().await;
                match from_device.read(&mut piece).await {
                    Ok(read) if read > 0 => {
                        if to_cloud.write_all(&piece[..read]).await.is_err() {
                            break;
                        }
                    }
                    _ => break,
                }
            }
            down.abort();
        }
    });
    address
}
