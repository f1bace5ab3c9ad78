/** The two user interfaces: where their pages lie, and what rows, cells and curves are in them. */
import type { Page } from "playwright-core";

export interface System {
  name: "stock" | "trackhelm";
  /** The requests for points of metrics. */
  isMetric: RegExp;
  table: (experiment: number) => string;
  charts: (experiment: number, isAll: boolean) => string;
  run: (experiment: number, run: string) => string;
  /** The element that has the rows and is scrolled. */
  grid: string;
  rows: string;
  /** The row of a place, from 1. */
  rowAt: (place: number) => string;
  /** The cells of a column of a metric, of all rows that are mounted. */
  cells: (page: Page, metric: string) => Promise<string>;
  /** The head of a column of a metric, which a click sorts. */
  head: (page: Page, metric: string) => ReturnType<Page["locator"]>;
  /** Make a column of a metric seen, if it is not. */
  showMetric: (page: Page, metric: string) => Promise<void>;
  /** Load more rows where the end of those that are loaded has been reached, if that needs a click. */
  goOn: (page: Page) => Promise<void>;
  /** Make charts show all runs, in this browser from now on, if the address does not say it. */
  showAll: (page: Page) => Promise<void>;
  /** In the page: the time, if so many charts have drawn at least so many curves. */
  drawn: (least: { charts: number; curves: number }) => number | false;
  /** In the page: whether the chart of a metric shows values near the top of the spike. */
  spike: (metric: string) => boolean;
}

export const STOCK: System = {
  name: "stock",
  isMetric: /metrics\/get-history/,
  table: (experiment) => `/#/experiments/${experiment}/runs`,
  charts: (experiment) => `/#/experiments/${experiment}/runs?compareRunsMode=CHART`,
  run: (experiment, run) => `/#/experiments/${experiment}/runs/${run}/model-metrics`,
  grid: ".ag-body-viewport",
  rows: ".ag-pinned-left-cols-container .ag-row, .ag-center-cols-container .ag-row",
  rowAt: (place) => `.ag-center-cols-container .ag-row[row-index="${place - 1}"]`,
  cells: (_, metric) => Promise.resolve(`.ag-row [col-id="metrics.\`${metric}\`"]`),
  head: (page, metric) => page.locator(`.ag-header-cell[col-id="metrics.\`${metric}\`"] .ag-labeled ~ div`),
  showMetric: async (page, metric) => {
    // The assistant, which is open at first, would cover the column.
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByTestId("column-selection-dropdown").first().click();
    await page.getByPlaceholder("Search columns").fill(metric);
    await page.getByTestId("column-selector-tree").getByText(metric).click();
    await page.keyboard.press("Escape");
    await page.locator(`.ag-header-cell[col-id="metrics.\`${metric}\`"]`).waitFor();
  },
  // In the page, because the button is made anew again and again.
  goOn: (page) =>
    page.evaluate(() => {
      const isInSight = (button: Element) => button.getBoundingClientRect().top < window.innerHeight;
      [...document.querySelectorAll("button")]
        .find((button) => button.textContent === "Load more" && isInSight(button))
        ?.click();
    }),
  showAll: async (page) => {
    await page.getByTestId("experiment-view-runs-visibility-column-header").first().click();
    await page.getByRole("menuitemradio", { name: "Show all runs" }).click();
  },
  drawn: ({ charts, curves }) =>
    [...document.querySelectorAll(".js-plotly-plot")].filter(
      (plot) => plot.querySelectorAll('.scatterlayer .trace path.js-line[d^="M"]').length >= curves,
    ).length >= charts && performance.now(),
  spike: () =>
    // The range of the axis that Plotly has drawn: all other values are at most 1.01.
    [...document.querySelectorAll(".js-plotly-plot")].some((plot) => {
      const { _fullLayout: layout } = plot as unknown as {
        _fullLayout?: { yaxis?: { range?: [number, number] } };
      };
      return (layout?.yaxis?.range?.[1] ?? 0) > 30;
    }),
};

export const TRACKHELM: System = {
  name: "trackhelm",
  isMetric: /charts\/buckets/,
  table: (experiment) => `/#/experiments/${experiment}`,
  charts: (experiment, isAll) => `/#/experiments/${experiment}/charts${isAll ? "?show=all" : ""}`,
  run: (experiment, run) => `/#/experiments/${experiment}/runs/${run}/charts`,
  grid: "[role=grid]",
  rows: "[data-run]",
  rowAt: (place) => `[data-run][aria-rowindex="${place + 1}"]`,
  cells: async (page, metric) => {
    const head = page.getByRole("columnheader", { name: metric });
    return `[data-run] [aria-colindex="${(await head.getAttribute("aria-colindex")) ?? ""}"]`;
  },
  head: (page, metric) => page.getByRole("button", { name: metric, exact: true }),
  // Columns of metrics are there from the beginning.
  showMetric: () => Promise.resolve(),
  // So are the rows that come next, before they are reached.
  goOn: () => Promise.resolve(),
  // The address says it.
  showAll: () => Promise.resolve(),
  drawn: ({ charts, curves }) =>
    [...document.querySelectorAll<HTMLElement>("[data-metric]")].filter((card) => {
      if (card.dataset["benchDrawn"] === String(curves)) return true;
      const label = card.querySelector("[role=img]")?.getAttribute("aria-label") ?? "";
      const canvas = card.querySelector("canvas");
      if (Number(/(\d+) curves?\./.exec(label)?.[1]) < curves || !canvas) return false;
      if (window.bench.ink(canvas, 0, 1) === 0) return false;
      card.dataset["benchDrawn"] = String(curves);
      return true;
    }).length >= charts && performance.now(),
  spike: (metric) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`[data-metric="${metric}"] canvas`);
    return canvas !== null && window.bench.ink(canvas, 0.1, 0.5) > 5;
  },
};
