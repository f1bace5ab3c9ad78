/**
 * The colour and dash of a run: the same on every page, told by its id unless somebody chose one.
 *
 * Eight colours that colour-blind people tell apart, then dashes. A chosen colour is a tag of the run, the one
 * that MLflow's own pages use, so that everybody sees it.
 */
import type { Run } from "@/api/runs";

export const COLOR_TAG = "mlflow.runColor";

export const SERIES_COLORS = {
  light: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c00", "#7a5cc0"],
  dark: ["#4aa3df", "#f2b53a", "#2fc596", "#e39ac0", "#8accf2", "#f28444", "#bcbc3c", "#a58be8"],
} as const;

/** Lengths of line and gap in pixels, as a canvas takes them. The first is a solid line. */
export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

export type Scheme = keyof typeof SERIES_COLORS;

/** Return a whole number from a text, the same each time and spread evenly (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

const CHOSEN = /^#[0-9a-f]{6}$/i;

/** Return the colour of a run as CSS takes it. A chosen one counts only if it is a colour. */
export function runColor(run: Pick<Run, "id" | "tags">, scheme: Scheme): string {
  const chosen = run.tags.get(COLOR_TAG);
  if (chosen !== undefined && CHOSEN.test(chosen)) {
    const index = (SERIES_COLORS.light as readonly string[]).indexOf(chosen.toLowerCase());
    return SERIES_COLORS[scheme][index] ?? chosen;
  }
  const colors = SERIES_COLORS[scheme];
  return colors[hashOf(run.id) % colors.length] ?? colors[0];
}

/**
 * Return the colours and dashes of runs that are seen together, in their order.
 *
 * A run whose colour no other has is a solid line; of those with one colour, the first by its id is.
 */
export function runStyles(
  runs: readonly Pick<Run, "id" | "tags">[],
  scheme: Scheme,
): { color: string; dash: readonly number[] }[] {
  const styles = new Map<string, { color: string; dash: readonly number[] }>();
  const used = new Map<string, number>();
  for (const run of [...runs].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const color = runColor(run, scheme);
    const before = used.get(color) ?? 0;
    used.set(color, before + 1);
    styles.set(run.id, { color, dash: DASHES[before % DASHES.length] ?? [] });
  }
  return runs.map(({ id }) => styles.get(id) ?? { color: "", dash: [] });
}
