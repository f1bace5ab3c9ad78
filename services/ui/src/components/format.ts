/** Numbers, durations, times and sizes as texts: short in place, exact where the pointer asks. */

const SIGNIFICANT = 4;
const SMALL = 1e-4;
const LARGE = 1e7;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function special(value: number): string | null {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "∞";
  return value === -Infinity ? "−∞" : null;
}

function isScientific(value: number): boolean {
  const size = Math.abs(value);
  return size !== 0 && (size < SMALL || size >= LARGE);
}

const plain = (text: string) => text.replace("-", "−");

/** Return a number with 4 significant digits, in scientific form below 1e-4 and from 1e7. */
export function formatNumber(value: number): string {
  const named = special(value);
  if (named !== null) return named;
  if (isScientific(value)) return plain(value.toExponential(2));
  if (Number.isInteger(value)) return plain(value.toLocaleString(undefined, { useGrouping: false }));
  // What stands before the point is never rounded away.
  if (Math.abs(value) >= 10 ** SIGNIFICANT) return plain(value.toFixed(0));
  return plain(String(Number(value.toPrecision(SIGNIFICANT))));
}

/** Return how many decimals the numbers of a column have, all the same. */
export function columnDecimals(values: Iterable<number>): number {
  let largest = 0;
  let isWhole = true;
  for (const value of values) {
    if (!Number.isFinite(value) || isScientific(value)) continue;
    largest = Math.max(largest, Math.abs(value));
    isWhole &&= Number.isInteger(value);
  }
  const digits = largest > 0 ? Math.floor(Math.log10(largest)) + 1 : 1;
  return isWhole ? 0 : Math.min(Math.max(SIGNIFICANT - digits, 0), 8);
}

/** Return a formatter for a column of numbers with so many decimals. */
export function columnFormat(decimals: number): (value: number) => string {
  return (value) => {
    const named = special(value);
    if (named !== null) return named;
    // A value far below the others would lose its digits.
    const isFine = value === 0 || decimals === 0 || Math.abs(value) >= 10 ** (1 - decimals);
    return isScientific(value) || !isFine ? formatNumber(value) : plain(value.toFixed(decimals));
  };
}

/** Return a length of time, such as `2 h 5 min` or `340 ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  // A second part that is 0 says nothing.
  const both = (first: string, count: number, unit: string) =>
    count === 0 ? first : `${first} ${count} ${unit}`;
  if (minutes < 60) return both(`${minutes} min`, Math.floor(seconds % 60), "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return both(`${hours} h`, minutes % 60, "min");
  return both(`${Math.floor(hours / 24)} d`, hours % 24, "h");
}

/** Return how long ago a time was, or within which date it lies if it was more than a day ago. */
export function formatTime(time: number, now: number): string {
  const ago = now - time;
  if (ago < 0 || ago >= DAY_MS) {
    const isThisYear = new Date(time).getFullYear() === new Date(now).getFullYear();
    return new Date(time).toLocaleString(undefined, {
      ...(isThisYear ? {} : { year: "numeric" }),
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
  }
  if (ago < MINUTE_MS) return "just now";
  if (ago < HOUR_MS) return `${Math.floor(ago / MINUTE_MS)} min ago`;
  return `${Math.floor(ago / HOUR_MS)} h ago`;
}

/** Return a time to the millisecond, in UTC. */
export function exactTime(time: number): string {
  return new Date(time).toISOString().replace("T", " ").replace("Z", " UTC");
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Return a number of bytes, such as `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const unit = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? "B"}`;
}
