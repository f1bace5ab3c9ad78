/**
 * A file as its kind is best seen. What is in a file never runs in our page: pictures are pictures, HTML stands in a
 * frame of an opaque origin without scripts, and all else is text.
 */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { type FileOwner, fileUrl, headQuery, TEXT_BYTES, WHOLE_BYTES } from "@/api/artifacts";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { formatBytes } from "@/components/format";
import classes from "../artifacts.module.css";
import { kindOf } from "./kinds";
import { parsedTable } from "./tables";
import { TableView } from "./TableView";

const Code = lazy(() => import("./Code").then((module) => ({ default: module.Code })));
const Markdown = lazy(() => import("@/components/Markdown").then((module) => ({ default: module.Markdown })));
const Notebook = lazy(() => import("./Notebook").then((module) => ({ default: module.Notebook })));
const Pdf = lazy(() => import("./Pdf").then((module) => ({ default: module.Pdf })));
const Csv = lazy(() => import("./Csv").then((module) => ({ default: module.Csv })));
const Parquet = lazy(() => import("./Parquet").then((module) => ({ default: module.Parquet })));

export interface FileProps {
  owner: FileOwner;
  path: string;
}

export function Preview({ owner, path, size }: FileProps & { size: number }) {
  const name = path.split("/").at(-1) ?? path;
  const kind = kindOf(name);
  if (size === 0) return <EmptyState title="The file is empty." />;
  const address = fileUrl(owner, path);
  switch (kind) {
    case "image":
      return <img className={classes["image"]} src={address} alt={name} />;
    case "audio":
      return <audio className={classes["media"]} src={address} controls />;
    case "video":
      return <video className={classes["media"]} src={address} controls />;
    case "parquet":
      return (
        <Suspense fallback={null}>
          <Parquet owner={owner} path={path} size={size} />
        </Suspense>
      );
    case "binary":
      return <EmptyState title="This kind of file has no preview.">Download it to see it.</EmptyState>;
    default:
      return (
        <Suspense fallback={null}>
          <Read owner={owner} path={path} name={name} kind={kind} />
        </Suspense>
      );
  }
}

type ReadKind = Exclude<ReturnType<typeof kindOf>, "image" | "audio" | "video" | "parquet" | "binary">;

/** Kinds of which a part is of no use. */
const WHOLE: ReadonlySet<ReadKind> = new Set(["pdf", "html", "notebook", "json"]);

function Read({ owner, path, name, kind }: FileProps & { name: string; kind: ReadKind }) {
  const most = WHOLE.has(kind) ? WHOLE_BYTES : TEXT_BYTES;
  const found = useQuery(headQuery(owner, path, most));
  if (found.isError) {
    return (
      <Failure title="The file could not be read." error={found.error} onRetry={() => void found.refetch()} />
    );
  }
  if (!found.data) return null;
  const { bytes, total } = found.data;
  const isPart = bytes.length < total;
  if (isPart && WHOLE.has(kind) && kind !== "json") {
    return (
      <EmptyState title={`A file of ${formatBytes(total)} is too large to show.`}>
        Download it to see it.
      </EmptyState>
    );
  }
  if (kind === "pdf") return <Pdf bytes={bytes} name={name} />;
  const text = new TextDecoder().decode(bytes);
  return (
    <>
      {isPart && (
        <p className={classes["note"]}>
          The first {formatBytes(bytes.length)} of {formatBytes(total)}.
        </p>
      )}
      <Text text={text} kind={kind} name={name} isPart={isPart} />
    </>
  );
}

interface TextProps {
  text: string;
  kind: Exclude<ReadKind, "pdf">;
  name: string;
  isPart: boolean;
}

function Text({ text, kind, name, isPart }: TextProps) {
  switch (kind) {
    case "markdown":
      return <Markdown text={text} />;
    case "csv":
      return <Csv text={text} name={name} isPart={isPart} />;
    case "html":
      // Neither scripts nor forms nor our origin: `sandbox` without a word allows nothing.
      return <iframe className={classes["frame"]} sandbox="" srcDoc={text} title={name} />;
    case "notebook":
      return <Notebook text={text} />;
    case "json": {
      const table = isPart ? null : parsedTable(text);
      return table ? <TableView table={table} isPart={false} /> : <Code text={text} name={name} />;
    }
    case "text":
      return <Code text={text} name={name} />;
  }
}
