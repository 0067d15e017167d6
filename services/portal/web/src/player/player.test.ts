import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeMediaSource } from "./fake-media-source";
import { fragment, initSegment, PICTURE } from "./mp4-pattern";
import { Player } from "./player";
import type { Format } from "./protocol";
import type { PlayerState } from "./state";

class FakeWebSocket {
  static OPEN = 1;
  static all: FakeWebSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly url: string) {
    FakeWebSocket.all.push(this);
  }

  send(text: string) {
    this.sent.push(text);
  }

  close() {
    this.isClosed = true;
  }

  open() {
    this.readyState = FakeWebSocket.OPEN;
    this.onopen?.();
  }

  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  bytes(data: ArrayBuffer) {
    this.onmessage?.({ data });
  }

  end(reason: string, more = {}) {
    this.say({ ended: { reason, message: "", ...more } });
  }
}

class FakeVideo extends EventTarget {
  currentTime = 0;
  playbackRate = 1;
  muted = true;
  paused = true;
  src = "";
  #presented: (() => void)[] = [];

  play() {
    this.paused = false;
    return Promise.resolve();
  }

  load() {}

  removeAttribute(name: string) {
    if (name === "src") this.src = "";
  }

  requestVideoFrameCallback(then: () => void) {
    this.#presented.push(then);
  }

  present() {
    for (const then of this.#presented.splice(0)) then();
  }
}

class FakeURL extends URL {
  static override createObjectURL = () => "blob:1";
  static override revokeObjectURL = () => undefined;
}

class FakeTokens {
  asked: boolean[] = [];
  #listeners = new Set<(token: string) => void>();

  accessToken(fresh = false) {
    this.asked.push(fresh);
    return Promise.resolve(`token ${this.asked.length}`);
  }

  onToken(listener: (token: string) => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  renew(token: string) {
    for (const listener of this.#listeners) listener(token);
  }
}

const H264 = { mime: "h264", codecs: "avc1.64001f", width: 640, height: 360 };
const H264_AAC = { ...H264, mime: "h264,mp4a", codecs: "avc1.64001f,mp4a.40.2" };
const H265 = { ...H264, mime: "h265", codecs: "hvc1.1.6.L93.B0" };

let page: EventTarget & { hidden: boolean };
let video: FakeVideo;
let tokens: FakeTokens;
let states: PlayerState[];
let formats: Format[];
let told: string[];
let player: Player;

const socket = () => FakeWebSocket.all.at(-1)!;
const kind = () => states.at(-1)?.kind;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("WebSocket", FakeWebSocket);
  vi.stubGlobal("MediaSource", FakeMediaSource);
  vi.stubGlobal("URL", FakeURL);
  FakeWebSocket.all = [];
  [video, tokens, states, formats, told] = [new FakeVideo(), new FakeTokens(), [], [], []];
  const options = {
    video: video as never,
    origin: "https://cloud.example",
    device: "D",
    channel: 1,
    stream: "main" as const,
    tokens,
    askedAt: performance.now(),
  };
  player = new Player(options, {
    onState: (state) => states.push(state),
    onFirstPicture: (ms) => told.push(`first picture after ${ms} ms`),
    onFormat: (format) => formats.push(format),
    onGap: (lost) => told.push(`lost ${lost}`),
    onBehind: () => undefined,
    onSoundRefused: () => told.push("sound refused"),
    onSubstituted: (stream) => told.push(`instead: ${stream}`),
    onReplacing: () => told.push("replacing"),
  });
  await wait(0);
});

afterEach(() => {
  player.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** What the newest connection brings, as far as the first picture on the screen. */
function play(format: object = H264, init = initSegment("vide")): void {
  socket().open();
  begin(format, init);
  FakeMediaSource.last.open();
  video.present();
}

function begin(format: object, init: ArrayBuffer): void {
  socket().say(format);
  socket().bytes(init);
  socket().bytes(fragment(PICTURE, 0));
}

it("connects with its token, plays, and tells the first picture once", async () => {
  expect(kind()).toBe("connecting");
  expect(socket().url).toBe("wss://cloud.example/v1/live/D/1?stream=main");
  await wait(120);
  play();
  expect(socket().sent).toEqual(["token 1"]);
  expect(kind()).toBe("playing");
  expect(told).toEqual(["first picture after 120 ms"]);
  socket().say({ gap: { lost: 12 } });
  expect(told.at(-1)).toBe("lost 12");
});

it("comes back by itself from a lost connection, and keeps the picture until then", async () => {
  play();
  socket().onclose?.();
  expect(kind()).toBe("reconnecting");
  expect(told).not.toContain("replacing");
  await wait(399);
  expect(FakeWebSocket.all).toHaveLength(1);
  await wait(1);
  play();
  expect(told.at(-1)).toBe("replacing");
  expect(kind()).toBe("playing");
  expect(told.filter((what) => what.startsWith("first"))).toHaveLength(1);
});

it("speaks of no lost connection before there was a picture", () => {
  socket().onclose?.();
  expect(kind()).toBe("connecting");
});

it("waits longer after each attempt that fails, and not at all when the network returns", async () => {
  const waits = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const before = FakeWebSocket.all.length;
    const from = Date.now();
    socket().onclose?.();
    while (FakeWebSocket.all.length === before) await wait(100);
    waits.push(Date.now() - from);
  }
  expect(waits).toEqual([400, 800, 1600, 3200]);
  socket().onclose?.();
  window.dispatchEvent(new Event("online"));
  await wait(0);
  expect(FakeWebSocket.all).toHaveLength(6);
});

it("takes a silent connection for a lost one", async () => {
  play();
  await wait(15_000);
  expect(FakeWebSocket.all.length).toBeGreaterThan(1);
});

it("asks for a fresh token at once when the old one is refused, and not in a loop", async () => {
  socket().end("TOKEN_EXPIRED");
  await wait(0);
  expect(tokens.asked).toEqual([false, true]);
  socket().end("TOKEN_EXPIRED");
  await wait(0);
  expect(FakeWebSocket.all).toHaveLength(2);
});

it("passes a newer token on to the open stream", () => {
  play();
  tokens.renew("newer");
  expect(socket().sent).toEqual(["token 1", "newer"]);
});

it("says that access has ended, and asks again half a minute later", async () => {
  play();
  socket().end("ACCESS_ENDED");
  expect(kind()).toBe("ended");
  await wait(29_000);
  expect(FakeWebSocket.all).toHaveLength(1);
  await wait(1_000);
  expect(FakeWebSocket.all).toHaveLength(2);
});

it("says that access cannot be confirmed, until it can", async () => {
  play();
  socket().end("UNCONFIRMED");
  expect(kind()).toBe("unconfirmed");
  await wait(400);
  socket().end("UNAVAILABLE");
  expect(kind()).toBe("unconfirmed");
  await wait(800);
  play();
  expect(kind()).toBe("playing");
});

it("waits for the hours of a share without a word to the server", async () => {
  const opensAt = Date.now() + 3_600_000;
  play();
  socket().end("OUTSIDE_HOURS", { opens_at_unix_ms: opensAt });
  expect(states.at(-1)).toEqual({ kind: "outside-hours", opensAt });
  await wait(3_600_000);
  expect(FakeWebSocket.all).toHaveLength(1);
  await wait(2_000);
  expect(FakeWebSocket.all).toHaveLength(2);
});

it("takes the other stream for one that the browser cannot play, then says which codec", async () => {
  socket().open();
  socket().say(H265);
  await wait(0);
  expect(told).toEqual(["instead: sub"]);
  expect(socket().url).toMatch(/stream=sub$/);
  socket().say(H265);
  await wait(60_000);
  expect(states.at(-1)).toEqual({ kind: "unsupported", codecs: H265.codecs });
  expect(FakeWebSocket.all).toHaveLength(2);
  expect(socket().isClosed).toBe(true);
});

it("changes the codecs of the stream that runs, without a new source", async () => {
  play();
  const source = FakeMediaSource.last;
  socket().say({ ...H264, mime: "h264 high", codecs: "avc1.640028" });
  socket().bytes(initSegment("vide"));
  socket().bytes(fragment(PICTURE, 0));
  while (source.buffer.updating) source.buffer.finish();
  expect(FakeMediaSource.last).toBe(source);
  expect(source.buffer.log).toContain("type h264 high");
  expect(formats.map(({ codecs }) => codecs)).toEqual(["avc1.64001f", "avc1.640028"]);
});

it("takes a new source for tracks of another number", () => {
  play(H264_AAC, initSegment("vide"));
  const source = FakeMediaSource.last;
  begin(H264, initSegment("vide"));
  expect(FakeMediaSource.last).not.toBe(source);
  expect(told.at(-1)).toBe("replacing");
});

it("plays a picture whose sound is announced and never sent", () => {
  socket().open();
  begin(H264_AAC, initSegment("vide", "soun"));
  expect(formats).toEqual([]);
  socket().bytes(fragment(PICTURE, 0.9));
  socket().bytes(fragment(PICTURE, 1.1));
  FakeMediaSource.last.open();
  video.present();
  expect(formats.map(({ codecs }) => codecs)).toEqual(["avc1.64001f"]);
  expect(kind()).toBe("playing");
});

it("gives a silent picture up that nobody has seen for a minute, and brings it back", async () => {
  play();
  page.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  for (let at = 0; at < 7; at++) {
    socket().bytes(fragment(PICTURE, 0));
    await wait(10_000);
  }
  expect(socket().isClosed).toBe(true);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  await wait(0);
  expect(kind()).toBe("reconnecting");
  expect(FakeWebSocket.all).toHaveLength(2);
});

it("goes on with sound in a page that is not seen", async () => {
  play();
  video.muted = false;
  page.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  for (let at = 0; at < 12; at++) {
    socket().bytes(fragment(PICTURE, 0));
    await wait(10_000);
  }
  expect(FakeWebSocket.all).toHaveLength(1);
});

it("starts over when the element fails", async () => {
  play();
  video.dispatchEvent(new Event("error"));
  expect(kind()).toBe("reconnecting");
  await wait(400);
  expect(FakeWebSocket.all).toHaveLength(2);
});

it("does nothing after it was closed", async () => {
  play();
  const before = states.length;
  player.close();
  expect([socket().isClosed, video.src]).toEqual([true, ""]);
  page.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new Event("online"));
  tokens.renew("newer");
  await wait(60_000);
  expect(states).toHaveLength(before);
  expect(FakeWebSocket.all).toHaveLength(1);
  expect(socket().sent).toEqual(["token 1"]);
});
