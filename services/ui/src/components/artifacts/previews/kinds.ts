/** The kind of a file by its name, and the language in which its text is coloured. */

export type Kind =
  | "image"
  | "audio"
  | "video"
  | "pdf"
  | "html"
  | "notebook"
  | "markdown"
  | "csv"
  | "parquet"
  | "json"
  | "text"
  | "binary";

const KINDS: Record<Exclude<Kind, "binary">, string> = {
  image: "png jpg jpeg gif bmp webp svg ico avif",
  audio: "mp3 wav ogg flac m4a oga",
  video: "mp4 webm mov mkv ogv avi",
  pdf: "pdf",
  html: "html htm",
  notebook: "ipynb",
  markdown: "md markdown",
  csv: "csv tsv",
  parquet: "parquet pq",
  json: "json",
  text: "txt log err out cfg conf ini properties toml yaml yml xml js mjs ts tsx jsx py pyi rst sh bash sql r rb go rs java c h cc cpp hpp css scss diff patch jsonl ndjson geojson dot tex env lock requirements gitignore dockerfile makefile mlmodel mlproject license readme",
};

const BY_ENDING = new Map(
  Object.entries(KINDS).flatMap(([kind, endings]) =>
    endings.split(" ").map((ending) => [ending, kind as Kind]),
  ),
);

/** A file without an ending is known by its whole name, as `MLmodel` is. */
function endingOf(name: string): string {
  return (name.includes(".") ? (name.split(".").at(-1) ?? "") : name).toLowerCase();
}

export function kindOf(name: string): Kind {
  return BY_ENDING.get(endingOf(name)) ?? "binary";
}

const LANGUAGES: Record<string, string> = {
  py: "python",
  pyi: "python",
  js: "javascript",
  mjs: "javascript",
  jsx: "javascript",
  ts: "typescript",
  tsx: "typescript",
  json: "json",
  jsonl: "json",
  ndjson: "json",
  geojson: "json",
  yaml: "yaml",
  yml: "yaml",
  mlmodel: "yaml",
  mlproject: "yaml",
  xml: "xml",
  html: "xml",
  sh: "bash",
  bash: "bash",
  sql: "sql",
  toml: "ini",
  ini: "ini",
  cfg: "ini",
  conf: "ini",
  properties: "ini",
  diff: "diff",
  patch: "diff",
  md: "markdown",
  dockerfile: "bash",
};

export function languageOf(name: string): string | null {
  return LANGUAGES[endingOf(name)] ?? null;
}
