/** The head of a column of a plain table, by which a click sorts. */
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import table from "./table.module.css";

export interface SortState {
  /** The name that is sorted by, with a `-` in front for descending order. */
  sort: string;
  onSort: (sort: string) => void;
}

export function SortHead({ by, sort, onSort, children }: SortState & { by: string; children: ReactNode }) {
  const isSorted = sort === by || sort === `-${by}`;
  const descending = sort.startsWith("-");
  const Icon = descending ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" aria-sort={isSorted ? (descending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className={table["sort"]}
        data-sorted={isSorted || undefined}
        onClick={() =>
          onSort(isSorted && !descending ? `-${by}` : isSorted ? by : by === "name" ? by : `-${by}`)
        }
      >
        {children}
        {isSorted && <Icon size={13} aria-hidden />}
      </button>
    </th>
  );
}
