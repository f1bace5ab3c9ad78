/** What the address of the login says: the page that was asked for, which follows. */

export interface LoginSearch {
  next?: string;
}

/** Only a page of ours follows: a path with one slash at its beginning, which names no other server. */
export function validateLoginSearch({ next }: Record<string, unknown>): LoginSearch {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? { next } : {};
}
