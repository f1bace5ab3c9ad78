/** How charts are drawn, as the address of a page keeps it: what is left out is the usual. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { ChartWindow } from "@/api/charts";
import { fittingSize, type PanelSize } from "./arrange";

export interface ChartSettings {
  /** `step`, `time`, `relative`, or `metric:` and the key of another metric. */
  x: string;
  logX: boolean;
  logY: boolean;
  /** From 0, not at all, to below 1. */
  smoothing: number;
  clip: boolean;
  /** A regular expression of keys. */
  search: string;
  window: ChartWindow | null;
  /** The key of the panel that fills the screen. */
  full: string | null;
  /** The keys of panels that stay at the top. */
  pinned: readonly string[];
  /** The keys of panels that come first in their sections, in this order. */
  order: readonly string[];
  /** How many columns and rows of the grid a panel covers that is larger than the others. */
  sizes: Readonly<Record<string, PanelSize>>;
  /** Keys of which each rank is a line, or a row of a heat map. */
  ranks: Readonly<Record<string, "lines" | "heat">>;
  /** How many runs are seen together: as curves, or by one value each. */
  kind: ChartKind;
  /** The columns that a chart of one value each has as its axes, such as `metrics.loss` and `params.lr`. */
  axes: readonly string[];
}

export type ChartKind = "lines" | "scatter" | "parallel" | "bar" | "box" | "images";
const KINDS: readonly string[] = ["lines", "scatter", "parallel", "bar", "box", "images"];

export const USUAL: ChartSettings = {
  x: "step",
  logX: false,
  logY: false,
  smoothing: 0,
  clip: false,
  search: "",
  window: null,
  full: null,
  pinned: [],
  order: [],
  sizes: {},
  ranks: {},
  kind: "lines",
  axes: [],
};

/** System metrics are read by the clock. */
export const USUAL_OF_SYSTEM: ChartSettings = { ...USUAL, x: "relative" };

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

/** Return the sizes that are ones: a size is two whole numbers, and is left out if it is the usual one. */
function panelSizes(value: unknown): Record<string, PanelSize> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).flatMap(([key, size]): [string, PanelSize][] => {
      if (!Array.isArray(size) || !size.every(Number.isInteger)) return [];
      const [columns, rows] = fittingSize(Number(size[0]), Number(size[1]));
      return columns > 1 || rows > 1 ? [[key, [columns, rows]]] : [];
    }),
  );
}

/** Return the settings that an address has, without what it cannot mean. */
export function readSettings(raw: unknown, usual: ChartSettings): ChartSettings {
  const given = typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
  const text = (name: string, otherwise: string) =>
    typeof given[name] === "string" ? given[name] : otherwise;
  const flag = (name: string, otherwise: boolean) => (name in given ? given[name] === 1 : otherwise);
  const x = text("x", usual.x);
  const smoothing = given["smooth"];
  const zoom = given["zoom"];
  const ranks = given["ranks"];
  const pinned = given["pin"];
  return {
    x: ["step", "time", "relative"].includes(x) || x.startsWith("metric:") ? x : usual.x,
    logX: flag("logx", usual.logX),
    logY: flag("logy", usual.logY),
    smoothing: typeof smoothing === "number" && smoothing > 0 && smoothing < 1 ? smoothing : usual.smoothing,
    clip: flag("clip", usual.clip),
    search: text("find", usual.search),
    window:
      Array.isArray(zoom) &&
      zoom.length === 2 &&
      zoom.every(Number.isFinite) &&
      Number(zoom[0]) < Number(zoom[1])
        ? { start: Number(zoom[0]), end: Number(zoom[1]) }
        : null,
    full: text("full", "") || null,
    pinned: texts(pinned),
    order: texts(given["order"]),
    sizes: panelSizes(given["sizes"]),
    kind: KINDS.includes(String(given["kind"])) ? (given["kind"] as ChartKind) : usual.kind,
    axes: texts(given["axes"]),
    ranks:
      typeof ranks === "object" && ranks !== null
        ? Object.fromEntries(Object.entries(ranks).filter(([, mode]) => mode === "lines" || mode === "heat"))
        : {},
  };
}

/** Return what the address keeps of settings; nothing if all is as usual. */
export function writeSettings(settings: ChartSettings, usual: ChartSettings): object | undefined {
  const kept = Object.entries({
    x: settings.x === usual.x ? undefined : settings.x,
    logx: settings.logX === usual.logX ? undefined : Number(settings.logX),
    logy: settings.logY === usual.logY ? undefined : Number(settings.logY),
    smooth: settings.smoothing === usual.smoothing ? undefined : settings.smoothing,
    clip: settings.clip === usual.clip ? undefined : Number(settings.clip),
    find: settings.search || undefined,
    zoom: settings.window ? [settings.window.start, settings.window.end] : undefined,
    full: settings.full ?? undefined,
    pin: settings.pinned.length ? settings.pinned : undefined,
    order: settings.order.length ? settings.order : undefined,
    sizes: Object.keys(settings.sizes).length ? settings.sizes : undefined,
    kind: settings.kind === usual.kind ? undefined : settings.kind,
    axes: settings.axes.length ? settings.axes : undefined,
    ranks: Object.keys(settings.ranks).length ? settings.ranks : undefined,
  }).filter(([, value]) => value !== undefined);
  return kept.length ? Object.fromEntries(kept) : undefined;
}

export type ChangeSettings = (change: Partial<ChartSettings>) => void;

/** The settings in the address of this page, and what changes them. Only a zoom is a step of the history. */
export function useChartSettings(usual: ChartSettings): [ChartSettings, ChangeSettings] {
  const raw = useSearch({ strict: false, select: (search: { charts?: unknown }) => search.charts });
  const navigate = useNavigate();
  const settings = useMemo(() => readSettings(raw, usual), [raw, usual]);
  const change = useCallback<ChangeSettings>(
    (changed) =>
      void navigate({
        to: ".",
        search: (before: { charts?: unknown }) => ({
          ...before,
          charts: writeSettings({ ...readSettings(before.charts, usual), ...changed }, usual),
        }),
        replace: !("window" in changed || "full" in changed),
        resetScroll: false,
      } as never),
    [navigate, usual],
  );
  return [settings, change];
}

/** Return whether a key matches a search; a search that is no regular expression is looked for as it is. */
export function matcher(search: string): (key: string) => boolean {
  if (!search) return () => true;
  try {
    const pattern = new RegExp(search, "i");
    return (key) => pattern.test(key);
  } catch {
    const plain = search.toLowerCase();
    return (key) => key.toLowerCase().includes(plain);
  }
}

/** Return the keys by their sections: what stands before the last slash, in the order of names. */
export function sections(keys: readonly string[]): [section: string, keys: string[]][] {
  const found = new Map<string, string[]>();
  for (const key of [...keys].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))) {
    const section = key.includes("/") ? key.slice(0, key.lastIndexOf("/")) : "";
    const group = found.get(section);
    if (group) group.push(key);
    else found.set(section, [key]);
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}
