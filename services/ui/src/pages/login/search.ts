/** What the address of the login says: the page that was asked for, which follows, and why somebody was not let in. */

export interface LoginSearch {
  next?: string;
  failed?: string;
}

/** Only a page of ours follows: a path with one slash at its beginning, which names no other server. */
const isPage = (next: unknown): next is string =>
  typeof next === "string" && /^\/(?![/\\])/.test(next) && !next.startsWith("/login");

export function validateLoginSearch({ next, failed }: Record<string, unknown>): LoginSearch {
  return {
    ...(isPage(next) ? { next } : {}),
    ...(typeof failed === "string" && failed !== "" ? { failed } : {}),
  };
}

const FAILURES: Record<string, string> = {
  disabled: "Your account is disabled. An administrator can let you in again.",
  not_allowed: "The provider knows you, but you may not use this server.",
  name_taken: "Another user has your name here. An administrator can link that account to you.",
  expired: "The login took too long, or was begun in another browser. Log in again.",
  unreachable: "The provider could not be reached. Try again in a moment.",
};

/** Return why nobody was let in, by the code that the server gives; the server's log says it exactly. */
export function failureText(code: string): string {
  return FAILURES[code] ?? "The provider's answer was not accepted. The server's log says why.";
}
