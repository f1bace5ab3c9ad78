/** Which version was in which stage from when to when, out of the transitions that the server has recorded. */
import type { PastTransition } from "@/api/governance";

export interface Period {
  version: number;
  stage: string;
  /** Milliseconds since the epoch. */
  from: number;
  /** Null while the version is still in the stage. */
  to: number | null;
  /** The transition that began it. */
  event: PastTransition;
  /** The row of the lane: periods that overlap have different ones. */
  row: number;
}

/** Return the periods of a stage, the oldest first. `events` are transitions, the oldest first. */
export function periodsOf(events: readonly PastTransition[], stage: string): Period[] {
  const periods: Period[] = [];
  const open = new Map<number, Period>();
  for (const event of events) {
    const { version, time } = event;
    const running = open.get(version);
    if (running) {
      running.to = time;
      open.delete(version);
    }
    if (event.to_stage === stage) {
      const period = { version, stage, from: time, to: null, event, row: 0 };
      periods.push(period);
      open.set(version, period);
    }
  }
  const ends: number[] = [];
  for (const period of periods) {
    const free = ends.findIndex((end) => end <= period.from);
    period.row = free < 0 ? ends.length : free;
    ends[period.row] = period.to ?? Infinity;
  }
  return periods;
}
