/** What is measured of each user interface. Each case opens a cold browser, and returns numbers by name. */
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { type System, TRACKHELM } from "./systems.ts";
import { Visit } from "./visit.ts";

export interface Job {
  addresses: Record<System["name"], string>;
  few: number;
  more: number;
  curves: number;
  many: number;
  runs: Record<"few" | "curves" | "many", number>;
  metrics: string[];
  manyMetrics: string[];
  spike: { run: string; metric: string };
  repeats: number;
  /** Parts of the names of the cases that are measured. */
  only: string[];
}

export type Numbers = Record<string, number>;

const WINDOW = { width: 1600, height: 1000 };
/** All charts are on the screen. */
const TALL = { width: 1600, height: 6000 };
const LONG_GAP_MS = 50;
/** As fast as a turning wheel. */
const WHEEL = 400;
/** Rows that fit a window in both. */
const SCREEN = 20;
const SORTED_METRIC = 5;
const FRAME_MS = 1000 / 60;

const seconds = (ms: number) => ms / 1000;

function open(browser: Browser, job: Job, system: System, path: string, more = {}): Promise<Visit> {
  const options = { viewport: WINDOW, isMetric: system.isMetric, ...more };
  return Visit.to(browser, job.addresses[system.name] + path, options);
}

function rowsSeen(visit: Visit, system: System, count: number): Promise<number> {
  return visit.until(
    ([selector, least]) => {
      const tops = window.bench
        .rowsInSight(selector)
        .map((row) => Math.round(row.getBoundingClientRect().top));
      return new Set(tops).size >= least && performance.now();
    },
    [system.rows, count] as [string, number],
  );
}

/** Navigation to the first rows, and what the page has loaded when it is silent. */
export async function firstRows(
  browser: Browser,
  job: Job,
  system: System,
  experiment: number,
): Promise<Numbers> {
  const visit = await open(browser, job, system, system.table(experiment));
  const taken = await rowsSeen(visit, system, Math.min(SCREEN, job.runs.few));
  await visit.silent();
  const rows = await visit.page.evaluate((selector) => {
    const tops = window.bench.rowsInSight(selector).map((row) => Math.round(row.getBoundingClientRect().top));
    return new Set(tops).size;
  }, system.rows);
  const metrics = await Promise.all(job.metrics.map((metric) => system.head(visit.page, metric).count()));
  const { requests, bytes, scriptBytes } = visit.traffic;
  const heap = await visit.heap();
  await visit.close();
  return {
    seconds: seconds(taken),
    rows,
    metricColumns: metrics.filter((count) => count > 0).length,
    requests,
    bytes,
    scriptBytes,
    heap,
  };
}

/** A click on the head of a metric's column until the rows in sight are sorted by it. */
export async function sort(browser: Browser, job: Job, system: System, experiment: number): Promise<Numbers> {
  const visit = await open(browser, job, system, system.table(experiment));
  await rowsSeen(visit, system, Math.min(SCREEN, job.runs.few));
  const metric = job.metrics[SORTED_METRIC] ?? "";
  await system.showMetric(visit.page, metric);
  await visit.silent();
  const cells = await system.cells(visit.page, metric);
  const before = await visit.page.locator(cells).first().innerText();
  const { bytes, requests } = visit.traffic;
  const begin = await visit.clickedAt(() => system.head(visit.page, metric).click());
  const end = await visit.until(
    ([selector, first]) => {
      const shown = window.bench.rowsInSight(selector).map((cell) => cell.innerText);
      const values = shown.map((text) => Number(text.replace("−", "-")));
      const isSorted = (sign: number) =>
        values.every((value, at) => at === 0 || sign * (value - (values[at - 1] ?? 0)) >= 0);
      return values.length > 1 && shown[0] !== first && (isSorted(1) || isSorted(-1)) && performance.now();
    },
    [cells, before] as [string, string],
  );
  await visit.silent();
  const numbers = {
    seconds: seconds(end - begin),
    requests: visit.traffic.requests - requests,
    bytes: visit.traffic.bytes - bytes,
  };
  await visit.close();
  return numbers;
}

/** Turn the wheel until a row is in sight. */
export async function toRow(
  browser: Browser,
  job: Job,
  system: System,
  experiment: number,
  place: number,
): Promise<Numbers> {
  const visit = await open(browser, job, system, system.table(experiment));
  await rowsSeen(visit, system, Math.min(SCREEN, job.runs.few));
  await visit.silent();
  await visit.page.mouse.move(WINDOW.width / 2, WINDOW.height / 2);
  await visit.record(system.rows);
  const begin = performance.now();
  const isThere = () =>
    visit.page.evaluate((selector) => window.bench.rowsInSight(selector).length > 0, system.rowAt(place));
  while (!(await isThere())) {
    await visit.page.mouse.wheel(0, WHEEL);
    await system.goOn(visit.page);
  }
  const taken = performance.now() - begin;
  const { gaps } = await visit.frames();
  const heap = await visit.heap();
  await visit.close();
  return {
    seconds: seconds(taken),
    longGaps: gaps.filter((gap) => gap > LONG_GAP_MS).length,
    worstGap: Math.max(...gaps),
    heap,
  };
}

const drawnAll = (visit: Visit, system: System, job: Job, curves: number) =>
  visit.until(system.drawn, { charts: job.metrics.length, curves });

const isSpikeShown = (page: Page, system: System, job: Job) => page.evaluate(system.spike, job.spike.metric);

/** Navigation to the charts of all metrics of the runs that are shown at first, or of all runs. */
export async function charts(browser: Browser, job: Job, system: System, isAll: boolean): Promise<Numbers> {
  const path = system.charts(job.curves, isAll);
  let storageState;
  if (isAll) {
    // What this browser has chosen before. It begins on the page with the fewest charts on the screen.
    const before = await open(browser, job, system, path);
    await system.showAll(before.page).catch(() => undefined);
    storageState = await before.page.context().storageState();
    await before.close();
  }
  const visit = await open(browser, job, system, path, { viewport: TALL, storageState });
  const runs = isAll ? job.runs.curves : Math.min(10, job.runs.curves);
  const taken = await drawnAll(visit, system, job, runs);
  await visit.silent();
  const spike = Number(await isSpikeShown(visit.page, system, job));
  const { metricRequests, metricBytes } = visit.traffic;
  const heap = await visit.heap();
  const picture = system === TRACKHELM && isAll ? { picture: await spikeInPicture(visit.page, job) } : {};
  await visit.close();
  return { seconds: seconds(taken), metricRequests, metricBytes, heap, spike, ...picture };
}

/** Navigation to the charts of one run. */
export async function runCharts(browser: Browser, job: Job, system: System): Promise<Numbers> {
  const visit = await open(browser, job, system, system.run(job.curves, job.spike.run), { viewport: TALL });
  const taken = await drawnAll(visit, system, job, 1);
  await visit.silent();
  const spike = Number(await isSpikeShown(visit.page, system, job));
  const { metricRequests, metricBytes } = visit.traffic;
  await visit.close();
  return { seconds: seconds(taken), metricRequests, metricBytes, spike };
}

/** Save the chart with the spike as a picture, and return whether the spike is in it. */
async function spikeInPicture(page: Page, job: Job): Promise<number> {
  const card = page.locator(`[data-metric="${job.spike.metric}"]`);
  await card.hover();
  await card.getByRole("button", { name: "Save the chart" }).click();
  const saving = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Picture (PNG)" }).click();
  const picture = readFileSync(await (await saving).path()).toString("base64");
  return page.evaluate(async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    // The title is above the plot, and the names of the curves are below it.
    const canvas = new OffscreenCanvas(image.width, 200);
    canvas.getContext("2d")?.drawImage(image, 0, -50);
    return Number(window.bench.ink(canvas, 0, 0.5) > 5);
  }, picture);
}

function smoothness(gaps: readonly number[]): Numbers {
  const sorted = [...gaps].sort((a, b) => a - b);
  const part = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return {
    frames: gaps.length,
    median: part(0.5),
    p95: part(0.95),
    p99: part(0.99),
    worstGap: sorted.at(-1) ?? NaN,
    // A frame that comes at its time may be told a little later.
    onTime: gaps.filter((gap) => gap < 1.5 * FRAME_MS).length / gaps.length,
    longGaps: gaps.filter((gap) => gap > LONG_GAP_MS).length,
  };
}

/**
 * Scroll a table of many runs and metrics: down while its rows are loaded, down again when they are, and across.
 * Each is said as soon as it is measured.
 */
export async function scrolling(
  browser: Browser,
  job: Job,
  say: (part: string, numbers: Numbers) => void,
): Promise<void> {
  const system = TRACKHELM;
  const columns = JSON.stringify(job.manyMetrics.map((metric) => `metrics.${metric}`));
  const path = `${system.table(job.many)}?cols=${encodeURIComponent(columns)}`;
  const visit = await open(browser, job, system, path);
  await rowsSeen(visit, system, SCREEN);
  await visit.silent();
  const go = async (by: { left: number; top: number }, far: number, limitMs: number): Promise<Numbers> => {
    await visit.record(system.rows);
    await visit.page.evaluate(([grid, step, end, limit]) => window.bench.scroll(grid, step, end, limit), [
      system.grid,
      by,
      far,
      limitMs,
    ] as [string, typeof by, number, number]);
    const { gaps, mostMounted } = await visit.frames();
    return { ...smoothness(gaps), mostMounted };
  };
  const rowHeight = 28;
  const whole = (job.runs.many - 40) * rowHeight;
  // Ten rows a frame, by which 600 runs come into sight each second.
  const loading = await go({ left: 0, top: 10 * rowHeight }, whole, 30_000);
  const last = await visit.page.locator(system.rows).last().getAttribute("aria-rowindex");
  say("loading", { ...loading, loadedTo: Number(last) - 1, heap: await visit.heap() });
  await visit.silent();
  await visit.page.evaluate((grid) => document.querySelector(grid)?.scrollTo({ top: 0 }), system.grid);
  say("down", await go({ left: 0, top: 2 * rowHeight }, 600 * 2 * rowHeight, 15_000));
  say("across", await go({ left: 30, top: 0 }, 300 * 30, 10_000));
  await visit.close();
}
