import { expect, test } from "vitest";
import { ApiError } from "./client";
import { isRetried } from "./query-client";

test("only what may be over a moment later is asked again, and not for ever", () => {
  const failure = (status: number) => new ApiError("no", "CODE", status, null);
  for (const status of [0, 429, 502, 503, 504]) expect(isRetried(0, failure(status))).toBe(true);
  for (const status of [400, 403, 404, 500]) expect(isRetried(0, failure(status))).toBe(false);
  expect(isRetried(2, failure(503))).toBe(false);
  expect(isRetried(0, new Error("a bug"))).toBe(false);
});
