/** Where panels stand and how large they are. Pure functions. */

/** How many columns and rows of the grid a panel covers. */
export type PanelSize = readonly [columns: number, rows: number];

export const USUAL_SIZE: PanelSize = [1, 1];
const MOST_COLUMNS = 4;
const MOST_ROWS = 3;

/** The least width of a panel, the height of a row and the room between panels, in pixels, as the style sheet has them. */
export const PANEL = { width: 340, height: 252, gap: 12 };

/** Return the nearest size that a panel may have. */
export function fittingSize(columns: number, rows: number): PanelSize {
  const within = (value: number, most: number) => Math.max(1, Math.min(most, Math.round(value) || 1));
  return [within(columns, MOST_COLUMNS), within(rows, MOST_ROWS)];
}

/** Return how many panels stand beside one another in a grid of a width in pixels. */
export function columnsIn(width: number): number {
  return Math.max(1, Math.floor((width + PANEL.gap) / (PANEL.width + PANEL.gap)));
}

/** Return the keys of a section as they stand: those that were moved first, the others behind them as before. */
export function arranged(keys: readonly string[], order: readonly string[]): string[] {
  const here = new Set(keys);
  const first = order.filter((key) => here.has(key));
  const moved = new Set(first);
  return [...first, ...keys.filter((key) => !moved.has(key))];
}

/**
 * Return the order with which a section's `key` stands at the place of `target`.
 *
 * `keys` are those of the section in their usual order. The order names no more of them than it must: what
 * follows in the usual order is left out. Keys of other sections stay in it.
 */
export function withMoved(
  keys: readonly string[],
  order: readonly string[],
  key: string,
  target: string,
): string[] {
  const shown = arranged(keys, order);
  const to = shown.indexOf(target);
  if (!shown.includes(key) || to < 0 || key === target) return [...order];
  const next = shown.filter((each) => each !== key);
  next.splice(to, 0, key);
  const place = new Map(keys.map((each, at) => [each, at]));
  const placeOf = (at: number) => place.get(next[at] ?? "") ?? -1;
  let named = next.length - 1;
  while (named > 0 && placeOf(named - 1) < placeOf(named)) named -= 1;
  // The rest is in the usual order; it is left out only if nothing of it was named before something else.
  const others = order.filter((each) => !place.has(each));
  return [...others, ...next.slice(0, named)];
}
