/** The page of a run: what it is at the left, and tabs with what it logged at the right. */
import { useViewportSize } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useExperiment } from "@/api/experiments";
import { isLive, runQuery } from "@/api/run";
import { Crumbs } from "@/components/Crumbs";
import { Failure } from "@/components/Failure";
import { RunActions } from "./RunActions";
import { RunContext } from "./run-context";
import { RunFacts } from "./RunFacts";
import classes from "./run.module.css";

const TABS = [
  { to: "/experiments/$experimentId/runs/$runId", label: "Overview", exact: true },
  { to: "/experiments/$experimentId/runs/$runId/charts", label: "Charts", exact: false },
  { to: "/experiments/$experimentId/runs/$runId/system", label: "System", exact: false },
  { to: "/experiments/$experimentId/runs/$runId/artifacts", label: "Artifacts", exact: false },
  { to: "/experiments/$experimentId/runs/$runId/models", label: "Models", exact: false },
  { to: "/experiments/$experimentId/runs/$runId/lineage", label: "Lineage", exact: false },
] as const;

export function RunPage() {
  const { experimentId, runId } = useParams({ from: "/experiments/$experimentId/runs/$runId" });
  const experiment = useExperiment(experimentId);
  const found = useQuery(runQuery(runId));
  const run = found.data;
  return (
    <>
      <Crumbs
        items={[
          { label: "Experiments", link: { to: "/experiments" } },
          {
            label: experiment.data?.name ?? experimentId,
            link: { to: "/experiments/$experimentId", params: { experimentId } },
          },
          { label: run?.name ?? runId },
        ]}
      >
        {isLive(run) && <LiveDot isAway={found.isRefetchError} />}
      </Crumbs>
      {found.isError && !run ? (
        <Failure
          title="This run could not be loaded."
          error={found.error}
          onRetry={() => void found.refetch()}
        />
      ) : run ? (
        <RunContext value={run}>
          <div className={classes["page"]}>
            <RunFacts run={run} />
            <div className={classes["main"]}>
              <div className={classes["tabLine"]}>
                <Tabs experimentId={experimentId} runId={runId} />
                <RunActions run={run} />
              </div>
              <Outlet />
            </div>
          </div>
        </RunContext>
      ) : null}
    </>
  );
}

function Tabs({ experimentId, runId }: { experimentId: string; runId: string }) {
  const list = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const { width } = useViewportSize();
  useEffect(() => {
    // On a phone they scroll: the one that is open comes to the middle.
    const tabs = list.current;
    const open = tabs?.querySelector<HTMLElement>("[data-active]");
    if (tabs && open)
      tabs.scrollLeft = open.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
  }, [pathname, width]);
  return (
    <nav aria-label="Parts of the run" ref={list} className={classes["tabs"]}>
      {TABS.map(({ to, label, exact }) => (
        <Link
          key={to}
          to={to}
          params={{ experimentId, runId }}
          className={classes["tab"] ?? ""}
          activeOptions={{ exact, includeSearch: false }}
          activeProps={{ "data-active": true }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}

function LiveDot({ isAway }: { isAway: boolean }) {
  return (
    <span className={classes["live"]} data-away={isAway || undefined} role="status">
      {isAway ? "server away: what is shown is older" : "live"}
    </span>
  );
}
