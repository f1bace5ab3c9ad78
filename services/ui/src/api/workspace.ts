/**
 * The workspace that the pages are of. It stands in the address, before the hash, so that a link leads to it:
 * `/?workspace=team-a#/experiments`. A switch loads the pages anew, since nothing of one is another's.
 */
const PARAMETER = "workspace";
const REMEMBERED = "trackhelm.workspace";
export const DEFAULT_WORKSPACE = "default";

/** The name by which every request says which workspace it is about. */
export const WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE";

/**
 * Take the workspace of a link that MLflow's client prints, which has it behind the page, `/#/experiments/3?workspace=team-a`,
 * and let the address be as ours are. Returns whether there was one.
 */
function takeFromHash(): boolean {
  const { hash } = window.location;
  const end = hash.indexOf("?");
  const page = hash.slice(0, end);
  const asked = new URLSearchParams(end < 0 ? "" : hash.slice(end + 1));
  const name = asked.get(PARAMETER);
  if (name === null) return false;
  asked.delete(PARAMETER);
  window.history.replaceState(
    null,
    "",
    addressIn(name, asked.size > 0 ? `${page}?${asked.toString()}` : page),
  );
  return true;
}

takeFromHash();
// Such a link may also be opened where the pages are already: they are then loaded anew, for its workspace.
window.addEventListener("hashchange", () => {
  if (takeFromHash()) window.location.reload();
});

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
