/** Where the chosen colour scheme is remembered; public/theme.js reads it before the first paint. */
import { localStorageColorSchemeManager } from "@mantine/core";

export const colorSchemeManager = localStorageColorSchemeManager({ key: "trackhelm.theme" });
