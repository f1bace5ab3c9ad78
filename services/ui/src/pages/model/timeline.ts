/** Which version was in which stage from when to when, out of the transitions that the audit trail has. */
import type { AuditEvent } from "@/api/governance";

export interface Period {
  version: number;
  stage: string;
  /** Milliseconds since the epoch. */
  from: number;
  /** Null while the version is still in the stage. */
  to: number | null;
  /** The event that began it. */
  event: AuditEvent;
  /** The row of the lane: periods that overlap have different ones. */
  row: number;
}

function stageIn(state: unknown): string | null {
  if (typeof state !== "object" || state === null || !("stage" in state)) return null;
  return typeof state.stage === "string" ? state.stage : null;
}

/** Return the periods of a stage, the oldest first. `events` are transitions, the oldest first. */
export function periodsOf(events: readonly AuditEvent[], stage: string): Period[] {
  const periods: Period[] = [];
  const open = new Map<number, Period>();
  for (const event of events) {
    const version = event.entity_version;
    if (version === null || version === undefined) continue;
    const running = open.get(version);
    if (running) {
      running.to = event.time;
      open.delete(version);
    }
    if (stageIn(event.to) === stage) {
      const period = { version, stage, from: event.time, to: null, event, row: 0 };
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
