/**
 * The one client of the server's API: typed by the server's own document, with failures as `ApiError`.
 *
 * Pages use the hooks beside this module and never call `fetch` themselves.
 */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";
import { workspaceHeaders } from "./workspace";

/** The address of the server with the prefix of its proxy, ending in a slash. The route is in the hash. */
export const serverUrl = new URL("./", window.location.href.split("#")[0]).href;

/** The address that clients take as their tracking URI: that of the server without its last slash. */
export const trackingUri = serverUrl.replace(/\/$/, "");

/** A refusal or failure that the server answered, or that kept it from answering (status 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    readonly code: string,
    /** HTTP status; 0 if there was no answer. */
    readonly status: number,
    readonly requestId: string | null,
  ) {
    super(message);
  }

  /** Whether the same request may succeed a moment later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

const client = createClient<paths>({
  baseUrl: trackingUri,
  headers: workspaceHeaders,
  // The server's own clients read the global at the call, so that tests can replace it.
  fetch: (request) => globalThis.fetch(request),
});

export const api = client;

interface Answer<Body> {
  data?: Body | undefined;
  error?: unknown;
  response: Response;
}

function errorOf(error: unknown, response: Response): ApiError {
  const said = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
  const message = said["message"];
  const code = said["error_code"];
  return new ApiError(
    typeof message === "string" && message ? message : `The server answered with status ${response.status}.`,
    typeof code === "string" ? code : "UNKNOWN",
    response.status,
    response.headers.get("X-Request-Id"),
  );
}

/** Return the body of an answer, or throw the `ApiError` of a failure. Give it the promise of a call of `api`. */
export async function unwrap<Body>(call: Promise<Answer<Body>>): Promise<Body> {
  let answer: Answer<Body>;
  try {
    answer = await call;
  } catch (error) {
    // An aborted request is not a failure: the caller that aborted it does not want to hear of it.
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server could not be reached.", "NETWORK", 0, null);
  }
  if (answer.error !== undefined || !answer.response.ok) throw errorOf(answer.error, answer.response);
  return answer.data as Body;
}

/** Call a path outside of the typed document, such as a download. Throws `ApiError` like `unwrap`. */
export async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await globalThis.fetch(serverUrl + path.replace(/^\//, ""), {
      ...init,
      headers: { ...workspaceHeaders, ...(init?.headers as Record<string, string> | undefined) },
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server could not be reached.", "NETWORK", 0, null);
  }
  if (!response.ok) throw errorOf(await response.json().catch(() => null), response);
  return response;
}

/** Return a view type as searches take it: by its name, which the document describes by what it stands for. */
export function viewType(view: "active" | "deleted"): components["schemas"]["LifecycleStage"][] {
  const name: unknown = view === "deleted" ? "DELETED_ONLY" : "ACTIVE_ONLY";
  return name as components["schemas"]["LifecycleStage"][];
}
