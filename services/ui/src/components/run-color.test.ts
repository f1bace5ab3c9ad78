import { expect, test } from "vitest";
import { DASHES, runColor, runStyles } from "./run-color";

const run = (id: string, tags: [string, string][] = []) => ({ id, tags: new Map(tags) });

test("runs of one colour are told apart by dashes, and a run that is alone with its colour is solid", () => {
  const red: [string, string][] = [["mlflow.runColor", "#ff0000"]];
  const runs = [run("b", red), run("a", red), run("c"), run("d", red)];
  const styles = runStyles(runs, "light");
  expect(styles.map(({ dash }) => DASHES.indexOf(dash))).toEqual([1, 0, 0, 2]);
  expect(styles[2]?.color).toBe(runColor(run("c"), "light"));
  // Neither the order of the list nor other colours change a style.
  expect(runStyles([...runs].reverse(), "light").reverse()).toEqual(styles);
});
