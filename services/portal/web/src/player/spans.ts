// Arithmetic on buffered time, in seconds. Spans are ascending and apart from each other, as
// `SourceBuffer.buffered` gives them.

export interface Span {
  start: number;
  end: number;
}

/** Kept behind the playhead, so that a short stall or a seek has something to show. */
const KEEP_BEHIND_S = 4;

/** Longest buffer. More would be memory for pictures that nobody goes back to. */
const KEEP_TOTAL_S = 20;

/** Trimming in small bites would run on nearly every frame. */
const TRIM_STEP_S = 4;

/** Rounding of presentation times between tracks; not a hole. */
const TOUCH_S = 0.05;

export function spansOf(ranges: TimeRanges): Span[] {
  return Array.from({ length: ranges.length }, (_, at) => ({
    start: ranges.start(at),
    end: ranges.end(at),
  }));
}

/** The newest moment that can be shown. */
export function liveEdge(spans: Span[]): number | undefined {
  return spans.at(-1)?.end;
}

/**
 * Where to go on when the playhead stands at the end of a span, or before the first one, and newer
 * pictures are buffered beyond the hole; undefined when there is nothing to jump over.
 */
export function beyondHole(spans: Span[], playhead: number): number | undefined {
  const inside = spans.some(
    (span) => span.start - TOUCH_S <= playhead && playhead < span.end - TOUCH_S,
  );
  return inside ? undefined : spans.find((span) => span.start > playhead)?.start;
}

/** End of what can be removed from the start of the buffer; undefined when it is not worth it. */
export function trimEnd(spans: Span[], playhead: number): number | undefined {
  const [first] = spans;
  const edge = liveEdge(spans);
  if (first === undefined || edge === undefined) return undefined;
  // A background tab may stand still while the edge moves on: the total bounds that too.
  const end = Math.max(playhead - KEEP_BEHIND_S, edge - KEEP_TOTAL_S + TRIM_STEP_S);
  return end - first.start >= TRIM_STEP_S ? end : undefined;
}
