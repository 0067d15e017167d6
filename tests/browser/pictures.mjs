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

/** Where the demo cameras write the last digit of the second, as parts of the picture: a letter of 8
 * by 13 dots, of 640 by 360, the third one from the end of the line at the top right. */
const SECOND = { x: 607 / 640, y: 9 / 360, width: 8 / 640, height: 13 / 360 };

/**
 * Watches the clock in a demo camera's picture; the times from one change of its second to the next,
 * seconds by the clock of the video. So many as are asked for, or fewer when it does not run.
 */
export function clockSteps(video, changes) {
  return video.evaluate(
    async (element, [wanted, part]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [16, 26];
      const context = canvas.getContext("2d", { willReadFrequently: true });
      const { videoWidth: width, videoHeight: height } = element;
      const place = [part.x * width, part.y * height, part.width * width, part.height * height];
      const steps = [];
      let last, changedAt, until;
      for (;;) {
        const { mediaTime } = await new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error("no frame within 20 s")), 20_000);
          element.requestVideoFrameCallback((_, frame) => {
            clearTimeout(timer);
            resolve(frame);
          });
        });
        context.drawImage(element, ...place, 0, 0, canvas.width, canvas.height);
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
        // White letters with a black rim: what is neither is the scene behind them.
        const digit = pixels.filter((_, at) => at % 4 === 1).map((luma) => (luma > 160 ? 1 : 0));
        const differs = last && digit.reduce((sum, dot, at) => sum + Math.abs(dot - last[at]), 0);
        if (last === undefined) last = digit;
        if (differs > 24) {
          if (changedAt !== undefined) steps.push(mediaTime - changedAt);
          [last, changedAt] = [digit, mediaTime];
        }
        until ??= mediaTime + wanted + 5;
        if (steps.length === wanted || mediaTime > until) return steps;
      }
    },
    [changes, SECOND],
  );
}
