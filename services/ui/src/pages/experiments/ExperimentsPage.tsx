/** The list of experiments: search, sort, create, rename, describe, delete and restore. */
import { Button, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { DESCRIPTION_TAG, type Experiment, useExperiments } from "@/api/experiments";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { SortHead, type SortState } from "@/components/SortHead";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { LoadMore } from "@/components/LoadMore";
import { ExperimentMenu } from "./ExperimentMenu";
import { CreateExperiment } from "./forms";
import { type ExperimentsSearch, filterOf } from "./search";

const DEFAULT_SORT = "-last_update_time";

export function ExperimentsPage() {
  const search = useSearch({ from: "/experiments" });
  const navigate = useNavigate();
  const [isCreating, setIsCreating] = useState(false);
  const [text, setText] = useState(search.q ?? "");
  const [wanted] = useDebouncedValue(text, 200);
  const sort = search.sort ?? DEFAULT_SORT;
  const found = useExperiments({
    filter: filterOf(wanted),
    orderBy: [sort.startsWith("-") ? `${sort.slice(1)} DESC` : `${sort} ASC`],
    view: search.view ?? "active",
  });
  const change = (part: { [Key in keyof ExperimentsSearch]: ExperimentsSearch[Key] | undefined }) =>
    void navigate({
      to: "/experiments",
      replace: true,
      search: (before: ExperimentsSearch) =>
        Object.fromEntries(Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined)),
    });
  const experiments = found.data?.pages.flatMap((page) => page.experiments) ?? [];
  const sorting: SortState = { sort, onSort: (next) => change({ sort: next }) };
  return (
    <>
      <Crumbs items={[{ label: "Experiments" }]} />
      <HeaderActions>
        <Button leftSection={<IconPlus size={14} />} onClick={() => setIsCreating(true)}>
          New experiment
        </Button>
      </HeaderActions>
      <CreateExperiment opened={isCreating} onClose={() => setIsCreating(false)} />
      <div className={table["page"]}>
        <div className={table["tools"]}>
          <TextInput
            className={table["search"] ?? ""}
            aria-label="Search experiments"
            placeholder="Search names, or a filter such as tags.team = 'vision'"
            leftSection={<IconSearch size={14} />}
            value={text}
            error={found.error && wanted ? found.error.message : undefined}
            onChange={(event) => {
              setText(event.currentTarget.value);
              change({ q: event.currentTarget.value || undefined });
            }}
          />
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
        </div>
        {found.error && !wanted ? (
          <Failure
            title="The experiments could not be loaded."
            error={found.error}
            onRetry={() => void found.refetch()}
          />
        ) : found.isPending ? (
          <div aria-busy>
            {Array.from({ length: 12 }, (_, index) => (
              <Skeleton key={index} height={20} my={14} />
            ))}
          </div>
        ) : experiments.length === 0 && !found.error ? (
          <Nothing
            search={search}
            isFiltered={wanted !== ""}
            onClear={() => {
              setText("");
              change({ q: undefined, view: undefined });
            }}
          />
        ) : (
          <>
            <table className={table["table"]}>
              <thead>
                <tr>
                  <SortHead by="name" {...sorting}>
                    Name
                  </SortHead>
                  <SortHead by="last_update_time" {...sorting}>
                    Last change
                  </SortHead>
                  <SortHead by="creation_time" {...sorting}>
                    Created
                  </SortHead>
                  <th scope="col">Tags</th>
                  <th scope="col">Description</th>
                  <th scope="col">
                    <span className="th-visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {experiments.map((experiment) => (
                  <ExperimentRow key={experiment.id} experiment={experiment} />
                ))}
              </tbody>
            </table>
            <LoadMore pages={found} />
          </>
        )}
      </div>
    </>
  );
}

function ExperimentRow({ experiment }: { experiment: Experiment }) {
  const description = experiment.tags.get(DESCRIPTION_TAG) ?? "";
  return (
    <tr>
      <td className={table["name"]}>
        <Link
          to="/experiments/$experimentId"
          params={{ experimentId: experiment.id }}
          title={experiment.name}
        >
          {experiment.name}
        </Link>
      </td>
      <td>
        <Time at={experiment.updated} />
      </td>
      <td>
        <Time at={experiment.created} />
      </td>
      <td>
        <Tags tags={experiment.tags} />
      </td>
      <td className={table["wide"]} title={description}>
        {description}
      </td>
      <td className={table["actions"]}>
        <ExperimentMenu experiment={experiment} />
      </td>
    </tr>
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
