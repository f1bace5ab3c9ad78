/** The first rows of a Parquet file and the types of its columns. Only its end and what these rows need is read. */
import { useQuery } from "@tanstack/react-query";
import { readBytes, WHOLE_BYTES } from "@/api/artifacts";
import { Failure } from "@/components/Failure";
import classes from "../artifacts.module.css";
import { readTable } from "./parquet-table";
import type { FileProps } from "./Preview";
import { TableView } from "./TableView";

export function Parquet({ owner, path, size }: FileProps & { size: number }) {
  const found = useQuery({
    queryKey: ["artifact", owner, path, "parquet"],
    retry: false,
    queryFn: ({ signal }) =>
      readTable(
        {
          byteLength: size,
          slice: (start, end = size) => readBytes(owner, path, start, Math.min(end, size), signal),
        },
        WHOLE_BYTES,
      ),
  });
  if (found.isError) {
    return <Failure title="The file is no Parquet file that can be read." error={found.error} />;
  }
  if (!found.data) return null;
  const { table, isTooLarge } = found.data;
  return (
    <>
      {isTooLarge && (
        <p className={classes["note"]}>Its first rows lie in too large a part of the file to show them.</p>
      )}
      <TableView table={table} isPart={false} />
    </>
  );
}
