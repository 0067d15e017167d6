// What the device has told of its channels, in words of the field.

import { ChannelState, type Channel } from "../gen/sightline/device/v1/device_pb";
import { Codec, StreamKind, type Track } from "../gen/sightline/live/v1/media_pb";

const CODEC_NAMES: Record<Codec, string> = {
  [Codec.UNSPECIFIED]: "",
  [Codec.H264]: "H.264",
  [Codec.H265]: "H.265",
  [Codec.AAC]: "AAC",
  [Codec.PCMU]: "G.711 µ-law",
  [Codec.PCMA]: "G.711 A-law",
};

/** States of a channel under the names that the dictionaries have words for. */
export const STATE_NAMES = {
  [ChannelState.UNSPECIFIED]: "unknown",
  [ChannelState.IDLE]: "ready",
  [ChannelState.CONNECTING]: "connecting",
  [ChannelState.STREAMING]: "streaming",
  [ChannelState.OFFLINE]: "silent",
} as const;

export type StateName = (typeof STATE_NAMES)[ChannelState];

/** "1920×1080 H.264"; undefined for a stream that there is not, or that never ran so far. */
export function videoText(channel: Channel, kind: StreamKind): string | undefined {
  const video = tracksOf(channel, kind).find(({ width }) => width > 0);
  return video && `${video.width}×${video.height} ${CODEC_NAMES[video.codec]}`.trim();
}

/** "AAC", and the sampling rate in kilohertz, of the first stream with sound. */
export function soundOf(channel: Channel): { codec: string; kilohertz: number } | undefined {
  const kinds = [StreamKind.MAIN, StreamKind.SUB];
  const tracks = kinds.flatMap((kind) => tracksOf(channel, kind));
  const sound = tracks.find(({ sampleRate }) => sampleRate > 0);
  return sound && { codec: CODEC_NAMES[sound.codec], kilohertz: sound.sampleRate / 1000 };
}

export function hasSubStream({ streams }: Channel): boolean {
  return streams.some(({ kind }) => kind === StreamKind.SUB);
}

export function isSilent({ state }: Channel): boolean {
  return state === ChannelState.OFFLINE;
}

function tracksOf({ streams }: Channel, wanted: StreamKind): Track[] {
  return streams.find(({ kind }) => kind === wanted)?.tracks ?? [];
}
