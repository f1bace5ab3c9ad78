import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeRunTable } from "./run-table";

const recorded = (name: string) => new Uint8Array(readFileSync(`src/api/recorded/${name}.arrow`));

test("a run looks up its values where the columns have one", () => {
  const { runs, nextPageToken } = decodeRunTable(recorded("table"));
  expect(nextPageToken).toBe("next");
  const [first, second, third] = runs;
  expect(first).toMatchObject({
    ...{ id: "a", name: "first", experimentId: "7", userId: "ada", status: "FINISHED", isDeleted: false },
    ...{ startTime: 1_760_000_000_000, endTime: 1_760_000_000_500 },
  });
  expect(second).toMatchObject({ name: "zweiter – 2", status: "RUNNING", endTime: null });
  expect(third?.isDeleted).toBe(true);
  expect([...(first?.metrics ?? [])]).toEqual([
    ["loss", { value: 0.5 }],
    ["a.b", { value: NaN }],
  ]);
  expect([...(second?.metrics.keys() ?? [])]).toEqual(["a.b"]);
  expect(third?.metrics.get("loss")).toEqual({ value: -Infinity });
  expect([first?.metrics.size, second?.metrics.has("loss"), second?.metrics.get("nothing")]).toEqual([
    2,
    false,
    undefined,
  ]);
  expect(runs.map((run) => run.params.get("__proto__"))).toEqual(["x", undefined, ""]);
  expect(runs.map((run) => [...run.tags.values()])).toEqual([[], [], ["red"]]);
  expect(first?.params.get("constructor")).toBeUndefined();
});
