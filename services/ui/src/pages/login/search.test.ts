import { expect, test } from "vitest";
import { validateLoginSearch } from "./search";

test("only a page of ours follows a login", () => {
  for (const next of ["/", "/experiments/1?q=a", "/models/a%2Fb"]) {
    expect(validateLoginSearch({ next })).toEqual({ next });
  }
  for (const next of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:1",
    "/login",
    7,
  ]) {
    expect(validateLoginSearch({ next })).toEqual({});
  }
});
