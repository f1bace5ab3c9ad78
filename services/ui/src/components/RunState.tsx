/** The state of a run: an icon, and a word unless it has simply finished. */
import { IconBan, IconCheck, IconClock, IconPlayerPlay, IconX } from "@tabler/icons-react";
import type { Run, RunStatus } from "@/api/runs";
import classes from "./RunState.module.css";

/** Why a run ended as its pod tells; undefined if nobody knows more than the state says. */
export function endReason(run: Pick<Run, "tags" | "status">): string | undefined {
  const reason = run.tags.get("trackhelm.k8s.reason");
  return run.status === "RUNNING" || run.status === "FINISHED" ? undefined : reason;
}

const STATES = {
  FINISHED: { Icon: IconCheck, word: "", name: "finished", tone: "good" },
  RUNNING: { Icon: IconPlayerPlay, word: "running", name: "running", tone: "live" },
  FAILED: { Icon: IconX, word: "failed", name: "failed", tone: "bad" },
  KILLED: { Icon: IconBan, word: "killed", name: "killed", tone: "warn" },
  SCHEDULED: { Icon: IconClock, word: "scheduled", name: "scheduled", tone: "dim" },
} as const;

export function RunState({ status, reason }: { status: RunStatus; reason?: string | undefined }) {
  const state = status in STATES ? STATES[status] : STATES.SCHEDULED;
  const word = reason ?? state.word;
  return (
    <span className={classes["state"]} data-tone={state.tone} title={word || state.name}>
      <state.Icon size={14} stroke={2.2} aria-hidden />
      {word ? <span>{word}</span> : <span className="th-visually-hidden">{state.name}</span>}
    </span>
  );
}
