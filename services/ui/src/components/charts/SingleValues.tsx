/** A metric that was logged once, or at one step alone: a bar for each run, since a curve of a point says nothing. */
import { formatNumber } from "@/components/format";
import classes from "./charts.module.css";
import type { Curve } from "./curves";

/** Whether no curve goes anywhere. */
export function areSingle(curves: readonly Curve[]): boolean {
  return curves.length > 0 && curves.every(({ x }) => x.length > 0 && x[0] === x.at(-1));
}

export interface SingleValuesProps {
  title: string;
  curves: readonly Curve[];
  highlight: string | null;
  onHighlight: (id: string | null) => void;
}

export function SingleValues({ title, curves, highlight, onHighlight }: SingleValuesProps) {
  const bars = curves.map((curve) => ({ curve, value: curve.y.at(-1) ?? NaN }));
  const finite = bars.map(({ value }) => value).filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const span = Math.max(0, ...finite) - low || 1;
  return (
    <div className={classes["values"]} tabIndex={0} role="group" aria-label={`Values of ${title}`}>
      <table aria-label={`Values of ${title}`}>
        <tbody>
          {bars.map(({ curve, value }) => (
            <tr
              key={curve.id}
              data-near={curve.runId === highlight || undefined}
              onMouseEnter={() => onHighlight(curve.runId)}
              onMouseLeave={() => onHighlight(null)}
            >
              <th scope="row" title={curve.label}>
                {curve.label}
              </th>
              <td title={String(value)}>{formatNumber(value)}</td>
              <td className={classes["valueBar"]}>
                {Number.isFinite(value) && (
                  <span
                    style={{
                      background: curve.style.color,
                      marginLeft: `${((Math.min(0, value) - low) / span) * 100}%`,
                      width: `${(Math.abs(value) / span) * 100}%`,
                    }}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
