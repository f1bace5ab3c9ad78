/** The time, told anew each half minute, by which ages and durations are shown. */
import { useEffect, useState } from "react";

const EVERY_MS = 30_000;

export function useNow(everyMs = EVERY_MS): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}
