/** The first rows of a table, with the types of its columns. */
import classes from "../artifacts.module.css";
import { cellText, type Table } from "./tables";

export function TableView({ table, isPart }: { table: Table; isPart: boolean }) {
  const { columns, rows, total } = table;
  return (
    <>
      <p className={classes["note"]}>
        {rowsText(rows.length, total, isPart)}, {columns.length} {columns.length === 1 ? "column" : "columns"}
      </p>
      <div className={classes["tableFrame"]} tabIndex={0}>
        <table className={classes["table"]}>
          <thead>
            <tr>
              {columns.map(({ name, type }, column) => (
                <th key={column}>
                  {name}
                  <span className={classes["type"]}>{type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                {columns.map(({ type }, column) => {
                  const text = cellText(row[column]);
                  const isNumber = type === "number" || type === "integer";
                  return (
                    <td key={column} title={text} data-number={isNumber || undefined}>
                      {text}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function rowsText(shown: number, total: number, isPart: boolean): string {
  if (isPart) return `The first ${shown.toLocaleString()} rows`;
  if (shown < total && shown > 0) {
    return `The first ${shown.toLocaleString()} of ${total.toLocaleString()} rows`;
  }
  return `${total.toLocaleString()} ${total === 1 ? "row" : "rows"}`;
}
