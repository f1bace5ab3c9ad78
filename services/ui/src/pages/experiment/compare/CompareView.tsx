/** The shown runs of an experiment side by side. */
import { EmptyState } from "@/components/EmptyState";
import { Comparison } from "@/components/compare/Comparison";
import { Failure } from "@/components/Failure";
import { isShown } from "../search";
import { useExperimentView } from "../view";

export function CompareView() {
  const view = useExperimentView();
  const { search, change } = view;
  const all = view.listed;
  const shown = all.filter(({ run, place }) => isShown(run, place, search)).map(({ run }) => run);
  if (view.error && all.length === 0) {
    return <Failure title="The runs could not be loaded." error={view.error} onRetry={view.retry} />;
  }
  if (shown.length === 0) {
    if (view.isLoading) return null;
    return (
      <EmptyState
        title={all.length ? "All runs are hidden: show some in the table." : "No run is found here."}
      />
    );
  }
  return (
    <Comparison
      runs={shown}
      baselineId={search.base ?? null}
      onBaseline={(base) => change({ base: base ?? undefined })}
      head={
        <span>
          {shown.length} of {all.length}
          {view.hasMore ? "+" : ""} runs, those that charts show
        </span>
      }
    />
  );
}
