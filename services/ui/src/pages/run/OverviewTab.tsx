/** The first tab of a run: its description, what it measured and was given, its tags and its children. */
import { Children } from "./Children";
import { Description } from "./Description";
import { KeyValues } from "./KeyValues";
import { MetricsTable } from "./MetricsTable";
import { useRun } from "./run-context";
import classes from "./run.module.css";
import { TagsEditor } from "./TagsEditor";

export function OverviewTab() {
  const run = useRun();
  return (
    <>
      <Description run={run} />
      <div className={classes["columns"]}>
        <div>
          <MetricsTable run={run} />
          <Children run={run} />
        </div>
        <div>
          <KeyValues
            title="Params"
            pairs={[...run.params]}
            empty="No params were logged."
            searchLabel="Search params"
          />
          <TagsEditor run={run} />
        </div>
      </div>
    </>
  );
}
