import { expect, test } from "vitest";
import { imageAt, imagesByKey, parseImage } from "./names";

const ID = "0a1b2c3d-1111-2222-3333-444455556666";
const name = (key: string, step: number, time: number, end = ".png", by = "+") =>
  `images/${key}${by}step${by}${step}${by}timestamp${by}${time}${by}${ID}${end}`;

test("the names of both generations of clients are understood", () => {
  expect(parseImage(name("val#digits", 3, 70))).toMatchObject({ key: "val/digits", step: 3, timestamp: 70 });
  expect(parseImage(name("a", -1, 70, "%compressed.webp", "%"))).toMatchObject({ step: -1, isSmall: true });
  expect(parseImage(name("a", 1, 70, "+compressed.webp"))).toMatchObject({ isSmall: true });
  for (const path of ["images/a.png", "plots/a+step+1+timestamp+2+x.png", name("a", 1, 1, ".svg"), ""]) {
    expect(parseImage(path)).toBeNull();
  }
});

test("of several images of a step the newest and whole one counts", () => {
  const found = imagesByKey([
    name("b", 2, 10),
    name("a10", 1, 1),
    name("a9", 1, 1),
    name("b", 1, 10),
    name("b", 1, 20, "+compressed.webp"),
    name("b", 1, 20),
    name("b", 1, 15),
  ]);
  expect([...found.keys()]).toEqual(["a9", "a10", "b"]);
  const b = found.get("b") ?? [];
  expect(b.map(({ step, timestamp, isSmall }) => [step, timestamp, isSmall])).toEqual([
    [1, 20, false],
    [2, 10, false],
  ]);
  expect([0, 1, 1.5, 99].map((step) => imageAt(b, step)?.step ?? null)).toEqual([null, 1, 1, 2]);
});
