/**
 * Joins what the panels of a screen ask for into one request.
 *
 * Each panel asks for its own key. What is asked for within one moment with the same runs, axis and window is
 * sent together, and each panel gets its lines of the answer.
 */
import { joined, type Known, tailStart } from "./chart-tail";
import { CHART_CELLS, type Chart, type ChartQuery, fetchChart, MOST_BUCKETS, MOST_KEYS } from "./charts";

/** What a panel knows already, and from which position on it may have changed. */
interface Tail {
  known: Known;
  start: number;
}

interface Waiting {
  query: ChartQuery;
  /** Null to ask for all of it. */
  tail: Tail | null;
  resolve: (chart: Chart) => void;
  reject: (reason: unknown) => void;
}

/** How long the first of several panels waits for the others: one frame. */
const WAIT_MS = 16;

let waiting: Waiting[] = [];

/**
 * Ask for a panel's lines, together with what other panels ask for at this moment.
 *
 * Of a chart that is known, only the end of the lines of runs that go on is asked for, if that is enough.
 */
export function fetchPanel(query: ChartQuery, known?: Known): Promise<Chart> {
  const start = known ? tailStart(known, query) : null;
  if (known && start !== null && query.window && start > query.window.end)
    return Promise.resolve(known.chart);
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setTimeout(send, WAIT_MS);
    waiting.push({ query, tail: known && start !== null ? { known, start } : null, resolve, reject });
  });
}

function send(): void {
  const asked = waiting;
  waiting = [];
  for (const group of grouped(asked)) void answer(group);
}

/** Return the groups of panels that one request can answer. */
export function grouped<Asked extends { query: ChartQuery; tail?: Tail | null }>(
  asked: readonly Asked[],
): Asked[][] {
  const groups = new Map<string, Asked[]>();
  const made: Asked[][] = [];
  for (const each of asked) {
    const { runIds, axis, window, groupBy, labels, mean, rounded } = each.query;
    const live = each.tail?.known.liveIds;
    const name = JSON.stringify([runIds, axis, window, groupBy, labels, mean, rounded, live]);
    const group = groups.get(name);
    const keys = new Set(group?.flatMap(({ query }) => query.keys));
    each.query.keys.forEach((key) => keys.add(key));
    if (group && keys.size <= MOST_KEYS) {
      group.push(each);
    } else {
      const begun = [each];
      groups.set(name, begun);
      made.push(begun);
    }
  }
  return made;
}

/** Return the largest number of buckets, at most `wanted`, that the server answers for so many lines. */
export function allowedBuckets(wanted: number, lines: number): number {
  return Math.max(2, Math.min(wanted, MOST_BUCKETS, Math.floor(CHART_CELLS / Math.max(1, lines))));
}

async function answer(group: readonly Waiting[]): Promise<void> {
  const first = group[0]?.query;
  if (!first) return;
  const keys = [...new Set(group.flatMap(({ query }) => query.keys))];
  const wanted = Math.max(...group.map(({ query }) => query.buckets));
  const tails = group.flatMap(({ tail }) => tail ?? []);
  const asked: Parameters<typeof fetchChart>[0] = { ...first, keys };
  let start = 0;
  if (tails[0]) {
    asked.runIds = tails[0].known.liveIds;
    // An edge of the widest buckets is one of all.
    const width = Math.max(1, ...tails.map(({ known }) => known.chart.bucketWidth));
    start = Math.floor(Math.min(...tails.map((tail) => tail.start)) / width) * width;
    asked.window = { start, end: first.window?.end ?? null };
  }
  try {
    const buckets = allowedBuckets(wanted, asked.runIds.length * keys.length);
    const chart = await fetchChart({ ...asked, buckets });
    for (const { query, tail, resolve, reject } of group) {
      const own = { ...chart, lines: chart.lines.filter((line) => query.keys.includes(line.key)) };
      if (!tail) {
        resolve(own);
        continue;
      }
      const whole = joined(tail.known, own, start, query.buckets);
      if (whole) resolve(whole);
      else fetchPanel(query).then(resolve, reject);
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
