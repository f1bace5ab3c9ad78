/** What is drawn on a canvas, by its pixels. */
import type { Page } from "@playwright/test";

/** The number of pixels of a panel's canvas that differ from its background, in a part of its height. */
export async function inked(page: Page, key: string, from: number, to: number): Promise<number> {
  return page.locator(`[data-metric="${key}"] canvas`).evaluate(
    (canvas: HTMLCanvasElement, [top, foot]) => {
      const { width, height } = canvas;
      const begin = Math.round(height * (top ?? 0));
      const size = Math.round(height * (foot ?? 1)) - begin;
      // The plotting area alone, without the ticks at its left.
      const left = Math.round(width * 0.2);
      const data = canvas.getContext("2d")?.getImageData(left, begin, width - left, size).data ?? [];
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, a] = [data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0, data[i + 3] ?? 0];
        // Colours of curves are saturated; the grid is grey.
        if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 40) count++;
      }
      return count;
    },
    [from, to],
  );
}
