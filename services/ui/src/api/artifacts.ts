/** Files of a run: listed a folder at a time, read whole or in part, and added. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, request, serverUrl, unwrap } from "./client";
import type { components } from "./schema";

export type FileInfo = components["schemas"]["Reply.FileInfo"];

const FOLDER_PAGE = 500;

/** The entries of a folder, some hundred at a time. The run's root is the empty path. */
export function folderQuery(runId: string, path: string) {
  return infiniteQueryOptions({
    queryKey: ["artifacts", runId, path],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { run_id: runId, path, max_results: FOLDER_PAGE, page_token: pageParam };
      const page = await unwrap(api.GET("/api/2.0/mlflow/artifacts/list", { params: { query }, signal }));
      return { files: page.files ?? [], next: page.next_page_token ?? "" };
    },
    getNextPageParam: ({ next }) => next || undefined,
  });
}

/** The address of a file of a run. The server answers it as an attachment that no browser runs. */
export function fileUrl(runId: string, path: string): string {
  return `${serverUrl}get-artifact?${new URLSearchParams({ run_id: runId, path }).toString()}`;
}

/** The most bytes of a text that are shown. */
export const TEXT_BYTES = 1_000_000;
/** The most bytes of a document that is only of use as a whole. */
export const WHOLE_BYTES = 50_000_000;

/** The first bytes of a file, and how many it has in all. Not for an empty file, of which no range can be read. */
export function headQuery(runId: string, path: string, most: number) {
  return queryOptions({
    queryKey: ["artifact", runId, path, most],
    queryFn: async ({ signal }) => {
      const target = fileUrl(runId, path).slice(serverUrl.length);
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
