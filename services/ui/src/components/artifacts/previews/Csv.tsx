/** The rows of a CSV or TSV file; of a part of a file, its last and incomplete row is left out. */
import Papa from "papaparse";
import { useMemo } from "react";
import { tableOf } from "./tables";
import { TableView } from "./TableView";

export function Csv({ text, name, isPart }: { text: string; name: string; isPart: boolean }) {
  const table = useMemo(() => {
    const { data } = Papa.parse<string[]>(text, {
      delimiter: name.toLowerCase().endsWith(".tsv") ? "\t" : "",
      skipEmptyLines: true,
    });
    const [names = [], ...rows] = isPart ? data.slice(0, -1) : data;
    return tableOf(names, rows);
  }, [text, name, isPart]);
  return <TableView table={table} isPart={isPart} />;
}
