// Still pictures: GET /v1/snapshot/{device}/{channel}, image/jpeg.

import type { TokenSource } from "../session/token-source";

/** Devices make the pictures themselves, one after the other. */
const AT_ONCE_MAX = 4;

/** Longest wait for one picture: the camera may have to be connected first. */
const TIMEOUT_MS = 15_000;

let running = 0;
const waiting: (() => void)[] = [];

/** A JPEG of the channel, at most a few seconds old. Rejects when there is none to be had. */
export async function takeSnapshot(
  tokens: TokenSource,
  device: string,
  channel: number,
  signal?: AbortSignal,
): Promise<Blob> {
  await turn();
  try {
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(`/v1/snapshot/${encodeURIComponent(device)}/${channel}`, {
      headers: { authorization: `Bearer ${await tokens.accessToken()}` },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (!answer.ok) throw new Error(`snapshot: HTTP ${answer.status}`);
    return await answer.blob();
  } finally {
    passTurn();
  }
}

function turn(): Promise<void> {
  if (running >= AT_ONCE_MAX) return new Promise((resolve) => waiting.push(resolve));
  running++;
  return Promise.resolve();
}

function passTurn(): void {
  const next = waiting.shift();
  if (next === undefined) running--;
  else next();
}

/** Name of a saved picture: device, channel and local time, sortable. */
export function snapshotName(device: string, channel: string, at: Date): string {
  const pad = (n: number) => String(n).padStart(2, "0");
  const day = [at.getFullYear(), pad(at.getMonth() + 1), pad(at.getDate())].join("-");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join("-");
  const words = [device, channel].map((word) => word.replace(/[^\p{L}\p{N}]+/gu, "-"));
  return `${words.join("_")}_${day}_${time}.jpg`;
}
