import { expect, test } from "vitest";
import { browserName } from "./browser-name";

test("a browser is named by what it says of itself", () => {
  const linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ";
  expect(browserName(`${linux}Chrome/141.0.0.0 Safari/537.36`)).toBe("Chrome on Linux");
  expect(browserName(`${linux}Chrome/141.0.0.0 Safari/537.36 Edg/141.0`)).toBe("Edge on Linux");
  expect(browserName("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/18.0 Safari/605.1.15")).toBe(
    "Safari on macOS",
  );
  expect(browserName("curl/8.5.0")).toBe("curl");
  expect(browserName("")).toBe("unknown");
});
