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
  },
  server: { proxy: Object.fromEntries(SERVED_BY_SERVER.map((path) => [path, SERVER])) },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
