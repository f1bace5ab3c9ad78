import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Run } from "@/api/runs";
import { rowsOf } from "../rows";
import { type ExperimentView, ExperimentViewContext } from "../view";
import type { CellProps } from "./Cell";
import { RunsTable } from "./RunsTable";
import { useColumns } from "./use-columns";
import { useSelection } from "./use-selection";

/** How often the cells of each run were rendered: once for each rendering of their row, since these remember nothing. */
const rendered = new Map<string, number>();

vi.mock("./Cell", () => ({
  cellClass: () => "",
  Cell: ({ run }: CellProps) => {
    rendered.set(run.id, (rendered.get(run.id) ?? 0) + 1);
    return null;
  },
}));
vi.mock("@tanstack/react-router", () => ({ useNavigate: () => () => undefined }));

const ROW = 28;
const HEIGHT = 20 * ROW;
const RUNS = Array.from({ length: 200 }, (_, index): Run => ({
  ...{ id: `run-${index}`, name: `run ${index}`, experimentId: "1", status: "FINISHED", isDeleted: false },
  ...{ userId: "", startTime: 1_000, endTime: 2_000, tags: new Map(), params: new Map() },
  metrics: new Map([["loss", { value: index }]]),
}));
const PAGES = [RUNS];
const NOTHING: never[] = [];
const LISTED = rowsOf({
  ...{ runs: RUNS, pinned: NOTHING, children: new Map(), groups: null, loaded: new Map(), opened: new Set() },
}).filter((row) => row.kind === "run");

// What an address would say: the columns are those that are chosen by themselves, of which one is beside the name.
const VIEW = {
  ...{ search: { cols: ["metrics.loss"] }, runs: RUNS, pages: PAGES, listed: LISTED, pinned: NOTHING },
  ...{ children: new Map(), opened: new Set(), baseline: null, hasMore: false, isStale: false },
  ...{ matching: { experimentIds: ["1"], filter: "", orderBy: [], view: "active" } },
  ...{ change: () => undefined, toggle: () => undefined, loadMore: () => undefined },
} as unknown as ExperimentView;

function Table() {
  const columns = useColumns(RUNS);
  const selection = useSelection();
  // A new function at each rendering, as its parent gives one.
  return <RunsTable columns={columns} selection={selection} onMenu={() => undefined} />;
}

function scrollTo(top: number): void {
  const grid = screen.getByRole("grid");
  act(() => {
    grid.scrollTop = top;
    fireEvent.scroll(grid);
  });
}

beforeEach(() => {
  // A document of tests has no layout.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(HEIGHT);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1000);
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <ExperimentViewContext value={VIEW}>
          <Table />
        </ExperimentViewContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
  rendered.clear();
});
afterEach(cleanup);

test("a scroll renders the rows that come into sight, and no other", () => {
  scrollTo(5 * ROW);
  const before = new Set(rendered.keys());
  expect(before.size).toBeGreaterThan(0);
  expect(before.has("run-0")).toBe(false);
  rendered.clear();
  scrollTo(7 * ROW);
  expect(rendered.size).toBe(2);
  expect([...rendered.keys()].filter((id) => before.has(id))).toEqual([]);
});

test("a row that is selected is rendered, and no other but the one that was active before", () => {
  act(() => screen.getByRole("checkbox", { name: "Select run 3" }).click());
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "Select run 3" }).checked).toBe(true);
  expect([...rendered.keys()].sort()).toEqual(["run-0", "run-3"]);
  rendered.clear();
  act(() => screen.getByRole("checkbox", { name: "Select run 7" }).click());
  expect([...rendered.keys()].sort()).toEqual(["run-3", "run-7"]);
});
