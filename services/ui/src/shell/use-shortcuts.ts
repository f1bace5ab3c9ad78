/** The keys that work on every page, unless they are typed into a field. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { PLACES, SETTINGS } from "./places";

const GO = new Map([...PLACES, SETTINGS].map(({ letter, to }) => [letter as string, to]));
/** How long after `g` the second key counts, in milliseconds. */
const PAIR_MS = 1000;

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export function useShortcuts(onPalette: () => void, onSheet: () => void): void {
  const navigate = useNavigate();
  const pressed = useRef(0);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
      const isSecond = event.timeStamp - pressed.current < PAIR_MS && pressed.current > 0;
      pressed.current = event.key === "g" ? event.timeStamp : 0;
      const place = GO.get(event.key);
      if (isSecond && place) {
        event.preventDefault();
        event.stopPropagation();
        void navigate({ to: place });
      } else if (event.key === "?") onSheet();
    };
    // Before the table, whose own keys would take the second of a pair.
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => window.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [navigate, onPalette, onSheet]);
}
