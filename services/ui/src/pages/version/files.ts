/** Where the files of a model version lie, as its source tells. */
import type { FileOwner } from "@/api/artifacts";
import type { Version } from "@/api/registry";

/** Return whose files they are and in which folder; null if the source is elsewhere than in a run or logged model. */
export function filesOf({ source }: Pick<Version, "source">): { owner: FileOwner; folder: string } | null {
  const model =
    /^models:\/(m-[\w-]+)\/?$/.exec(source)?.[1] ?? /\/models\/(m-[\w-]+)\/artifacts\/?$/.exec(source)?.[1];
  if (model) return { owner: { model }, folder: "" };
  const [, run, below = ""] =
    /^runs:\/+([0-9a-f]{32})(?:\/(.*))?$/.exec(source) ??
    /^mlflow-artifacts:\/.*\/([0-9a-f]{32})\/artifacts(?:\/(.*))?$/.exec(source) ??
    [];
  return run ? { owner: { run }, folder: below.replace(/\/+$/, "") } : null;
}
