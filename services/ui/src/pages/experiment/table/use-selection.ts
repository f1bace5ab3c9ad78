/** The rows that are selected, by the ids of their runs. It is no part of the address: nobody else needs it. */
import { useCallback, useMemo, useRef, useState } from "react";
import type { Row } from "../rows";

export interface Selection {
  ids: ReadonlySet<string>;
  /** Select or deselect a row; with `isRange`, all rows from the last one to it. */
  toggle: (rows: readonly Row[], index: number, isRange: boolean) => void;
  /** Select the rows from the last one to another. */
  extend: (rows: readonly Row[], index: number) => void;
  all: (rows: readonly Row[]) => void;
  /** Select exactly these runs. */
  set: (ids: readonly string[]) => void;
  clear: () => void;
}

function idsBetween(rows: readonly Row[], a: number, b: number): string[] {
  return rows
    .slice(Math.min(a, b), Math.max(a, b) + 1)
    .flatMap((row) => (row.kind === "run" ? [row.run.id] : []));
}

export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const anchor = useRef(0);
  const extend = useCallback<Selection["extend"]>((rows, index) => {
    setIds((before) => new Set([...before, ...idsBetween(rows, anchor.current, index)]));
  }, []);
  const toggle = useCallback<Selection["toggle"]>(
    (rows, index, isRange) => {
      const row = rows[index];
      if (row?.kind !== "run") return;
      if (isRange) {
        extend(rows, index);
        return;
      }
      anchor.current = index;
      setIds((before) => {
        const next = new Set(before);
        if (!next.delete(row.run.id)) next.add(row.run.id);
        return next;
      });
    },
    [extend],
  );
  const all = useCallback<Selection["all"]>((rows) => setIds(new Set(idsBetween(rows, 0, rows.length))), []);
  const set = useCallback<Selection["set"]>((some) => setIds(new Set(some)), []);
  const clear = useCallback(() => setIds(new Set()), []);
  return useMemo(() => ({ ids, toggle, extend, all, set, clear }), [ids, toggle, extend, all, set, clear]);
}
