// What a <video> really shows, frame by frame.

/** Frames that are looked at, and how many of them must differ from the one before. */
const FRAMES = 12;

/**
 * Paints the next frames of the element small and counts those that differ from the one before.
 * Rejects when a frame does not come in time.
 */
export function countChanges(video) {
  return video.evaluate(async (element, frames) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [160, 90];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const nextFrame = () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("no frame within 20 s")), 20_000);
        element.requestVideoFrameCallback(() => {
          clearTimeout(timer);
          context.drawImage(element, 0, 0, canvas.width, canvas.height);
          resolve(context.getImageData(0, 0, canvas.width, canvas.height).data);
        });
      });
    let changes = 0;
    let last = await nextFrame();
    for (let at = 1; at < frames; at++) {
      const next = await nextFrame();
      if (next.some((value, index) => Math.abs(value - last[index]) > 8)) changes++;
      last = next;
    }
    return { changes, frames };
  }, FRAMES);
}

/** Lightest and darkest value of the current picture: a black one has no spread. */
export function spread(video) {
  return video.evaluate((element) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [64, 36];
    const context = canvas.getContext("2d");
    context.drawImage(element, 0, 0, canvas.width, canvas.height);
    const values = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const green = values.filter((_, index) => index % 4 === 1);
    return Math.max(...green) - Math.min(...green);
  });
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
