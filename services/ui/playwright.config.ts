/**
 * Browser tests against a server of their own, in the Chromium of an npm package.
 *
 * The server is embedded. With SERVER_SHAPE=stack every service is its own process, behind the gateway, and those tests
 * run that are tagged `@stack`.
 */
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import chromium from "@sparticuz/chromium";

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

// Workers read this file again: what was chosen once is handed to them by the environment.
process.env["UI_TEST_PORT"] ??= String(await freePort());
process.env["UI_TEST_ACCOUNTS_PORT"] ??= String(await freePort());
process.env["UI_TEST_PASSWORD"] ??= "correct horse battery staple";
process.env["UI_TEST_DATA"] ??= mkdtempSync(join(tmpdir(), "trackhelm-ui-"));
process.env["UI_TEST_CHROMIUM"] ??= await chromium
  .executablePath()
  .catch((error: unknown) =>
    existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : Promise.reject(error as Error),
  );

const {
  UI_TEST_PORT: port,
  UI_TEST_ACCOUNTS_PORT: accountsPort,
  UI_TEST_PASSWORD: password,
  UI_TEST_DATA: data,
  UI_TEST_CHROMIUM: browser,
} = process.env as Record<string, string>;
const server = process.env["SERVER_UNDER_TEST"] ?? "../../.venv/bin/trackhelm-server";
const isStack = process.env["SERVER_SHAPE"] === "stack";
const address = `http://127.0.0.1:${port ?? ""}`;

const passwordFile = join(data ?? "", "password");
writeFileSync(passwordFile, password ?? "", { mode: 0o600 });

/** How a server is started, and how long that may take. */
function served(command: string, url: string, seconds: number, env: Record<string, string>) {
  const gracefulShutdown = { signal: "SIGTERM" as const, timeout: isStack ? 60_000 : 10_000 };
  return { command, url, env, timeout: seconds * 1000, gracefulShutdown, stdout: "ignore" as const };
}

const tested = served(
  `${server} ${isStack ? "stack" : "embedded"} --port ${port ?? ""} --data ${data ?? ""}`,
  `${address}/ready`,
  // A stack starts PostgreSQL, Redis and an S3 server first.
  isStack ? 180 : 60,
  // Its protections are set by a name that nobody checks.
  { TRACKHELM_UNCHECKED_APPROVALS: "true" },
);
/** The one to which people log in. */
const withAccounts = served(
  `${server} embedded --port ${accountsPort ?? ""} --data ${join(data ?? "", "accounts")}`,
  `http://127.0.0.1:${accountsPort ?? ""}/ready`,
  60,
  { TRACKHELM_AUTH: "on", TRACKHELM_ADMIN_PASSWORD_FILE: passwordFile },
);

export default defineConfig({
  testDir: "tests/browser",
  testMatch: "**/*.spec.ts",
  ...(isStack ? { grep: /@stack/ } : {}),
  globalSetup: "./tests/browser/seed.ts",
  outputDir: "test-results",
  // They wait for pages more than they compute, and share the server: what they look at is of their own.
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  forbidOnly: true,
  use: {
    baseURL: address,
    viewport: { width: 1280, height: 900 },
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "off",
    launchOptions: {
      ...(browser ? { executablePath: browser } : {}),
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        ...["--disable-dev-shm-usage", "--force-color-profile=srgb"],
      ],
    },
  },
  // A stack is tested without accounts: those tests are not tagged.
  webServer: isStack ? [tested] : [tested, withAccounts],
});
