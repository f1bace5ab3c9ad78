/** The datasets that a run read; one opens to its schema, profile and source. */
import { Code, Drawer } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { useState } from "react";
import type { DatasetInput } from "@/api/run";
import classes from "./run.module.css";

export function Datasets({ datasets }: { datasets: readonly DatasetInput[] }) {
  const [open, setOpen] = useState<DatasetInput | null>(null);
  if (datasets.length === 0) return null;
  return (
    <section>
      <h3>Datasets</h3>
      {datasets.map((input) => (
        <button
          key={`${input.dataset.name} ${input.dataset.digest}`}
          type="button"
          className={classes["dataset"]}
          onClick={() => setOpen(input)}
        >
          <IconDatabase size={14} aria-hidden />
          <span className={classes["wrap"]}>{input.dataset.name}</span>
          <span className={classes["dim"]}>{input.dataset.digest}</span>
          {input.tags?.map(({ key, value }) => (
            <span key={key} className={classes["chip"]}>
              {value}
            </span>
          ))}
        </button>
      ))}
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        title={open?.dataset.name}
      >
        {open && (
          <>
            <Part name="Digest" text={open.dataset.digest} />
            <Part name="Source" text={open.dataset.source} />
            <Part name="Type of source" text={open.dataset.source_type} />
            <Part name="Schema" text={open.dataset.schema} />
            <Part name="Profile" text={open.dataset.profile} />
          </>
        )}
      </Drawer>
    </section>
  );
}

function Part({ name, text }: { name: string; text: string | null | undefined }) {
  if (!text) return null;
  return (
    <section>
      <h3>{name}</h3>
      <Code block>{readable(text)}</Code>
    </section>
  );
}

/** JSON on lines of its own; other text as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
