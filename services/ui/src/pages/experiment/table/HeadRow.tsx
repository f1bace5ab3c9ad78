/** The first row of the grid: the mark that selects all that is loaded, and the heads of the columns in sight. */
import { memo } from "react";
import { NAME_COLUMN } from "../columns";
import type { sortOf } from "../search";
import { HeadCell } from "./HeadCell";
import classes from "./RunsTable.module.css";
import { type Across, MARKS } from "./use-across";
import type { Columns } from "./use-columns";

export interface HeadRowProps {
  across: Across;
  columns: Columns;
  sort: ReturnType<typeof sortOf>;
  onSort: (sort: string | undefined) => void;
  /** How much of what is loaded is selected. */
  selected: "all" | "some" | "none";
  onSelect: () => void;
}

export const HeadRow = memo(function HeadRow(props: HeadRowProps) {
  const { across, columns, sort, onSort, selected, onSelect } = props;
  const headers = new Map(columns.table.getFlatHeaders().map((header) => [header.id, header]));
  const stays = `${classes["headCell"] ?? ""} ${classes["sticky"] ?? ""}`;
  return (
    <div role="row" aria-rowindex={1} className={classes["head"]} style={{ width: across.width }}>
      <div
        role="columnheader"
        aria-colindex={1}
        className={`${stays} ${classes["marks"] ?? ""}`}
        style={{ left: 0, width: MARKS }}
      >
        <input
          type="checkbox"
          aria-label="Select all that are loaded"
          checked={selected === "all"}
          ref={(box) => {
            if (box) box.indeterminate = selected === "some";
          }}
          onChange={onSelect}
        />
      </div>
      {across.placed.map(({ column, style, place, isSticky, isLast }) => {
        const header = headers.get(column.id);
        if (!header) return null;
        return (
          <HeadCell
            key={column.id}
            header={header}
            column={column}
            columns={columns}
            sort={sort}
            onSort={onSort}
            place={place}
            style={style}
            className={[
              isSticky ? stays : classes["headCell"],
              isLast && column.id !== NAME_COLUMN && classes["lastSticky"],
            ]
              .filter(Boolean)
              .join(" ")}
          />
        );
      })}
    </div>
  );
});
