/**
 * The workspace that the pages are of. It stands in the address, before the hash, so that a link leads to it:
 * `/?workspace=team-a#/experiments`. A switch loads the pages anew, since nothing of one is another's.
 */
const PARAMETER = "workspace";
const REMEMBERED = "trackhelm.workspace";
export const DEFAULT_WORKSPACE = "default";

/** The name by which every request says which workspace it is about. */
export const WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE";

const named = new URLSearchParams(window.location.search).get(PARAMETER);

/** The workspace of this page; null for the one that the server takes without a name. */
export const workspace: string | null = named ?? window.localStorage.getItem(REMEMBERED);

/** Whether the address names the workspace, so that no other may be shown instead. */
export const isNamed = named !== null;

/** The headers that every request has. */
export const workspaceHeaders: Record<string, string> =
  workspace === null ? {} : { [WORKSPACE_HEADER]: workspace };

/** Return the address of a page in a workspace. */
export function addressIn(name: string, hash = "#/"): string {
  const address = new URL(window.location.href);
  address.searchParams.set(PARAMETER, name);
  address.hash = hash;
  return address.href;
}

/** Show a workspace from now on, beginning at its start page. */
export function switchWorkspace(name: string): void {
  window.localStorage.setItem(REMEMBERED, name);
  window.location.assign(addressIn(name));
}

/** Show the page of the address in a workspace that it does not name. */
export function moveTo(name: string): void {
  window.location.replace(addressIn(name, window.location.hash));
}

/** Forget which workspace was shown last, as for another user. */
export function forgetWorkspace(): void {
  window.localStorage.removeItem(REMEMBERED);
}
