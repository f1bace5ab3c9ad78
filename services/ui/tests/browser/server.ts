/** Calls of the server under test, by which tests make and read what they need. */
export const SERVER = `http://127.0.0.1:${process.env["UI_TEST_PORT"] ?? ""}`;

/** Call an endpoint below /api/2.0, and return its answer. Throws with the server's words. */
export async function call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await fetch(`${SERVER}/api/2.0/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

export const post = <Body>(path: string, body: unknown) => call<Body>("POST", path, body);
export const get = <Body>(path: string) => call<Body>("GET", path);
