/** The left column of a run's page: how it stands, why it ended, when, whose it is, and what it was made from. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { isLive, type RunDetail } from "@/api/run";
import { Copyable } from "@/components/Copyable";
import { exactTime, formatDuration, formatTime } from "@/components/format";
import { runColor } from "@/components/run-color";
import { endReason, RunState } from "@/components/RunState";
import { RunDot } from "@/components/charts/RunDot";
import { useNow } from "@/components/use-now";
import { useScheme } from "@/components/use-scheme";
import { Datasets } from "./Datasets";
import classes from "./run.module.css";

const K8S = "trackhelm.k8s.";
/** A run that is alone needs no dash to be told apart. */
const SOLID: readonly number[] = [];

export function RunFacts({ run }: { run: RunDetail }) {
  const now = useNow();
  const scheme = useScheme();
  const tag = (key: string) => run.tags.get(key);
  const parent = tag("mlflow.parentRunId");
  const commit = tag("mlflow.source.git.commit");
  const source = tag("mlflow.source.name");
  return (
    <aside className={classes["facts"]} aria-label="About the run">
      <h2 className={classes["name"]}>
        <RunDot style={{ color: runColor(run, scheme), dash: SOLID }} />
        <span>{run.name}</span>
      </h2>
      <dl>
        <Fact name="State">
          <span className={classes["wordy"]}>
            <RunState status={run.status} reason={endReason(run)} />
            {run.status === "FINISHED" && "finished"}
            {run.isDeleted && " in the bin"}
          </span>
        </Fact>
        <PodEnd run={run} />
        <Fact name="Started">
          <span title={exactTime(run.startTime)}>{formatTime(run.startTime, now)}</span>
        </Fact>
        <Fact name={isLive(run) ? "Running for" : "Duration"}>
          {formatDuration((run.endTime ?? (isLive(run) ? now : run.startTime)) - run.startTime)}
        </Fact>
        {run.userId && <Fact name="User">{run.userId}</Fact>}
        <Fact name="Run id">
          <Copyable text={run.id} shown={run.id.slice(0, 8)} />
        </Fact>
        {parent && (
          <Fact name="Parent">
            <Link
              to="/experiments/$experimentId/runs/$runId"
              params={{ experimentId: run.experimentId, runId: parent }}
            >
              {parent.slice(0, 8)}
            </Link>
          </Fact>
        )}
        {source && (
          <Fact name="Source">
            <span className={classes["wrap"]}>{source}</span>
          </Fact>
        )}
        {commit && (
          <Fact name="Commit">
            <Copyable text={commit} shown={commit.slice(0, 10)} />
            {tag("mlflow.source.git.dirty") === "true" && (
              <span className={classes["warn"]}> with changes</span>
            )}
          </Fact>
        )}
        {tag("mlflow.source.git.branch") && <Fact name="Branch">{tag("mlflow.source.git.branch")}</Fact>}
        <PodPlace run={run} />
      </dl>
      <Datasets datasets={run.datasets} />
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Why the run's pod ended, as the watcher wrote it into tags. */
function PodEnd({ run }: { run: RunDetail }) {
  const tag = (name: string) => run.tags.get(K8S + name);
  const message = tag("message");
  const code = tag("exit_code");
  const by = tag("deleted_by");
  const before = tag("previous_reason");
  return (
    <>
      {code && <Fact name="Exit code">{code}</Fact>}
      {message && (
        <Fact name="Message">
          <span className={classes["wrap"]}>{message}</span>
        </Fact>
      )}
      {by && <Fact name="Deleted by">{by}</Fact>}
      {before && <Fact name="Ended before">{before}, then resumed</Fact>}
    </>
  );
}

function PodPlace({ run }: { run: RunDetail }) {
  const tag = (name: string) => run.tags.get(K8S + name);
  const pod = tag("pod");
  if (!pod) return null;
  const namespace = tag("namespace");
  const full = namespace ? `${namespace}/${pod}` : pod;
  return (
    <>
      <Fact name="Pod">
        <Copyable text={full} shown={full} />
      </Fact>
      {tag("node") && <Fact name="Node">{tag("node")}</Fact>}
      {tag("job") && <Fact name="Job">{tag("job")}</Fact>}
      {tag("image") && (
        <Fact name="Image">
          <span className={classes["wrap"]}>{tag("image")}</span>
        </Fact>
      )}
      {tag("gpus") && <Fact name="GPUs">{tag("gpus")}</Fact>}
      {tag("restarts") && <Fact name="Restarts">{tag("restarts")}</Fact>}
    </>
  );
}
