// What a <video> really sounds like, measured on what it plays.

/** Spectra that are looked at for one answer, and the pause between two. */
const LOOKS = 20;
const LOOK_MS = 50;

/** Puts a meter between the element and the loudspeaker; once for each element. */
export async function attachMeter(video) {
  await video.evaluate(async (element) => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, {
      fftSize: 4096,
      smoothingTimeConstant: 0,
    });
    context.createMediaElementSource(element).connect(analyser).connect(context.destination);
    await context.resume();
    element.meter = analyser;
  });
}

/** Level (root mean square, 0 to 1) and loudest frequency (hertz) of the last second, as medians. */
export function measure(video) {
  return video.evaluate(
    async ({ meter }, [looks, lookMs]) => {
      const samples = new Float32Array(meter.fftSize);
      const spectrum = new Float32Array(meter.frequencyBinCount);
      const [levels, frequencies] = [[], []];
      for (let at = 0; at < looks; at++) {
        await new Promise((resolve) => setTimeout(resolve, lookMs));
        meter.getFloatTimeDomainData(samples);
        levels.push(Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length));
        meter.getFloatFrequencyData(spectrum);
        const loudest = spectrum.indexOf(Math.max(...spectrum));
        frequencies.push((loudest * meter.context.sampleRate) / meter.fftSize);
      }
      const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
      return { level: median(levels), frequency: median(frequencies) };
    },
    [LOOKS, LOOK_MS],
  );
}

/**
 * Watches and listens until the element has flashed and beeped so often; how much later than the
 * flash each beep began, milliseconds.
 */
export function beepsAfterFlashes(video, count) {
  return video.evaluate(async (element, wanted) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [8, 8];
    const paint = canvas.getContext("2d", { willReadFrequently: true });
    const analyser = new AnalyserNode(element.meter.context, { fftSize: 512 });
    element.meter.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const bright = () => {
      paint.drawImage(element, 0, 0, 8, 8);
      return paint.getImageData(4, 4, 1, 1).data[1] > 128;
    };
    const loud = () => {
      analyser.getFloatTimeDomainData(samples);
      return samples.some((sample) => Math.abs(sample) > 0.1);
    };
    const now = { bright: true, loud: true };
    const began = { bright: [], loud: [] };
    const until = performance.now() + 60_000;
    while (Math.min(began.bright.length, began.loud.length) < wanted) {
      if (performance.now() > until) throw new Error(`in 60 s only ${JSON.stringify(began)}`);
      await new Promise(requestAnimationFrame);
      for (const [what, is] of Object.entries({
        bright: bright(),
        loud: loud(),
      })) {
        if (is && !now[what]) began[what].push(performance.now());
        now[what] = is;
      }
    }
    const nearest = (moment, moments) =>
      moments.reduce((best, m) => (Math.abs(m - moment) < Math.abs(best - moment) ? m : best));
    return began.bright.map((flash) => nearest(flash, began.loud) - flash);
  }, count);
}
