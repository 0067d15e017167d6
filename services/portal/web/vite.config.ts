import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Below this many bytes an answer fits one packet anyway. */
const COMPRESS_MIN_BYTES = 1400;

/** Writes `name.br` beside each text file, so that the server compresses nothing at run time. */
function brotli(): Plugin {
  return {
    name: "brotli",
    apply: "build",
    writeBundle({ dir }) {
      for (const name of readdirSync(dir!, { recursive: true, encoding: "utf8" })) {
        const path = join(dir!, name);
        if (/\.(html|js|css|svg)$/.test(name) && statSync(path).size >= COMPRESS_MIN_BYTES) {
          writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path)));
        }
      }
    },
  };
}

/** Where `npm run dev` finds the API. */
const server = process.env.SIGHTLINE_URL ?? "https://127.0.0.1:8443";

export default defineConfig({
  plugins: [svelte(), brotli()],
  build: {
    target: ["chrome111", "firefox113", "safari16.4"],
    // The server's policy allows no `data:` addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/sightline.": { target: server, secure: false },
      "/v1/": { target: server, secure: false, ws: true },
    },
  },
});
