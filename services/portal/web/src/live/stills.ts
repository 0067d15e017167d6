// The last picture of each channel that was seen, so that a view never opens on black.

/** Oldest ones go first beyond this many; a picture of 1080p takes 8 MB decoded. */
const KEPT_MAX = 24;

/** Width at which pictures are kept: enough behind a spinner. */
const WIDTH = 960;

const stills = new Map<string, ImageBitmap>();

export function stillOf(device: string, channel: number): ImageBitmap | undefined {
  return stills.get(`${device}/${channel}`);
}

/** Keeps a smaller copy of the picture. Never rejects: without a copy there is just none. */
export async function keepStill(
  device: string,
  channel: number,
  picture: HTMLVideoElement | Blob,
): Promise<ImageBitmap | undefined> {
  try {
    const copy = await createImageBitmap(picture, { resizeWidth: WIDTH });
    const key = `${device}/${channel}`;
    stills.get(key)?.close();
    stills.delete(key);
    stills.set(key, copy);
    const [oldest] = stills.keys();
    if (stills.size > KEPT_MAX && oldest !== undefined) {
      stills.get(oldest)?.close();
      stills.delete(oldest);
    }
    return copy;
  } catch {
    return undefined;
  }
}

/** For signing out: the pictures belong to the account. */
export function dropStills(): void {
  for (const still of stills.values()) still.close();
  stills.clear();
}
