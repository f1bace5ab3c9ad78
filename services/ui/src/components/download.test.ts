import { expect, test } from "vitest";
import { csvLine } from "./download";

test("fields are quoted where they must be, and no text becomes a formula", () => {
  expect(csvLine(["a", 'say "hi", you', null, 1.5, NaN, "two\nlines"])).toBe(
    'a,"say ""hi"", you",,1.5,NaN,"two\nlines"\r\n',
  );
  expect(csvLine(["=HYPERLINK(1)", "+x", "-1.5", "@a"])).toBe("'=HYPERLINK(1),'+x,-1.5,'@a\r\n");
});
