/** Some runs side by side, of one experiment or of several. The address names them. */
import { useQueries } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { runQuery } from "@/api/run";
import { Comparison } from "@/components/compare/Comparison";
import { Crumbs } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";

interface CompareSearch {
  runs: string[];
  base: string | null;
}

function readSearch(raw: Record<string, unknown>): CompareSearch {
  const { runs, base } = raw;
  return {
    runs: Array.isArray(runs) ? [...new Set(runs.map(String))] : [],
    base: typeof base === "string" ? base : null,
  };
}

export function ComparePage() {
  const raw: Record<string, unknown> = useSearch({ strict: false });
  const { runs: ids, base } = readSearch(raw);
  const navigate = useNavigate();
  const change = (part: Partial<CompareSearch>) => {
    const next = { runs: ids, base, ...part };
    void navigate({
      to: ".",
      search: ({ file }: { file?: string }) => ({
        runs: next.runs,
        ...(next.base === null ? {} : { base: next.base }),
        ...(file === undefined ? {} : { file }),
      }),
      replace: true,
    } as never);
  };
  const answers = useQueries({ queries: ids.map((id) => runQuery(id)) });
  const found = answers.map(({ data }) => data);
  const versions = answers.map(({ dataUpdatedAt }) => dataUpdatedAt).join();
  // The runs are a new list only when one of them was read anew.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const runs = useMemo(() => found.filter((run) => run !== undefined), [versions]);
  const failure = answers.find(({ isError, data }) => isError && !data);
  return (
    <>
      <Crumbs
        items={[
          { label: "Experiments", link: { to: "/experiments" } },
          { label: `Compare ${ids.length} runs` },
        ]}
      />
      {failure?.error && (
        <Failure
          title="A run could not be loaded."
          error={failure.error}
          onRetry={() => void failure.refetch()}
        />
      )}
      {ids.length === 0 ? (
        <EmptyState title="No runs were chosen.">
          Select runs in the table of an experiment to compare them.
        </EmptyState>
      ) : runs.length > 0 ? (
        <Comparison
          runs={runs}
          baselineId={base}
          onBaseline={(next) => change({ base: next })}
          onRemove={(id) => change({ runs: ids.filter((each) => each !== id) })}
        />
      ) : null}
    </>
  );
}
