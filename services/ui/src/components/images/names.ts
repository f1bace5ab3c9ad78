/** The names under which clients log images of a step: key, step, time and an id, with `+` or, older, `%` between. */

export interface StepImage {
  path: string;
  key: string;
  step: number;
  timestamp: number;
  /** Whether it is the small copy that is made of each image. */
  isSmall: boolean;
}

const NAME =
  /^images\/(.+)([+%])step\2(-?\d+)\2timestamp\2(\d+)\2[\w-]+((?:[+%]compressed)?)\.(?:png|webp|jpe?g|gif)$/;

/** Return what a path says of an image; null if it is none of a step. */
export function parseImage(path: string): StepImage | null {
  const found = NAME.exec(path);
  if (!found) return null;
  const [, key = "", , step, timestamp, small] = found;
  return {
    path,
    // A slash cannot stand in a file's name.
    key: key.replaceAll("#", "/"),
    step: Number(step),
    timestamp: Number(timestamp),
    isSmall: small !== "" || path.endsWith(".webp"),
  };
}

/** Return the images of each key, by step; of several of one step the newest, whole rather than small. */
export function imagesByKey(paths: readonly string[]): Map<string, StepImage[]> {
  const newest = new Map<string, Map<number, StepImage>>();
  for (const path of paths) {
    const image = parseImage(path);
    if (!image) continue;
    const steps = newest.get(image.key) ?? new Map<number, StepImage>();
    newest.set(image.key, steps);
    const known = steps.get(image.step);
    const isBetter =
      !known ||
      image.timestamp > known.timestamp ||
      (image.timestamp === known.timestamp && known.isSmall && !image.isSmall);
    if (isBetter) steps.set(image.step, image);
  }
  return new Map(
    [...newest]
      .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }))
      .map(([key, steps]) => [key, [...steps.values()].sort((a, b) => a.step - b.step)]),
  );
}

/** Return the last image at or before a step; null if there is none. Images are sorted by step. */
export function imageAt(images: readonly StepImage[], step: number): StepImage | null {
  return images.findLast((image) => image.step <= step) ?? null;
}
