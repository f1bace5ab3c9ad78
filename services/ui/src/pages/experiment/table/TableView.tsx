/** The table of an experiment's runs, with its column picker, its export and the bar of what is selected. */
import { Button, Skeleton } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { createPortal } from "react-dom";
import { fetchCsv, type Run } from "@/api/runs";
import { ApiError, trackingUri } from "@/api/client";
import { CopyableCode } from "@/components/CopyableCode";
import { download } from "@/components/download";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed } from "@/components/notify";
import { type Column, serverColumn } from "../columns";
import { type ExperimentView, useExperimentView } from "../view";
import { ColumnPicker } from "./ColumnPicker";
import { RowMenu } from "./RowMenu";
import { RunsTable } from "./RunsTable";
import classes from "./RunsTable.module.css";
import { SelectionBar } from "./SelectionBar";
import { useColumns } from "./use-columns";
import { useSelection } from "./use-selection";

const FIRST = 100;

/** Save the columns of all runs that match, whether they are loaded or not, or of some of them. */
async function saveCsv(view: ExperimentView, columns: readonly Column[], only?: ReadonlySet<string>) {
  const filter = only
    ? `attributes.run_id IN (${[...only].map((id) => `'${id}'`).join(", ")})`
    : view.matching.filter;
  const names = columns.map(({ id }) => serverColumn(id));
  const file = await fetchCsv({ ...view.matching, filter }, names);
  download(`${view.experiment.name}.csv`, [file], "text/csv");
}

export function TableView() {
  const view = useExperimentView();
  const { runs, pinned, tools } = view;
  const selection = useSelection();
  // By the first page alone, and only anew when other runs come first.
  const firstIds = runs
    .slice(0, FIRST)
    .map(({ id }) => id)
    .join();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the ids stand for the runs
  const first = useMemo(() => runs.slice(0, FIRST), [firstIds]);
  const columns = useColumns(first);
  const [menu, setMenu] = useState<{ run: Run; at: DOMRect } | null>(null);
  const [isSaving, setIsSaving] = useState(false);

  const save = async (only?: ReadonlySet<string>) => {
    setIsSaving(true);
    await saveCsv(view, columns.columns, only).catch((error: unknown) =>
      failed("The runs could not be saved.", error),
    );
    setIsSaving(false);
  };
  return (
    <div className={classes["frame"]}>
      {tools &&
        createPortal(
          <>
            <ColumnPicker columns={columns} />
            <Button
              variant="default"
              leftSection={<IconDownload size={14} />}
              loading={isSaving}
              title="Save all runs that match, with these columns"
              onClick={() => void save()}
            >
              CSV
            </Button>
          </>,
          tools,
        )}
      {runs.length + pinned.length > 0 ? (
        <RunsTable columns={columns} selection={selection} onMenu={(run, at) => setMenu({ run, at })} />
      ) : (
        <Nothing view={view} />
      )}
      <SelectionBar selection={selection} onSave={() => void save(selection.ids)} />
      <RowMenu opened={menu} onClose={() => setMenu(null)} />
    </div>
  );
}

/** What is shown where there are no rows: they come, they could not be had, or there are none. */
function Nothing({ view }: { view: ExperimentView }) {
  const { search, error, isLoading, retry, change, experiment } = view;
  if (error instanceof ApiError && error.status === 400 && search.q) {
    return (
      <EmptyState title="The filter cannot be understood.">
        <Button variant="default" onClick={() => change({ q: undefined })}>
          Clear the filter
        </Button>
      </EmptyState>
    );
  }
  if (error) {
    return <Failure title="The runs could not be loaded." error={error} onRetry={retry} />;
  }
  if (isLoading) {
    return (
      <div className={classes["skeleton"]} aria-busy>
        {Array.from({ length: 20 }, (_, index) => (
          <Skeleton key={index} height={18} my={10} />
        ))}
      </div>
    );
  }
  if (search.q) {
    return (
      <EmptyState title="No run matches the filter.">
        <Button variant="default" onClick={() => change({ q: undefined })}>
          Clear the filter
        </Button>
      </EmptyState>
    );
  }
  if (search.view) {
    return (
      <EmptyState title="The bin of this experiment is empty.">
        <Button variant="default" onClick={() => change({ view: undefined })}>
          Show active runs
        </Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="This experiment has no runs yet. A script logs the first:">
      <CopyableCode
        text={[
          "import mlflow",
          "",
          `mlflow.set_tracking_uri(${JSON.stringify(trackingUri)})`,
          `mlflow.set_experiment(experiment_id=${JSON.stringify(experiment.id)})`,
          "with mlflow.start_run():",
          '    mlflow.log_param("lr", 0.01)',
          '    mlflow.log_metric("loss", 0.5)',
        ].join("\n")}
      />
    </EmptyState>
  );
}
