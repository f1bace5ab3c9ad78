/**
 * The text of the filter: what it means to the server, what may stand at the caret, and where it is wrong.
 *
 * The server alone decides what a filter means. This module knows of the grammar (docs/search.md) only what
 * completion needs: which kind of word comes next.
 */

/** Whether a text is plain words, which names are searched for, and no filter. */
export function isPlain(text: string): boolean {
  return !/[=<>!]|\b(?:i?like|in|is)\b/i.test(text);
}

/** Return the filter that the server is asked for. */
export function filterOf(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || !isPlain(trimmed)) return trimmed;
  return trimmed
    .split(/\s+/)
    .map((word) => `attributes.run_name ILIKE '%${word.replaceAll("'", "''")}%'`)
    .join(" AND ");
}

/** Where the server says that a filter is wrong; null if its message names no position. */
export function errorPosition(message: string): number | null {
  const found = /\bat position (\d+)/.exec(message);
  return found ? Number(found[1]) : null;
}

export type KeyPrefix = "metrics" | "params" | "tags";

/** Return a key as a filter names it: in back-ticks unless it is a plain word. */
export function fieldOf(prefix: KeyPrefix, key: string): string {
  return /^[A-Za-z_][\w/.:-]*$/.test(key) && !/\.(?:last|min|max)$/.test(key) && !key.includes("..")
    ? `${prefix}.${key}`
    : `${prefix}.\`${key}\``;
}

export type Expected =
  | { kind: "field" }
  | { kind: "operator"; field: string }
  | { kind: "value"; field: string }
  | { kind: "joint" };

export interface Completion {
  expected: Expected;
  /** The part of the text that a suggestion replaces. */
  from: number;
  to: number;
  /** What was typed of it. */
  typed: string;
}

const TOKEN = /\s+|'(?:[^']|'')*'?|(?:[\w.:/-]+|`[^`]*`?|"[^"]*"?)+|[<>!=]+|[(),]|[^\s]/g;
const JOINTS = new Set(["AND", "OR"]);

/** Return what may stand at the caret, and which part of the text it would replace. */
export function completionAt(text: string, caret: number): Completion {
  let expected: Expected = { kind: "field" };
  let field = "";
  let isList = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const end = index + token.length;
    if (index >= caret) break;
    const isBlank = token.trim() === "";
    if (end >= caret && !isBlank) {
      const isSign = /^[<>!=(),]/.test(token);
      if (!isSign) return { expected, from: index, to: end, typed: text.slice(index, caret) };
    }
    if (isBlank) continue;
    const word = token.toUpperCase();
    if (expected.kind === "field") {
      if (token === "(" || word === "NOT") continue;
      field = token;
      expected = { kind: "operator", field };
    } else if (expected.kind === "operator") {
      if (word === "NOT") continue;
      isList = word === "IN";
      expected = { kind: "value", field };
    } else if (expected.kind === "value") {
      if (token === "(" || token === "," || word === "NOT") continue;
      if (token === ")" || !isList) expected = { kind: "joint" };
    } else if (JOINTS.has(word)) {
      expected = { kind: "field" };
    }
  }
  return { expected, from: caret, to: caret, typed: "" };
}

const ATTRIBUTES = ["run_name", "status", "user_id", "start_time", "end_time", "duration", "run_id"];
const DATASETS = ["datasets.name", "datasets.digest", "datasets.context"];
const NUMBER_OPERATORS = ["<", "<=", ">", ">=", "=", "!=", "IS NOT NULL"];
const TEXT_OPERATORS = ["=", "!=", "LIKE", "ILIKE", "IN", "IS NOT NULL"];
const STATUSES = ["RUNNING", "FINISHED", "FAILED", "KILLED", "SCHEDULED"];
const MOST = 50;

export interface Known {
  metrics: readonly string[];
  params: readonly string[];
  tags: readonly string[];
  /** The values of the param or tag that `keyedField` names. */
  values: readonly string[];
}

function isNumeric(field: string): boolean {
  return /^metrics?\./i.test(field) || /^(?:attributes?\.)?(?:start_time|end_time|duration)$/i.test(field);
}

/** Return the param or tag whose value comes next; null if something else comes. */
export function keyedField({ expected }: Completion): { prefix: "params" | "tags"; key: string } | null {
  const found = expected.kind === "value" ? /^(params|tags)\.(.*)$/.exec(expected.field) : null;
  if (!found) return null;
  return { prefix: found[1] as "params" | "tags", key: (found[2] ?? "").replace(/^[`"]|[`"]$/g, "") };
}

/** Return what was typed of a value, without its quotes. */
export function typedValue({ typed }: Completion): string {
  return typed.replace(/^['"]|['"]$/g, "").replaceAll("''", "'");
}

function valuesOf(field: string, known: Known): readonly string[] {
  const quote = (value: string) => `'${value.replaceAll("'", "''")}'`;
  return (/^(?:attributes?\.)?status$/i.test(field) ? STATUSES : known.values).map(quote);
}

/** Return what may stand at the caret, the best first: what begins with what was typed before what contains it. */
export function suggestions({ expected, typed }: Completion, known: Known): string[] {
  let all: readonly string[];
  switch (expected.kind) {
    case "field":
      all = [
        ...known.metrics.map((key) => fieldOf("metrics", key)),
        ...known.params.map((key) => fieldOf("params", key)),
        ...ATTRIBUTES,
        ...known.tags.map((key) => fieldOf("tags", key)),
        ...DATASETS,
      ];
      break;
    case "operator":
      all = isNumeric(expected.field) ? NUMBER_OPERATORS : TEXT_OPERATORS;
      break;
    case "value":
      all = valuesOf(expected.field, known);
      break;
    case "joint":
      all = ["AND", "OR"];
  }
  const wanted = typed.toLowerCase();
  const first: string[] = [];
  const then: string[] = [];
  for (const one of all) {
    const place = one.toLowerCase().indexOf(wanted);
    if (one === typed || place < 0) continue;
    const keyPlace = one.indexOf(".") + 1;
    (place === 0 || place === keyPlace ? first : then).push(one);
  }
  return [...first, ...then].slice(0, MOST);
}
