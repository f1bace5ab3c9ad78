/** What an event of the audit trail changed, as words: only what differs, and without what is empty. */

export interface Change {
  /** What was before; empty where nothing was, or where the whole is told. */
  before: string;
  after: string;
}

type State = Readonly<Record<string, unknown>>;

const isState = (value: unknown): value is State =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** Return a value as words: the entries of a list or an object one after another. */
function words(value: unknown): string {
  if (isEmpty(value)) return "none";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(words).join(", ");
  if (!isState(value)) return JSON.stringify(value);
  return Object.entries(value)
    .filter(([, each]) => !isEmpty(each))
    .map(([key, each]) => `${named(key)} ${words(each)}`)
    .join(", ");
}

const named = (key: string) => key.replaceAll("_", " ");

/** Return what was before and after, by the names of what differs. */
export function changeOf(from: unknown, to: unknown): Change {
  if (!isState(from) || !isState(to)) {
    return { before: isEmpty(from) ? "" : words(from), after: isEmpty(to) ? "" : words(to) };
  }
  const differing = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
    (key) => JSON.stringify(from[key]) !== JSON.stringify(to[key]),
  );
  const [only] = differing;
  if (only !== undefined && differing.length === 1) {
    return { before: `${named(only)}: ${words(from[only])}`, after: words(to[only]) };
  }
  const part = (state: State) => differing.map((key) => `${named(key)} ${words(state[key])}`).join(", ");
  return { before: part(from), after: part(to) };
}
