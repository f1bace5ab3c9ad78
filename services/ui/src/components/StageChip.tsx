/** Stages and aliases of versions as chips, the same on every page. */
import classes from "./StageChip.module.css";

export function StageChip({ stage }: { stage: string }) {
  return (
    <span className={classes["chip"]} data-stage={stage}>
      {stage}
    </span>
  );
}

export function AliasChip({ alias, version }: { alias: string; version?: string }) {
  return (
    <span className={classes["chip"]} title={version ? `@${alias} is version ${version}` : `@${alias}`}>
      @{alias}
      {version && <span className={classes["version"]}> v{version}</span>}
    </span>
  );
}
