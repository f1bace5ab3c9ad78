/** The images that runs logged at steps: a card for each key, with the runs side by side and a slider over the steps. */
import { Checkbox, Slider } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { entriesQuery, fileUrl } from "@/api/artifacts";
import { LIVE_MS } from "@/api/run";
import { RunDot } from "@/components/charts/RunDot";
import type { ChartRun } from "@/components/charts/useMetric";
import classes from "./images.module.css";
import { imageAt, imagesByKey, type StepImage } from "./names";

const FOLDER = "images";
/** A longer list takes many requests, and is asked for less often. */
const MANY = 1_000;
const MANY_MS = 60_000;

export interface ImageBoardProps {
  runs: readonly ChartRun[];
  /** What is shown if no run has images. */
  empty: ReactNode;
}

export function ImageBoard({ runs, empty }: ImageBoardProps) {
  const [isPixelated, setIsPixelated] = useState(false);
  const answers = useQueries({
    queries: runs.map(({ id, isLive }) => ({
      ...entriesQuery({ run: id }, FOLDER),
      refetchInterval: ({ state }: { state: { data?: unknown[] | undefined } }) =>
        isLive ? ((state.data?.length ?? 0) > MANY ? MANY_MS : LIVE_MS) : (false as const),
    })),
  });
  const lists = answers.map(({ data }) => data?.map(({ path }) => path).join("\n") ?? "").join("\n\n");
  const byRun = useMemo(() => lists.split("\n\n").map((paths) => imagesByKey(paths.split("\n"))), [lists]);
  const keys = [...new Set(byRun.flatMap((found) => [...found.keys()]))];
  if (answers.some(({ isPending }) => isPending)) return null;
  if (keys.length === 0) return empty;
  return (
    <section aria-label="Images">
      <div className={classes["bar"]}>
        <Checkbox
          label="pixelated"
          checked={isPixelated}
          onChange={(event) => setIsPixelated(event.currentTarget.checked)}
        />
      </div>
      {keys.map((key) => (
        <ImageCard
          key={key}
          name={key}
          runs={runs}
          images={byRun.map((found) => found.get(key) ?? [])}
          isPixelated={isPixelated}
        />
      ))}
    </section>
  );
}

interface ImageCardProps {
  name: string;
  runs: readonly ChartRun[];
  /** Those of each run, by step. */
  images: readonly (readonly StepImage[])[];
  isPixelated: boolean;
}

function ImageCard({ name, runs, images, isPixelated }: ImageCardProps) {
  const steps = [...new Set(images.flat().map(({ step }) => step))].sort((a, b) => a - b);
  // Null follows the last step, also when a run that goes on logs another.
  const [chosen, setChosen] = useState<number | null>(null);
  const last = steps.length - 1;
  const at = Math.min(chosen ?? last, last);
  const step = steps[at] ?? 0;
  return (
    <figure className={classes["card"]} data-images={name}>
      <figcaption className={classes["head"]}>
        <span className={classes["title"]} title={name}>
          {name}
        </span>
        <span className={classes["dim"]}>step {step.toLocaleString()}</span>
        {steps.length > 1 && (
          <Slider
            className={classes["slider"] ?? ""}
            size="sm"
            min={0}
            max={last}
            step={1}
            thumbLabel={`Step of ${name}`}
            label={(place) => (steps[place] ?? 0).toLocaleString()}
            value={at}
            onChange={(place) => setChosen(place === last ? null : place)}
          />
        )}
      </figcaption>
      <div className={classes["runs"]} tabIndex={0} role="group" aria-label={`Images of ${name}`}>
        {runs.map((run, place) => {
          const image = imageAt(images[place] ?? [], step);
          return (
            <figure key={run.id} className={classes["one"]}>
              {image ? (
                <img
                  src={fileUrl({ run: run.id }, image.path)}
                  alt={`${name} of ${run.name} at step ${image.step}`}
                  data-pixelated={isPixelated || undefined}
                  loading="lazy"
                />
              ) : (
                <span className={classes["none"]}>no image yet</span>
              )}
              {(runs.length > 1 || image?.step !== step) && (
                <figcaption className={classes["run"]}>
                  <RunDot style={run.style} />
                  <span className={classes["title"]} title={run.name}>
                    {run.name}
                  </span>
                  {image && image.step !== step && (
                    <span className={classes["dim"]}>step {image.step.toLocaleString()}</span>
                  )}
                </figcaption>
              )}
            </figure>
          );
        })}
      </div>
    </figure>
  );
}
