/** What a run was made from and what was made from it: data, code, models, versions, and its parent and children. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { childrenQuery, type RunDetail, runQuery } from "@/api/run";
import { EmptyState } from "@/components/EmptyState";
import { Lineage } from "@/components/Lineage";
import { endReason, RunState } from "@/components/RunState";
import { Children } from "./Children";
import { useRun } from "./run-context";
import classes from "./run.module.css";

export function LineageTab() {
  const run = useRun();
  const parentId = run.tags.get("mlflow.parentRunId");
  const children = useQuery(childrenQuery(run.experimentId, run.id));
  const hasRelatives = parentId !== undefined || Boolean(children.data?.length);
  return (
    <>
      <Lineage
        start={{ run_id: run.id }}
        empty={
          !hasRelatives && (
            <EmptyState title="Nothing is known of where this run comes from or what was made from it.">
              Datasets that are logged with mlflow.log_input, the commit of the code, and models that the run
              logs appear here.
            </EmptyState>
          )
        }
      />
      {parentId !== undefined && <Parent parentId={parentId} run={run} />}
      <Children run={run} />
    </>
  );
}

function Parent({ parentId, run }: { parentId: string; run: RunDetail }) {
  const found = useQuery({ ...runQuery(parentId), retry: false });
  const parent = found.data;
  return (
    <section>
      <div className={classes["tableHead"]}>
        <h3>Parent</h3>
      </div>
      {found.isError ? (
        <p className={classes["dim"]}>{parentId}, which is not on this server</p>
      ) : (
        <p className={classes["relative"]}>
          <Link
            to="/experiments/$experimentId/runs/$runId"
            params={{ experimentId: parent?.experimentId ?? run.experimentId, runId: parentId }}
          >
            {parent?.name ?? parentId}
          </Link>
          {parent && <RunState status={parent.status} reason={endReason(parent)} />}
        </p>
      )}
    </section>
  );
}
