/** Files of a run: listed a folder at a time, read whole or in part, and added. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, request, serverUrl, unwrap } from "./client";
import type { components } from "./schema";
import { workspaceHeaders } from "./workspace";

export type FileInfo = components["schemas"]["Reply.FileInfo"];

/** Whose files they are: a run's, or a logged model's. */
export type FileOwner = { run: string } | { model: string };

const FOLDER_PAGE = 500;

/** The entries of a folder, some hundred at a time. The owner's root is the empty path. */
export function folderQuery(owner: FileOwner, path: string) {
  return infiniteQueryOptions({
    queryKey: ["artifacts", owner, path],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const page = await listFolder(owner, path, pageParam, signal);
      return { files: page.files ?? [], next: page.next_page_token ?? "" };
    },
    getNextPageParam: ({ next }) => next || undefined,
  });
}

function listFolder(owner: FileOwner, path: string, token: string, signal: AbortSignal) {
  const paging = { max_results: FOLDER_PAGE, page_token: token };
  if ("run" in owner) {
    const query = { run_id: owner.run, path, ...paging };
    return unwrap(api.GET("/api/2.0/mlflow/artifacts/list", { params: { query }, signal }));
  }
  const params = { path: { model_id: owner.model }, query: { artifact_directory_path: path, ...paging } };
  return unwrap(
    api.GET("/api/2.0/mlflow/logged-models/{model_id}/artifacts/directories", { params, signal }),
  );
}

/** All entries of a folder; none for one that is missing. */
export function entriesQuery(owner: FileOwner, path: string) {
  return queryOptions({
    queryKey: ["artifacts", owner, path, "all"],
    queryFn: async ({ signal }) => {
      const found: FileInfo[] = [];
      let token = "";
      do {
        const page = await listFolder(owner, path, token, signal);
        found.push(...(page.files ?? []));
        token = page.next_page_token ?? "";
      } while (token);
      return found;
    },
  });
}

/** Return parameters of an address that a browser asks by itself, without the header that names the workspace. */
const linked = (parameters: Record<string, string>) =>
  new URLSearchParams({ ...parameters, ...workspaceHeaders }).toString();

/** The address of a file. The server answers it as an attachment that no browser runs. */
export function fileUrl(owner: FileOwner, path: string): string {
  if ("run" in owner) {
    return `${serverUrl}get-artifact?${linked({ run_id: owner.run, path })}`;
  }
  const query = linked({ artifact_file_path: path });
  const model = encodeURIComponent(owner.model);
  return `${serverUrl}ajax-api/2.0/mlflow/logged-models/${model}/artifacts/files?${query}`;
}

/** The address of a folder as a zip, which the server makes while it sends it. */
export function archiveUrl(owner: FileOwner, path: string): string {
  const of: Record<string, string> = "run" in owner ? { run_id: owner.run } : { model_id: owner.model };
  return `${serverUrl}ajax-api/2.0/trackhelm/artifacts/archive?${linked({ ...of, path })}`;
}

/** Read some bytes of a file, from `start` up to but not including `end`. Throws `ApiError`. */
export async function readBytes(
  owner: FileOwner,
  path: string,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<ArrayBuffer> {
  const target = fileUrl(owner, path).slice(serverUrl.length);
  const headers = { Range: `bytes=${start}-${end - 1}` };
  const answer = await request(target, { headers, ...(signal ? { signal } : {}) });
  return answer.arrayBuffer();
}

/** The most bytes of a text that are shown. */
export const TEXT_BYTES = 1_000_000;
/** The most bytes of a document that is only of use as a whole. */
export const WHOLE_BYTES = 50_000_000;

/** The first bytes of a file, and how many it has in all. Not for an empty file, of which no range can be read. */
export function headQuery(owner: FileOwner, path: string, most: number) {
  return queryOptions({
    queryKey: ["artifact", owner, path, most],
    queryFn: async ({ signal }) => {
      const target = fileUrl(owner, path).slice(serverUrl.length);
      const answer = await request(target, { headers: { Range: `bytes=0-${most - 1}` }, signal });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const total = Number(/\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1] ?? bytes.length);
      return { bytes, total };
    },
  });
}

const OWN_STORE = "mlflow-artifacts:/";

/** Add a file to a run. The server's own store takes any size; for another, the server passes on 10 MB at most. */
export async function uploadFile(
  run: { id: string; artifactUri: string },
  path: string,
  file: File,
): Promise<void> {
  if (run.artifactUri.startsWith(OWN_STORE)) {
    const root = run.artifactUri.slice(OWN_STORE.length).replace(/^\/+|\/+$/g, "");
    const target = `${root}/${path}`.split("/").map(encodeURIComponent).join("/");
    await request(`api/2.0/mlflow-artifacts/artifacts/${target}`, { method: "PUT", body: file });
  } else {
    const query = new URLSearchParams({ run_uuid: run.id, path });
    await request(`ajax-api/2.0/mlflow/upload-artifact?${query.toString()}`, { method: "POST", body: file });
  }
}

const SMALL_BYTES = 1_000_000;

/** The texts of some small files of a folder by their names, without those that it does not have or that are empty. */
export function smallTextsQuery(owner: FileOwner, folder: string, names: readonly string[]) {
  return queryOptions({
    queryKey: ["artifacts", owner, folder, "texts", names],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      // What is missing is not asked for: a browser's console would call that an error.
      const { files = [] } = await listFolder(owner, folder, "", signal);
      const texts = new Map<string, string>();
      for (const { path, file_size: size } of files) {
        const name = path.split("/").at(-1) ?? path;
        if (!names.includes(name) || !size) continue;
        const bytes = await readBytes(owner, path, 0, Math.min(size, SMALL_BYTES), signal);
        texts.set(name, new TextDecoder().decode(bytes));
      }
      return texts;
    },
  });
}
