/** The frame of a plain table: the heads of its columns, and a column for the actions of each row at its end. */
import { Group } from "@mantine/core";
import type { ReactNode } from "react";
import table from "./table.module.css";

export interface PlainTableProps {
  label: string;
  /** What stands above the columns, but for that of the actions. */
  heads: readonly string[];
  /** The rows, each of which ends with `Actions`. */
  children: ReactNode;
}

export function PlainTable({ label, heads, children }: PlainTableProps) {
  return (
    <div className={table["scroll"]}>
      <table className={table["table"]} aria-label={label}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            <th scope="col">
              <span className="th-visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The last cell of a row. */
export function Actions({ children }: { children?: ReactNode }) {
  return (
    <td className={table["actions"]}>
      <Group gap={6} justify="flex-end" wrap="nowrap">
        {children}
      </Group>
    </td>
  );
}
