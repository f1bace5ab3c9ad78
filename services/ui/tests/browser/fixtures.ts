/**
 * `test` with a page that is held to three rules: it asks no other server, it writes no error to the console,
 * and it throws nothing that nobody catches. A test that breaks one fails at its end.
 */
import { expect, test as base } from "@playwright/test";
import { SERVER } from "./server";

export const test = base.extend<{ server: string; rules: { allowed: RegExp[] } }>({
  server: [SERVER, { option: true }],
  rules: [
    async ({ page, server }, use) => {
      const foreign: string[] = [];
      const failures: string[] = [];
      const rules = { allowed: [] as RegExp[] };
      await page.route(
        (url) => !url.href.startsWith(server) && !["data:", "blob:"].includes(url.protocol),
        (route) => {
          foreign.push(route.request().url());
          return route.abort();
        },
      );
      page.on("console", (message) => {
        if (message.type() === "error") failures.push(`${message.text()} (${message.location().url})`);
      });
      page.on("pageerror", (error) => failures.push(String(error)));
      await use(rules);
      expect(foreign, "requests to other servers").toEqual([]);
      expect(
        failures.filter((failure) => !rules.allowed.some((pattern) => pattern.test(failure))),
        "errors in the console",
      ).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
