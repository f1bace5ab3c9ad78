/**
 * Joins what the panels of a screen ask for into one request.
 *
 * Each panel asks for its own key. What is asked for within one moment with the same runs, axis and window is
 * sent together, and each panel gets its lines of the answer.
 */
import { CHART_CELLS, type Chart, type ChartQuery, fetchChart, MOST_BUCKETS, MOST_KEYS } from "./charts";

interface Waiting {
  query: ChartQuery;
  resolve: (chart: Chart) => void;
  reject: (reason: unknown) => void;
}

/** How long the first of several panels waits for the others: one frame. */
const WAIT_MS = 16;

let waiting: Waiting[] = [];

/** Ask for a panel's lines, together with what other panels ask for at this moment. */
export function fetchPanel(query: ChartQuery): Promise<Chart> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setTimeout(send, WAIT_MS);
    waiting.push({ query, resolve, reject });
  });
}

function send(): void {
  const asked = waiting;
  waiting = [];
  for (const group of grouped(asked)) void answer(group);
}

/** Return the groups of panels that one request can answer. */
export function grouped<Asked extends { query: ChartQuery }>(asked: readonly Asked[]): Asked[][] {
  const groups = new Map<string, Asked[]>();
  const made: Asked[][] = [];
  for (const each of asked) {
    const { runIds, axis, window, groupBy, labels, mean } = each.query;
    const name = JSON.stringify([runIds, axis, window, groupBy, labels, mean]);
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
  try {
    const chart = await fetchChart({
      ...first,
      keys,
      buckets: allowedBuckets(wanted, first.runIds.length * keys.length),
    });
    for (const { query, resolve } of group) {
      resolve({ ...chart, lines: chart.lines.filter((line) => query.keys.includes(line.key)) });
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
