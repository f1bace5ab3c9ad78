/** A Jupyter notebook: its texts and code, and of its results the texts and pictures. Its HTML is left out. */
import { useMemo } from "react";
import { EmptyState } from "@/components/EmptyState";
import { Markdown } from "@/components/Markdown";
import classes from "../artifacts.module.css";
import { Code } from "./Code";

interface Cell {
  cell_type?: string;
  source?: unknown;
  outputs?: { text?: unknown; data?: Record<string, unknown>; traceback?: unknown }[];
}

/** Texts of notebooks are lists of lines, or one text. */
function textOf(source: unknown): string {
  return Array.isArray(source) ? source.map(String).join("") : typeof source === "string" ? source : "";
}

const PICTURES = ["image/png", "image/jpeg", "image/gif"];
// eslint-disable-next-line no-control-regex -- the colours of a terminal in tracebacks
const COLOURS = /\u001b\[[0-9;]*m/g;

export function Notebook({ text }: { text: string }) {
  const cells = useMemo(() => {
    try {
      const parsed = JSON.parse(text) as { cells?: unknown };
      return Array.isArray(parsed.cells) ? (parsed.cells as Cell[]) : null;
    } catch {
      return null;
    }
  }, [text]);
  if (!cells) return <EmptyState title="The file is no notebook that can be read." />;
  return (
    <div>
      {cells.map((cell, at) => (
        <div key={at} className={classes["cell"]}>
          {cell.cell_type === "markdown" ? (
            <Markdown text={textOf(cell.source)} />
          ) : (
            <Code text={textOf(cell.source)} name="cell.py" />
          )}
          {Array.isArray(cell.outputs) &&
            cell.outputs.map((output, number) => {
              const type = PICTURES.find((name) => output.data?.[name] !== undefined);
              const said = textOf(output.text ?? output.data?.["text/plain"] ?? output.traceback).replace(
                COLOURS,
                "",
              );
              return type ? (
                <img
                  key={number}
                  className={classes["image"]}
                  alt={said || "a result"}
                  src={`data:${type};base64,${textOf(output.data?.[type]).replaceAll(/\s/g, "")}`}
                />
              ) : (
                said && <pre key={number}>{said}</pre>
              );
            })}
        </div>
      ))}
    </div>
  );
}
