/** A searchable table of keys and values; a value is copied whole, and removed where that is allowed. */
import { ActionIcon, CopyButton, TextInput, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import classes from "./run.module.css";

export interface KeyValuesProps {
  title: string;
  pairs: readonly (readonly [key: string, value: string])[];
  /** What is said if there are none. */
  empty: string;
  searchLabel: string;
  onRemove?: (key: string) => void;
  /** At the right of the title. */
  action?: ReactNode;
}

/** More rows than this are searched, not scrolled through. */
const SEARCHED_FROM = 8;
const MOST_ROWS = 500;

export function KeyValues({ title, pairs, empty, searchLabel, onRemove, action }: KeyValuesProps) {
  const [search, setSearch] = useState("");
  const found = useMemo(() => {
    const wanted = search.toLowerCase();
    return [...pairs]
      .filter(([key, value]) => key.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted))
      .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
  }, [pairs, search]);
  const rows = found.slice(0, MOST_ROWS);
  return (
    <section>
      <div className={classes["tableHead"]}>
        <h3>
          {title} <span className={classes["dim"]}>{pairs.length || ""}</span>
        </h3>
        {pairs.length >= SEARCHED_FROM && (
          <TextInput
            aria-label={searchLabel}
            placeholder="Search"
            w={160}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        )}
        {action}
      </div>
      {pairs.length === 0 && <p className={classes["dim"]}>{empty}</p>}
      {pairs.length > 0 && rows.length === 0 && <p className={classes["dim"]}>Nothing matches.</p>}
      {rows.length > 0 && (
        <table className={classes["table"]} aria-label={title}>
          <tbody>
            {rows.map(([key, value]) => (
              <tr key={key}>
                <td className={classes["wrap"]} style={{ width: "40%" }}>
                  {key}
                </td>
                <td>
                  <span className={classes["value"]}>
                    <span>{value}</span>
                    <CopyButton value={value}>
                      {({ copied, copy }) => (
                        <Tooltip label={copied ? "Copied" : "Copy"}>
                          <ActionIcon size="xs" aria-label={`Copy ${key}`} onClick={copy}>
                            {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
                          </ActionIcon>
                        </Tooltip>
                      )}
                    </CopyButton>
                    {onRemove && (
                      <ActionIcon size="xs" aria-label={`Remove ${key}`} onClick={() => onRemove(key)}>
                        <IconTrash size={12} />
                      </ActionIcon>
                    )}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.length > rows.length && (
        <p className={classes["dim"]}>
          {rows.length} of {found.length} shown: search for the others.
        </p>
      )}
    </section>
  );
}
