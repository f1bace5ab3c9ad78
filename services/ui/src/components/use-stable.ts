/**
 * A function that stays the same while it does what the one of the last render does: for children that remember what they have
 * rendered, and would be rendered anew for the sake of a new function.
 */
import { useCallback, useLayoutEffect, useRef } from "react";

export function useStable<Given extends unknown[]>(
  act: (...given: Given) => void,
): (...given: Given) => void {
  const last = useRef(act);
  useLayoutEffect(() => {
    last.current = act;
  });
  return useCallback((...given: Given) => last.current(...given), []);
}
