/** The theme that is shown, for what is drawn by colours of our own. */
import { useComputedColorScheme } from "@mantine/core";
import type { Scheme } from "./run-color";

export function useScheme(): Scheme {
  return useComputedColorScheme("light", { getInitialValueInEffect: false });
}
