/** Timers stand still while a machine sleeps, so a long wait looks at the clock now and then. */
const CLOCK_CHECK_MS = 20_000;

/** Rings once, when the clock shows the moment (milliseconds since the Unix epoch; `Infinity`:
 * never), unless the returned function has been called. */
export function alarm(momentMs: number, ring: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    const left = Math.max(0, momentMs - Date.now());
    timer = setTimeout(left > CLOCK_CHECK_MS ? wait : ring, Math.min(left, CLOCK_CHECK_MS));
  };
  wait();
  return () => clearTimeout(timer);
}
