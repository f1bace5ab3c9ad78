/** Reads the file `MLmodel`, which every model has: its flavours, and the columns that it takes and returns. */
import { parse } from "yaml";

export interface Column {
  /** Empty for a tensor without a name. */
  name: string;
  type: string;
  isOptional: boolean;
}

export interface ModelDescription {
  flavors: { name: string; facts: [name: string, value: string][] }[];
  /** Null where nothing was said about them. */
  inputs: Column[] | null;
  outputs: Column[] | null;
  params: Column[] | null;
  mlflowVersion: string | null;
  bytes: number | null;
}

type Mapping = Readonly<Record<string, unknown>>;

function mapping(value: unknown): Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

/** Return what the text says; null if it is no description of a model. */
export function parseMlmodel(text: string): ModelDescription | null {
  let root: unknown;
  try {
    root = parse(text, { logLevel: "silent", maxAliasCount: 20 });
  } catch {
    return null;
  }
  const { flavors, signature, mlflow_version: version, model_size_bytes: bytes } = mapping(root);
  if (Object.keys(mapping(flavors)).length === 0) return null;
  const { inputs, outputs, params } = mapping(signature);
  return {
    flavors: Object.entries(mapping(flavors)).map(([name, facts]) => ({
      name,
      facts: Object.entries(mapping(facts)).flatMap(([key, value]): [string, string][] =>
        typeof value === "string" || typeof value === "number" ? [[key, String(value)]] : [],
      ),
    })),
    inputs: columns(inputs),
    outputs: columns(outputs),
    params: columns(params),
    mlflowVersion: typeof version === "string" ? version : null,
    bytes: typeof bytes === "number" ? bytes : null,
  };
}

/** Return the columns that a part of a signature lists, which is JSON in a text. */
function columns(part: unknown): Column[] | null {
  if (typeof part !== "string") return null;
  try {
    const listed: unknown = JSON.parse(part);
    return Array.isArray(listed) ? listed.map(columnOf) : null;
  } catch {
    return null;
  }
}

function columnOf(given: unknown): Column {
  const { name, type, required, "tensor-spec": tensor, default: otherwise } = mapping(given);
  return {
    name: typeof name === "string" || typeof name === "number" ? String(name) : "",
    type: tensor === undefined ? typeText(given) : tensorText(mapping(tensor), type),
    isOptional: required === false || otherwise !== undefined,
  };
}

function tensorText({ dtype, shape }: Mapping, type: unknown): string {
  const sizes = Array.isArray(shape) ? shape.map((size) => (size === -1 ? "any" : String(size))) : [];
  return `${typeof dtype === "string" ? dtype : String(type)} (${sizes.join(" × ")})`;
}

/** Return a type in words, such as `array of long`. */
function typeText(given: unknown): string {
  const { type, items, values, shape } = mapping(given);
  if (type === "array") return `array of ${typeText(items)}`;
  if (type === "map") return `map of ${typeText(values)}`;
  const name = typeof type === "string" ? type : "unknown";
  return Array.isArray(shape)
    ? `${name} (${shape.map((size) => (size === -1 ? "any" : String(size))).join(" × ")})`
    : name;
}
