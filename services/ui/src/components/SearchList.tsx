/**
 * A list that is searched and sorted by the server: the field, the table with its states, and the next page.
 *
 * The page says what the columns are and what the address keeps; all lists of entities look and behave alike.
 */
import { Skeleton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Failure } from "./Failure";
import { LoadMore } from "./LoadMore";
import { SortHead, type SortState } from "./SortHead";
import table from "./table.module.css";

export interface ListColumn<Item> {
  head: string;
  /** The name by which the server sorts, if it can. */
  by?: string;
  kind?: "name" | "wide" | "actions";
  cell: (item: Item) => ReactNode;
  /** What the pointer tells of a cell that may be cut. */
  title?: (item: Item) => string;
}

interface Found {
  error: Error | null;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
  refetch: () => Promise<unknown>;
}

export interface SearchListProps<Item> {
  /** What the list is of, such as "experiments". */
  noun: string;
  text: string;
  onText: (text: string) => void;
  sorting: SortState;
  columns: readonly ListColumn<Item>[];
  items: readonly Item[];
  keyOf: (item: Item) => string;
  found: Found;
  /** Beside the field. */
  tools?: ReactNode;
  /** Instead of rows, if there are none. */
  nothing: ReactNode;
}

/** Return the filter that a text stands for: plain words are searched for in names. */
export function nameFilter(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || /[=<>]|\bi?like\b/i.test(trimmed)) return trimmed;
  return `name ILIKE '%${trimmed.replaceAll("'", "''")}%'`;
}

/** Return the order that the server is asked for. */
export function orderOf(sort: string): string {
  return sort.startsWith("-") ? `${sort.slice(1)} DESC` : `${sort} ASC`;
}

export function SearchList<Item>(props: SearchListProps<Item>) {
  const { noun, text, onText, found, tools } = props;
  return (
    <div className={table["page"]}>
      <div className={table["tools"]}>
        <TextInput
          className={table["search"] ?? ""}
          aria-label={`Search ${noun}`}
          placeholder="Search names, or a filter such as tags.team = 'vision'"
          leftSection={<IconSearch size={14} />}
          value={text}
          error={found.error && text ? found.error.message : undefined}
          onChange={(event) => onText(event.currentTarget.value)}
        />
        {tools}
      </div>
      <Content {...props} />
    </div>
  );
}

function Content<Item>({
  noun,
  text,
  sorting,
  columns,
  items,
  keyOf,
  found,
  nothing,
}: SearchListProps<Item>) {
  if (found.error && !text) {
    return (
      <Failure
        title={`The ${noun} could not be loaded.`}
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (found.isPending) {
    return (
      <div aria-busy>
        {Array.from({ length: 12 }, (_, index) => (
          <Skeleton key={index} height={20} my={14} />
        ))}
      </div>
    );
  }
  if (items.length === 0 && !found.error) return nothing;
  return (
    <>
      <div className={table["scroll"]}>
        <table className={table["table"]}>
          <thead>
            <tr>
              {columns.map(({ head, by, kind }) =>
                by ? (
                  <SortHead key={head} by={by} {...sorting}>
                    {head}
                  </SortHead>
                ) : (
                  <th key={head} scope="col">
                    {kind === "actions" ? <span className="th-visually-hidden">{head}</span> : head}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={keyOf(item)}>
                {columns.map(({ head, kind, cell, title }) => (
                  <td key={head} className={kind && table[kind]} title={title?.(item)}>
                    {cell(item)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <LoadMore pages={found} />
    </>
  );
}
