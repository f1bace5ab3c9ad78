/** What a box plot shows of some values. Pure functions. */

export interface Box {
  /** The least and greatest value within one and a half times the box's length of it. */
  low: number;
  high: number;
  /** Quartiles: a quarter, half and three quarters of the values lie below. */
  q1: number;
  median: number;
  q3: number;
  /** The values outside of `low` and `high`. */
  outliers: number[];
  count: number;
}

/** Return the box of the finite values; null if there are none. */
export function boxOf(values: readonly number[]): Box | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? NaN;
    return below + (place % 1) * ((sorted[Math.ceil(place)] ?? NaN) - below);
  };
  const [q1, median, q3] = [at(0.25), at(0.5), at(0.75)];
  const reach = 1.5 * (q3 - q1);
  const inside = sorted.filter((value) => value >= q1 - reach && value <= q3 + reach);
  return {
    low: inside[0] ?? q1,
    high: inside.at(-1) ?? q3,
    q1,
    median,
    q3,
    outliers: sorted.filter((value) => value < q1 - reach || value > q3 + reach),
    count: sorted.length,
  };
}
