// Writes src/api/schema.d.ts, the types of the server's API, from docs/openapi.json.
// With --check it writes nothing, and fails if the file differs from what it would write.
import { readFile, writeFile } from "node:fs/promises";
import openapiTypescript, { astToString } from "openapi-typescript";

const DOCUMENT = new URL("../../../docs/openapi.json", import.meta.url);
const TARGET = new URL("../src/api/schema.d.ts", import.meta.url);
const HEAD = "// Made from docs/openapi.json by `npm run api`: what is changed here is lost.\n\n";

const made = HEAD + astToString(await openapiTypescript(DOCUMENT, { defaultNonNullable: false }));
if (process.argv.includes("--check")) {
  const kept = await readFile(TARGET, "utf8").catch(() => "");
  if (kept !== made) {
    console.error("src/api/schema.d.ts is not what docs/openapi.json says: run `make ui-types`.");
    process.exit(1);
  }
} else {
  await writeFile(TARGET, made);
}
