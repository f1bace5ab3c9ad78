/** What several runs have in a folder, as one list. Pure functions. */
import type { FileInfo } from "@/api/artifacts";

export interface CommonEntry {
  path: string;
  isFolder: boolean;
  /** How many runs have it. */
  count: number;
}

/** Return the entries that any of the lists has, folders first; what is a folder here and a file there is two. */
export function commonEntries(lists: readonly (readonly FileInfo[])[]): CommonEntry[] {
  const found = new Map<string, CommonEntry>();
  for (const { path, is_dir: isFolder } of lists.flat()) {
    const name = `${isFolder ? "folder" : "file"} ${path}`;
    const known = found.get(name);
    if (known) known.count += 1;
    else found.set(name, { path, isFolder, count: 1 });
  }
  return [...found.values()].sort(
    (a, b) =>
      Number(b.isFolder) - Number(a.isFolder) || a.path.localeCompare(b.path, undefined, { numeric: true }),
  );
}
