/** The run of the page, for its tabs. */
import { createContext, use } from "react";
import type { RunDetail } from "@/api/run";

export const RunContext = createContext<RunDetail | null>(null);

export function useRun(): RunDetail {
  const run = use(RunContext);
  if (!run) throw new Error("a tab of a run is shown on its page alone");
  return run;
}
