// A thin link between a recorder and the cloud.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** 4 Mbit/s: less than the 16 that a recorder needs, and enough to stay connected. */
const BYTES_PER_MS = 500;

export class ThinUplink {
  #server;
  #sockets = new Set();
  port;

  /** To a port of this machine. */
  static async open(cloudPort) {
    const link = new ThinUplink();
    link.#server = createServer((near) => link.#join(near, connect(cloudPort, "127.0.0.1")));
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    link.port = link.#server.address().port;
    return link;
  }

  async close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Bytes to the cloud have to wait, those to the device do not. */
  #join(near, far) {
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      this.#sockets.add(socket);
      // The other end has gone.
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
    near.on("data", (bytes) => {
      far.write(bytes);
      near.pause();
      setTimeout(() => near.resume(), bytes.length / BYTES_PER_MS);
    });
    far.pipe(near);
  }
}
