/** What is looked at within a page. It is installed before the page's own scripts, and knows nothing of their code. */

export interface Probe {
  clickedAt: number;
  /** The rows that are half inside the window, not empty, and covered by nothing, from above to below. */
  rowsInSight: (selector: string) => HTMLElement[];
  /** How many pixels of a canvas have a saturated colour, in the part of its height from `top` to `foot`. */
  ink: (canvas: HTMLCanvasElement | OffscreenCanvas, top: number, foot: number) => number;
  record: (mounted: string) => void;
  recorded: () => { gaps: number[]; mostMounted: number };
  /** Scroll an element by so many pixels in each frame, until it has gone so far, or its end or the time limit is reached. */
  scroll: (
    selector: string,
    by: { left: number; top: number },
    far: number,
    limitMs: number,
  ) => Promise<void>;
}

declare global {
  interface Window {
    bench: Probe;
  }
}

export function installProbe(): void {
  let gaps: number[] = [];
  let mostMounted = 0;
  let recording = 0;
  window.bench = {
    clickedAt: 0,
    rowsInSight: (selector) =>
      [...document.querySelectorAll<HTMLElement>(selector)]
        .map((row) => ({ row, box: row.getBoundingClientRect() }))
        .filter(({ row, box }) => {
          const y = box.top + box.height / 2;
          if (box.height === 0 || y < 0 || y >= window.innerHeight || !row.textContent) return false;
          const x = Math.max(box.left, 0) + Math.min(120, box.width / 2);
          return row.contains(document.elementFromPoint(x, y));
        })
        .sort((a, b) => a.box.top - b.box.top)
        .map(({ row }) => row),
    ink: (canvas, top, foot) => {
      const { width, height } = canvas;
      if (width === 0 || height === 0) return 0;
      const begin = Math.round(height * top);
      // The plotting area alone, without the ticks at its left.
      const left = Math.round(width * 0.2);
      const context = canvas.getContext("2d") as CanvasRenderingContext2D | null;
      const size = Math.round(height * foot) - begin;
      const data = context?.getImageData(left, begin, width - left, size).data ?? [];
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const [red = 0, green = 0, blue = 0, alpha = 0] = [
          data[at],
          data[at + 1],
          data[at + 2],
          data[at + 3],
        ];
        // Colours of curves are saturated; the grid is grey.
        if (alpha > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) count += 1;
      }
      return count;
    },
    record: (mounted) => {
      gaps = [];
      mostMounted = 0;
      recording += 1;
      const own = recording;
      let before = performance.now();
      const frame = (now: number) => {
        if (own !== recording) return;
        gaps.push(now - before);
        before = now;
        mostMounted = Math.max(mostMounted, document.querySelectorAll(mounted).length);
        requestAnimationFrame(frame);
      };
      requestAnimationFrame((now) => {
        before = now;
        requestAnimationFrame(frame);
      });
    },
    recorded: () => {
      recording += 1;
      return { gaps, mostMounted };
    },
    scroll: (selector, by, far, limitMs) =>
      new Promise((resolve) => {
        const element = document.querySelector<HTMLElement>(selector);
        const begin = performance.now();
        const step = (now: number) => {
          if (!element) return resolve();
          element.scrollBy({ ...by, behavior: "instant" });
          const gone = by.top ? element.scrollTop : element.scrollLeft;
          if (gone >= far || now - begin > limitMs) resolve();
          else requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
  };
}
