/** The page of an experiment: one filter and one selection of runs, seen as a table, as charts or compared. */
import { ActionIcon, Menu, Modal, Select, Skeleton } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { memo, useCallback, useMemo, useState } from "react";
import { type Experiment, useExperiment } from "@/api/experiments";
import { useIdentity, useMayOnExperiment } from "@/api/identity";
import { useKeys } from "@/api/keys";
import { AccessPanel } from "@/components/access/AccessPanel";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { Failure } from "@/components/Failure";
import { sameInAll } from "./columns";
import classes from "./ExperimentPage.module.css";
import { FilterBar } from "./FilterBar";
import { SavedViews } from "./SavedViews";
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

function countOf({ runs, pinned, counts, isLoading }: ExperimentView): string {
  if (isLoading) return "Loading…";
  const count = counts.top ?? runs.length + pinned.length;
  const { children } = counts;
  const below =
    children > 0 ? ` and ${children.toLocaleString()} ${children === 1 ? "child" : "children"}` : "";
  return `${count.toLocaleString()} ${count === 1 ? "run" : "runs"}${below}`;
}

// The parts of the line of tools remember what they have rendered: the page is rendered anew for each page of runs.

const SAME = (search: Record<string, unknown>) => search;

const Views = memo(function Views({ experimentId }: { experimentId: string }) {
  return (
    <nav aria-label="Views" className={classes["views"]}>
      {VIEWS.map(({ to, label }) => (
        <Link
          key={to}
          to={to}
          params={{ experimentId }}
          search={SAME}
          activeOptions={{ exact: true, includeSearch: false }}
          activeProps={{ "data-active": true }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
});

interface GroupPickerProps extends Pick<ExperimentView, "search" | "change"> {
  experimentIds: readonly string[];
}

/** Chooses the param or tag by which runs are grouped, among those of all runs. */
const GroupPicker = memo(function GroupPicker({ search, change, experimentIds }: GroupPickerProps) {
  const [isUsed, setIsUsed] = useState(false);
  const keys = useKeys(experimentIds, "", isUsed);
  const groups = useMemo(() => {
    const items = (prefix: "params" | "tags") =>
      keys[prefix].map((key) => ({ value: `${prefix}.${key}`, label: key }));
    const known = [
      { group: "Params", items: items("params") },
      { group: "Tags", items: items("tags") },
    ];
    // What the address names has a label before the keys have come.
    const { group } = search;
    if (group && !known.some((kind) => kind.items.some(({ value }) => value === group))) {
      known[group.startsWith("tags.") ? 1 : 0]?.items.unshift({
        value: group,
        label: group.slice(group.indexOf(".") + 1),
      });
    }
    return known;
  }, [keys, search]);
  return (
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
      onFocus={() => setIsUsed(true)}
      onChange={(group) => change({ group: group ?? undefined })}
    />
  );
});

/** So many runs are compared to tell what is the same in all that are loaded. */
const COMPARED = 500;

function Loaded({ experiment }: { experiment: Experiment }) {
  const [tools, setTools] = useState<HTMLElement | null>(null);
  const view = useMakeView(experiment, tools);
  const { mode } = useIdentity();
  const may = useMayOnExperiment(experiment.id);
  const mayGrant = mode !== "off" && may.manage;
  const [isGranting, setIsGranting] = useState(false);
  const { search, change, runs } = view;
  const { counts } = view;
  const { experimentIds } = view.asked;
  const onFilter = useCallback((q: string) => change({ q: q || undefined }), [change]);
  // Of the first pages alone, so that nothing is compared again when more are loaded.
  const [first, second] = view.pages;
  const compared = useMemo(() => [...(first ?? []), ...(second ?? [])].slice(0, COMPARED), [first, second]);
  const same = useMemo(() => sameInAll(compared), [compared]);
  const isPart = view.hasMore || runs.length > COMPARED;
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
            {mayGrant && <Menu.Item onClick={() => setIsGranting(true)}>Who may do what</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
        <Modal
          opened={isGranting}
          onClose={() => setIsGranting(false)}
          title={`Who may do what with ${experiment.name}`}
          size="lg"
        >
          <AccessPanel of={{ experiment: experiment.id }} />
        </Modal>
      </HeaderActions>
      <div className={classes["page"]}>
        <div className={classes["tools"]}>
          <Views experimentId={experiment.id} />
          <FilterBar
            value={search.q ?? ""}
            experimentIds={experimentIds}
            error={search.q ? view.error : null}
            isLoading={view.isStale}
            onChange={onFilter}
          />
          <GroupPicker search={search} change={change} experimentIds={experimentIds} />
          <SavedViews experiment={experiment} search={search} change={change} />
          <span ref={setTools} className={classes["viewTools"]} />
        </div>
        <div className={classes["line"]}>
          <span aria-live="polite">
            {view.error ? "" : countOf(view)}
            {search.view && " in the bin"}
            {counts.running > 0 && (
              <span className={classes["running"]}> · {counts.running.toLocaleString()} running</span>
            )}
          </span>
          {same.length > 0 && (
            <span
              className={classes["same"]}
              title={same.map(([key, value]) => `${key} = ${value}`).join("\n")}
            >
              same in {isPart ? `the first ${compared.length}` : "all"}:{" "}
              {same.map(([key, value]) => `${key} = ${value}`).join(", ")}
            </span>
          )}
        </div>
        <Outlet />
      </div>
    </ExperimentViewContext>
  );
}
