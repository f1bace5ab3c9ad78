/** How a text differs from another, line by line, as rows to show. Pure functions. */
import { diffLines } from "diff";

export type DiffRow =
  | { kind: "same" | "added" | "removed"; text: string }
  /** Lines that are the same, and not shown. */
  | { kind: "gap"; lines: readonly string[] };

export interface TextDiff {
  rows: DiffRow[];
  added: number;
  removed: number;
}

/** So many lines that are the same stand around what differs. */
const CONTEXT = 3;
/** A gap hides more lines than it takes. */
const LEAST_GAP = 3;
/** Texts that differ by more lines have nothing to do with one another. To find that out takes 0.3 s: it grows as the square. */
const MOST_EDITS = 2_000;

/** Return how `after` differs from `before`; null if they differ too much to say. */
export function diffOf(before: string, after: string): TextDiff | null {
  const parts = diffLines(ended(before), ended(after), { maxEditLength: MOST_EDITS });
  if (parts === undefined) return null;
  const rows: DiffRow[] = [];
  let added = 0;
  let removed = 0;
  parts.forEach((part, at) => {
    const lines = part.value.replace(/\n$/, "").split("\n");
    if (part.added) added += lines.length;
    else if (part.removed) removed += lines.length;
    else {
      rows.push(...shortened(lines, at === 0, at === parts.length - 1));
      return;
    }
    rows.push(
      ...lines.map((text) => ({ kind: part.added ? ("added" as const) : ("removed" as const), text })),
    );
  });
  return { rows, added, removed };
}

/** The last line ends as the others do, so that only its words are compared. */
const ended = (text: string) => {
  const plain = text.replaceAll("\r\n", "\n");
  return plain.endsWith("\n") || plain === "" ? plain : `${plain}\n`;
};

/** Return lines that are the same, without those that are far from a change. */
function shortened(lines: readonly string[], isFirst: boolean, isLast: boolean): DiffRow[] {
  const head = isFirst ? 0 : CONTEXT;
  const tail = isLast ? 0 : CONTEXT;
  const same = (some: readonly string[]): DiffRow[] => some.map((text) => ({ kind: "same", text }));
  if (lines.length - head - tail < LEAST_GAP) return same(lines);
  return [
    ...same(lines.slice(0, head)),
    { kind: "gap", lines: lines.slice(head, lines.length - tail) },
    ...same(lines.slice(lines.length - tail)),
  ];
}
