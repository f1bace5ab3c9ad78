/** Whether an element is on the screen or near it: panels elsewhere are neither mounted nor fetched. */
import { type RefObject, useEffect, useState } from "react";

const NEAR = "200px 0px";

export function useNear(ref: RefObject<HTMLElement | null>): boolean {
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(
      (entries) => setIsNear(entries.at(-1)?.isIntersecting ?? false),
      { root: document.getElementById("page"), rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return isNear;
}
