/** Smoothing of a curve: an exponential moving average that weighs by the distance on the axis. */

/**
 * Return `y` smoothed by a weight from 0 (not at all) to below 1.
 *
 * The weight is that of one mean distance between neighbours, so that a gap forgets more than a short step, and points
 * at even distances get the usual average. It is free of the bias to the first value, by the sum of the weights of the
 * finite values. Values that are not finite stay as they are, and do not change the average.
 */
export function smooth(x: Float64Array, y: Float64Array, weight: number): Float64Array {
  const n = y.length;
  const smoothed = Float64Array.from(y);
  if (weight <= 0 || n < 2) return smoothed;
  const distance = Math.abs((x[n - 1] ?? 0) - (x[0] ?? 0)) / (n - 1);
  let sum = 0;
  let weights = 0;
  let before = x[0] ?? 0;
  for (let i = 0; i < n; i++) {
    const value = y[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    const at = x[i] ?? 0;
    const kept = weights === 0 || distance === 0 ? weight : weight ** (Math.abs(at - before) / distance);
    sum = sum * kept + value;
    weights = weights * kept + 1;
    smoothed[i] = sum / weights;
    before = at;
  }
  return smoothed;
}
