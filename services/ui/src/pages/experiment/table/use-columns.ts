/** The columns of the table as the address names them, with the widths that this browser remembers. */
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { type ColumnSizingState, getCoreRowModel, useReactTable } from "@tanstack/react-table";
import { useMemo } from "react";
import type { Run } from "@/api/runs";
import { chooseColumns, type Column, columnOf, NAME_COLUMN } from "../columns";
import { useExperimentView } from "../view";

/** Return columns by their ids: what cannot be a column is left out, and the name is always there. */
export function columnsOf(ids: readonly string[]): Column[] {
  const found = ids.map(columnOf).filter((column) => column !== null);
  const name = columnOf(NAME_COLUMN);
  return found.some(({ id }) => id === NAME_COLUMN) || !name ? found : [name, ...found];
}

/** On a phone, the name leaves room for what the runs are compared by. */
const PHONE = "(max-width: 600px)";
const NAME_ON_PHONE = 132;
const SMALLEST = 56;
const LARGEST = 800;

export function useColumns(firstRuns: readonly Run[]) {
  const { search, change } = useExperimentView();
  // Chosen by the runs that came first, so that no column comes or goes while more are loaded.
  const chosen = useMemo(() => chooseColumns(firstRuns), [firstRuns]);
  const isPhone = useMediaQuery(PHONE);
  const ids = search.cols ?? chosen;
  const columns = useMemo(() => {
    const found = columnsOf(ids);
    if (!isPhone) return found;
    return found.map((column) => (column.id === NAME_COLUMN ? { ...column, width: NAME_ON_PHONE } : column));
  }, [ids, isPhone]);
  const [sizes, setSizes] = useLocalStorage<ColumnSizingState>({
    key: "trackhelm.columns",
    defaultValue: {},
  });

  const order = useMemo(() => columns.map(({ id }) => id), [columns]);
  const pinning = useMemo(
    () => ({ left: [NAME_COLUMN, ...(search.pin ?? []).filter((id) => id !== NAME_COLUMN)] }),
    [search.pin],
  );
  const table = useReactTable<Run>({
    data: [],
    columns: useMemo(
      () =>
        columns.map((column) => ({
          id: column.id,
          size: column.width,
          minSize: SMALLEST,
          maxSize: LARGEST,
        })),
      [columns],
    ),
    columnResizeMode: "onChange",
    getCoreRowModel: getCoreRowModel(),
    state: {
      columnSizing: sizes,
      columnOrder: order,
      columnPinning: pinning,
    },
    onColumnSizingChange: setSizes,
  });

  // The same object while nothing of it changes, so that heads of columns need not be rendered anew.
  return useMemo(
    () => ({
      table,
      columns,
      /** The widths that were changed, in pixels. */
      sizes,
      isChosen: search.cols === undefined,
      setColumns: (next: string[] | undefined) => change({ cols: next }),
      hide: (id: string) =>
        change({ cols: order.filter((one) => one !== id), pin: undefinedIfEmpty(search.pin, id) }),
      togglePin: (id: string) =>
        change({
          pin: search.pin?.includes(id) ? undefinedIfEmpty(search.pin, id) : [...(search.pin ?? []), id],
        }),
      /** Move a column in front of another. */
      move: (id: string, before: string) => {
        const rest = order.filter((one) => one !== id);
        rest.splice(rest.indexOf(before), 0, id);
        change({ cols: rest });
      },
      /** Move a column by one place. */
      shift: (id: string, by: -1 | 1) => {
        const place = order.indexOf(id);
        const next = [...order];
        next.splice(place, 1);
        next.splice(Math.max(0, place + by), 0, id);
        change({ cols: next });
      },
    }),
    [table, columns, order, sizes, search.cols, search.pin, change],
  );
}

function undefinedIfEmpty(ids: readonly string[] | undefined, without: string): string[] | undefined {
  const left = (ids ?? []).filter((id) => id !== without);
  return left.length > 0 ? left : undefined;
}

export type Columns = ReturnType<typeof useColumns>;
