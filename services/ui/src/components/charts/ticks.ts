/** The ticks of axes: where they are, and what they say. */
import { formatNumber } from "@/components/format";

/** Return round values within a range: powers of ten on a logarithmic axis. */
export function ticks([from, to]: readonly [number, number], log: boolean, about = 6): number[] {
  if (log) {
    const first = Math.ceil(Math.log10(from));
    const powers = Math.floor(Math.log10(to)) - first + 1;
    if (powers >= 2) return Array.from({ length: powers }, (_, i) => 10 ** (first + i));
  }
  const rough = (to - from) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((digit) => digit * power >= rough) ?? 10) * power;
  const begin = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - begin + 1 }, (_, i) => (begin + i) * step);
}

/** A short tick: 1k, 2.5M; a tick of a logarithmic axis that uPlot leaves out stays empty. */
export function formatTick(value: number | null): string {
  if (value === null) return "";
  const size = Math.abs(value);
  if (size >= 1e15 || (size !== 0 && size < 1e-3)) return value.toExponential(0).replace("-", "−");
  for (const [unit, name] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (size >= unit) return `${String(Number((value / unit).toPrecision(4))).replace("-", "−")}${name}`;
  }
  return formatNumber(value);
}
