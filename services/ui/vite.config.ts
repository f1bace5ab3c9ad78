import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const SERVER = process.env["TRACKHELM_SERVER"] ?? "http://127.0.0.1:5000";
const SERVED_BY_SERVER = [
  "/api",
  "/ajax-api",
  "/get-artifact",
  "/model-versions",
  "/docs",
  "/openapi.json",
  "/version",
];

const LIBRARIES =
  /node_modules[\\/](?:react|react-dom|scheduler|@mantine|@tanstack|@floating-ui|@tabler|clsx|openapi-fetch|@uwdata)[\\/]/;
/**
 * The entry, what nearly every page needs, and the table of an experiment, which most visits begin with or come to. What
 * lies in folders below `components` is of few pages, or brings libraries with it, as do the parts named here.
 */
const SHARED =
  /src[\\/](?:(?:main|router)\.tsx$|(?:api|shell|theme)[\\/]|components[\\/](?!Markdown|Lineage|lineage|AuditList|MoveForm)[^\\/]+$|pages[\\/]experiment[\\/](?!charts|compare))/;

export default defineConfig({
  plugins: [react()],
  // Relative, so that the same files work below any prefix of a proxy.
  base: "./",
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: process.env["UI_FOLDER"] ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    // The server's policy has no place for the inline script of older browsers.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
    rolldownOptions: {
      // A module of it that nothing uses would compile WebAssembly, which the server's policy forbids.
      treeshake: { moduleSideEffects: [{ test: /hyparquet-compressors/, sideEffects: false }] },
      output: {
        codeSplitting: {
          // What nearly every page needs, in few files: each request of a first visit costs a round trip.
          groups: [
            { name: "libraries", test: LIBRARIES },
            { name: "shared", test: SHARED },
          ],
        },
      },
    },
  },
  server: { proxy: Object.fromEntries(SERVED_BY_SERVER.map((path) => [path, SERVER])) },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // The parts under test keep nothing from one file to the next, and a document for each of them takes four times as long.
    isolate: false,
    testTimeout: 60_000,
  },
});
