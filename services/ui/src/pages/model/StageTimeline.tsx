/** What was live when: a lane for each stage, a bar for each version in it; a click tells the event. */
import { Popover } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTransitions } from "@/api/governance";
import { exactTime } from "@/components/format";
import { useNow } from "@/components/use-now";
import classes from "./StageTimeline.module.css";
import { type Period, periodsOf } from "./timeline";

const LANES = ["Production", "Staging"];
const ROW = 24;
const TICKS = 5;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function Bar({ name, period, left, width }: { name: string; period: Period; left: number; width: number }) {
  const { version, event } = period;
  return (
    <Popover position="top" withArrow>
      <Popover.Target>
        <button
          type="button"
          className={classes["bar"]}
          data-stage={period.stage}
          data-open={period.to === null || undefined}
          style={{ left: `${left}%`, width: `${width}%`, top: period.row * ROW + 2 }}
          aria-label={`v${version} in ${period.stage} from ${exactTime(period.from)}`}
        >
          v{version}
        </button>
      </Popover.Target>
      <Popover.Dropdown className={classes["event"] ?? ""}>
        <strong>
          <Link to="/models/$name/versions/$version" params={{ name, version: String(version) }}>
            Version {version}
          </Link>{" "}
          in {period.stage}
        </strong>
        <span>
          from {exactTime(period.from)}, by {event.actor}
        </span>
        <span>{period.to === null ? "until now" : `until ${exactTime(period.to)}`}</span>
        {event.comment && <q>{event.comment}</q>}
      </Popover.Dropdown>
    </Popover>
  );
}

export function StageTimeline({ name }: { name: string }) {
  const { data: events } = useTransitions(name);
  const now = useNow();
  const lanes = useMemo(
    () => LANES.map((stage) => ({ stage, periods: periodsOf(events ?? [], stage) })),
    [events],
  );
  const first = Math.min(...lanes.flatMap(({ periods }) => periods.map(({ from }) => from)));
  if (!Number.isFinite(first)) return null;
  const begin = first - Math.max((now - first) * 0.02, 1000);
  const share = (time: number) => ((time - begin) / (now - begin)) * 100;
  const ticks = Array.from({ length: TICKS }, (_, index) => begin + ((now - begin) * index) / (TICKS - 1));
  const span = now - begin;
  const parts: Intl.DateTimeFormatOptions =
    span < 10 * MINUTE_MS
      ? { hour: "2-digit", minute: "2-digit", second: "2-digit" }
      : span < 3 * DAY_MS
        ? { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }
        : { month: "short", day: "numeric", year: "numeric" };
  return (
    <section aria-label="Timeline of stages" className={classes["timeline"]}>
      {lanes.map(({ stage, periods }) => (
        <div key={stage} className={classes["lane"]}>
          <span className={classes["stage"]}>{stage}</span>
          <div
            className={classes["track"]}
            style={{ height: ROW * (Math.max(0, ...periods.map(({ row }) => row)) + 1) + 4 }}
          >
            {periods.map((period) => (
              <Bar
                key={`${period.version} ${period.from}`}
                name={name}
                period={period}
                left={share(period.from)}
                width={share(period.to ?? now) - share(period.from)}
              />
            ))}
          </div>
        </div>
      ))}
      <div className={classes["lane"]}>
        <span />
        <div className={classes["ticks"]}>
          {ticks.map((tick) => (
            <span key={tick}>{new Date(tick).toLocaleString(undefined, parts)}</span>
          ))}
        </div>
      </div>
    </section>
  );
}
