/** The list of experiments: search, sort, create, rename, describe, delete and restore. */
import { Button, SegmentedControl } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { DESCRIPTION_TAG, type Experiment, useExperiments } from "@/api/experiments";
import { useIdentity } from "@/api/identity";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { type ListColumn, nameFilter, orderOf, SearchList } from "@/components/SearchList";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import { ExperimentMenu } from "./ExperimentMenu";
import { CreateExperiment } from "./forms";
import type { ExperimentsSearch } from "./search";

const DEFAULT_SORT = "-last_update_time";

const COLUMNS: readonly ListColumn<Experiment>[] = [
  {
    head: "Name",
    by: "name",
    kind: "name",
    cell: ({ id, name }) => (
      <Link to="/experiments/$experimentId" params={{ experimentId: id }} title={name}>
        {name}
      </Link>
    ),
  },
  { head: "Last change", by: "last_update_time", cell: ({ updated }) => <Time at={updated} /> },
  { head: "Created", by: "creation_time", cell: ({ created }) => <Time at={created} /> },
  { head: "Tags", cell: ({ tags }) => <Tags tags={tags} /> },
  {
    head: "Description",
    kind: "wide",
    cell: ({ tags }) => tags.get(DESCRIPTION_TAG),
    title: ({ tags }) => tags.get(DESCRIPTION_TAG) ?? "",
  },
  { head: "Actions", kind: "actions", cell: (experiment) => <ExperimentMenu experiment={experiment} /> },
];

export function ExperimentsPage() {
  const search = useSearch({ from: "/experiments" });
  const navigate = useNavigate();
  const { rights } = useIdentity();
  const [isCreating, setIsCreating] = useState(false);
  const [text, setText] = useState(search.q ?? "");
  const [wanted] = useDebouncedValue(text, 200);
  const sort = search.sort ?? DEFAULT_SORT;
  const found = useExperiments({
    filter: nameFilter(wanted),
    orderBy: [orderOf(sort)],
    view: search.view ?? "active",
  });
  const change = (part: { [Key in keyof ExperimentsSearch]: ExperimentsSearch[Key] | undefined }) =>
    void navigate({
      to: "/experiments",
      replace: true,
      search: (before: ExperimentsSearch) =>
        Object.fromEntries(Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined)),
    });
  return (
    <>
      <Crumbs items={[{ label: "Experiments" }]} />
      <HeaderActions>
        {rights.mayCreate && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setIsCreating(true)}>
            New experiment
          </Button>
        )}
      </HeaderActions>
      <CreateExperiment opened={isCreating} onClose={() => setIsCreating(false)} />
      <SearchList
        noun="experiments"
        text={text}
        onText={(next) => {
          setText(next);
          change({ q: next || undefined });
        }}
        sorting={{ sort, onSort: (next) => change({ sort: next }) }}
        columns={COLUMNS}
        items={found.data?.pages.flatMap((page) => page.experiments) ?? []}
        keyOf={({ id }) => id}
        found={found}
        tools={
          <SegmentedControl
            size="xs"
            aria-label="Which experiments"
            value={search.view ?? "active"}
            data={[
              { value: "active", label: "Active" },
              { value: "deleted", label: "Deleted" },
            ]}
            onChange={(view) => change({ view: view === "deleted" ? "deleted" : undefined })}
          />
        }
        nothing={
          <Nothing
            search={search}
            isFiltered={wanted !== ""}
            onClear={() => {
              setText("");
              change({ q: undefined, view: undefined });
            }}
          />
        }
      />
    </>
  );
}

function Nothing({
  search,
  isFiltered,
  onClear,
}: {
  search: ExperimentsSearch;
  isFiltered: boolean;
  onClear: () => void;
}) {
  const title = isFiltered
    ? "No experiment matches."
    : search.view
      ? "No experiment is in the bin."
      : "There are no experiments yet.";
  return (
    <EmptyState title={title}>
      {(isFiltered || search.view) && (
        <Button variant="default" onClick={onClear}>
          Show all active experiments
        </Button>
      )}
    </EmptyState>
  );
}
