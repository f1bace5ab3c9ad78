/** The page of an experiment: one filter and one selection of runs, seen as a table, as charts or compared. */
import { ActionIcon, Menu, Select, Skeleton } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type Experiment, useExperiment } from "@/api/experiments";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { Failure } from "@/components/Failure";
import { keysOf, sameInAll } from "./columns";
import classes from "./ExperimentPage.module.css";
import { FilterBar } from "./FilterBar";
import type { Known } from "./filter";
import { useMakeView } from "./use-view";
import { type ExperimentView, ExperimentViewContext } from "./view";

const VIEWS = [
  { to: "/experiments/$experimentId", label: "Table" },
  { to: "/experiments/$experimentId/charts", label: "Charts" },
  { to: "/experiments/$experimentId/compare", label: "Compare" },
] as const;

export function ExperimentPage() {
  const { experimentId } = useParams({ from: "/experiments/$experimentId" });
  const found = useExperiment(experimentId);
  const crumbs = (
    <Crumbs
      items={[
        { label: "Experiments", link: { to: "/experiments" } },
        { label: found.data?.name ?? experimentId },
      ]}
    />
  );
  if (found.error) {
    return (
      <>
        {crumbs}
        <Failure
          title="This experiment could not be loaded."
          error={found.error}
          onRetry={() => void found.refetch()}
        />
      </>
    );
  }
  return (
    <>
      {crumbs}
      {found.data ? <Loaded key={experimentId} experiment={found.data} /> : <Skeleton m={16} h={28} />}
    </>
  );
}

function useKnown(view: ExperimentView): Known {
  const { runs } = view;
  return useMemo(() => {
    const keys = keysOf(runs);
    return {
      metrics: [...keys.metrics.keys()],
      params: [...keys.params.keys()],
      tags: [...keys.tags.keys()],
      values: (prefix, key) =>
        [...new Set(runs.map((run) => run[prefix].get(key)).filter((value) => value !== undefined))]
          .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
          .slice(0, 100),
    };
  }, [runs]);
}

function countOf({ runs, pinned, children, hasMore }: ExperimentView): string {
  const below = [...children.values()].reduce((sum, some) => sum + some.length, 0);
  const count = runs.length + pinned.length;
  const more = hasMore ? "+" : "";
  const noun = count === 1 && !hasMore ? "run" : "runs";
  return `${count}${more} ${noun}${below > 0 ? ` and ${below} children` : ""}`;
}

function Loaded({ experiment }: { experiment: Experiment }) {
  const [tools, setTools] = useState<HTMLElement | null>(null);
  const view = useMakeView(experiment, tools);
  const { search, change, runs } = view;
  const known = useKnown(view);
  const running = useMemo(() => runs.filter(({ status }) => status === "RUNNING").length, [runs]);
  const same = useMemo(() => sameInAll(runs), [runs]);
  const groups = useMemo(
    () => [
      { group: "Params", items: known.params.map((key) => ({ value: `params.${key}`, label: key })) },
      { group: "Tags", items: known.tags.map((key) => ({ value: `tags.${key}`, label: key })) },
    ],
    [known],
  );
  return (
    <ExperimentViewContext value={view}>
      <HeaderActions>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More of this experiment">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => change({ view: search.view ? undefined : "deleted", q: search.q })}>
              {search.view ? "Show active runs" : "Show deleted runs"}
            </Menu.Item>
            <Menu.Item onClick={() => void navigator.clipboard.writeText(experiment.id)}>
              Copy the experiment&apos;s id ({experiment.id})
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </HeaderActions>
      <div className={classes["page"]}>
        <div className={classes["tools"]}>
          <nav aria-label="Views" className={classes["views"]}>
            {VIEWS.map(({ to, label }) => (
              <Link
                key={to}
                to={to}
                params={{ experimentId: experiment.id }}
                search={(before) => before}
                activeOptions={{ exact: true, includeSearch: false }}
                activeProps={{ "data-active": true }}
              >
                {label}
              </Link>
            ))}
          </nav>
          <FilterBar
            value={search.q ?? ""}
            known={known}
            error={search.q ? view.error : null}
            isLoading={view.isStale}
            onChange={(q) => change({ q: q || undefined })}
          />
          <Select
            aria-label="Group by"
            placeholder="Group by"
            className={classes["group"] ?? ""}
            data={groups}
            value={search.group ?? null}
            searchable
            clearable
            limit={100}
            nothingFoundMessage="No such param or tag"
            onChange={(group) => change({ group: group ?? undefined })}
          />
          <span ref={setTools} className={classes["viewTools"]} />
        </div>
        <div className={classes["line"]}>
          <span aria-live="polite">
            {view.isLoading ? "Loading…" : view.error ? "" : countOf(view)}
            {search.view && " in the bin"}
            {running > 0 && <span className={classes["running"]}> · {running} running</span>}
          </span>
          {same.length > 0 && (
            <span
              className={classes["same"]}
              title={same.map(([key, value]) => `${key} = ${value}`).join("\n")}
            >
              same in all: {same.map(([key, value]) => `${key} = ${value}`).join(", ")}
            </span>
          )}
        </div>
        <Outlet />
      </div>
    </ExperimentViewContext>
  );
}
