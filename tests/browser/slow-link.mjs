// A slow way from the cloud to a browser: passes bytes on, and reads from the cloud no faster than it
// is told, so that what waits does so at the cloud, as behind a thin line.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { settings } from "./settings.mjs";

/** Runs `use` with a link to the cloud under test: its `url`, and `limit(bytesPerSecond)`. */
export async function withSlowLink(use) {
  const { hostname, port } = new URL(settings.url);
  const open = new Set();
  let limit = Infinity;
  const server = createServer({ noDelay: true }, (browser) => {
    const cloud = connect({ host: hostname, port, noDelay: true });
    for (const socket of [browser, cloud]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        browser.destroy();
        cloud.destroy();
        open.delete(socket);
      });
    }
    browser.pipe(cloud);
    cloud.on("data", (bytes) => {
      cloud.pause();
      const takesMs = (bytes.length / limit) * 1000;
      browser.write(bytes, () => setTimeout(() => cloud.resume(), takesMs));
    });
  });
  try {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await use({
      url: `https://${hostname}:${server.address().port}`,
      limit: (bytesPerSecond) => (limit = bytesPerSecond),
    });
  } finally {
    server.close();
    for (const socket of open) socket.destroy();
  }
}
