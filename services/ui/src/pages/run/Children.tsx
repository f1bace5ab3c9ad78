/** The runs whose parent is this one, such as the trials of a sweep. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { childrenQuery, type RunDetail } from "@/api/run";
import { formatDuration, formatTime } from "@/components/format";
import { endReason, RunState } from "@/components/RunState";
import { useNow } from "@/components/use-now";
import classes from "./run.module.css";

export function Children({ run }: { run: RunDetail }) {
  const found = useQuery(childrenQuery(run.experimentId, run.id));
  const now = useNow();
  const children = found.data ?? [];
  if (children.length === 0) return null;
  return (
    <section>
      <div className={classes["tableHead"]}>
        <h3>
          Children{" "}
          <span className={classes["dim"]}>{children.length === 100 ? "first 100" : children.length}</span>
        </h3>
      </div>
      <table className={classes["table"]}>
        <thead>
          <tr>
            <th>Name</th>
            <th>State</th>
            <th>Started</th>
            <th className={classes["number"]}>Duration</th>
          </tr>
        </thead>
        <tbody>
          {children.map((child) => (
            <tr key={child.id}>
              <td>
                <Link
                  to="/experiments/$experimentId/runs/$runId"
                  params={{ experimentId: child.experimentId, runId: child.id }}
                >
                  {child.name}
                </Link>
              </td>
              <td>
                <RunState status={child.status} reason={endReason(child)} />
              </td>
              <td>{formatTime(child.startTime, now)}</td>
              <td className={classes["number"]}>
                {formatDuration((child.endTime ?? now) - child.startTime)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
