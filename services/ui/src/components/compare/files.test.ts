import { expect, test } from "vitest";
import { commonEntries } from "./files";

const file = (path: string) => ({ path, is_dir: false, file_size: 1 });
const folder = (path: string) => ({ path, is_dir: true });

test("the files of several runs are one list, with how many have each", () => {
  const lists = [[file("b10.txt"), folder("plots")], [file("b9.txt"), file("b10.txt"), file("plots")], []];
  expect(commonEntries(lists)).toEqual([
    { path: "plots", isFolder: true, count: 1 },
    { path: "b9.txt", isFolder: false, count: 1 },
    { path: "b10.txt", isFolder: false, count: 2 },
    { path: "plots", isFolder: false, count: 1 },
  ]);
});
