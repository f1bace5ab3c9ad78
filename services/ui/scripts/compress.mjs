// Writes a .gz and a .br beside each built file that shrinks by it, so that no request has to compress.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const BUILT = process.env.UI_FOLDER ?? "dist";
const SMALLEST_BYTES = 1024;
const WORTH = 0.95;
const COMPRESSIBLE = /\.(m?js|css|svg|html|json|txt)$/;

const forms = {
  gz: (bytes) => promisify(gzip)(bytes, { level: 9 }),
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
};

for (const entry of await readdir(BUILT, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const bytes = await readFile(path);
  if (bytes.length < SMALLEST_BYTES) continue;
  for (const [ending, compress] of Object.entries(forms)) {
    const made = await compress(bytes);
    if (made.length < bytes.length * WORTH) await writeFile(`${path}.${ending}`, made);
  }
}
