/** The pages of a PDF, drawn by a library that we ship: the browser's own viewer would need a plug-in. */
import { getDocument, GlobalWorkerOptions } from "pdfjs-dist";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { Failure } from "@/components/Failure";
import classes from "../artifacts.module.css";

GlobalWorkerOptions.workerSrc = worker;

const MOST_PAGES = 30;
const SCALE = 1.5;

export function Pdf({ bytes, name }: { bytes: Uint8Array; name: string }) {
  const host = useRef<HTMLDivElement>(null);
  const [pages, setPages] = useState(0);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let isGone = false;
    // The worker takes the bytes away from what it is given. Neither scripts nor evaluated fonts of the file run.
    const loading = getDocument({ data: bytes.slice(), enableXfa: false, useWasm: false });
    const draw = async () => {
      const pdf = await loading.promise;
      if (isGone) return;
      setPages(pdf.numPages);
      for (let number = 1; number <= Math.min(pdf.numPages, MOST_PAGES); number++) {
        const page = await pdf.getPage(number);
        const viewport = page.getViewport({ scale: SCALE });
        const canvas = document.createElement("canvas");
        canvas.width = viewport.width;
        canvas.height = viewport.height;
        canvas.className = classes["page"] ?? "";
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", `Page ${number} of ${name}`);
        await page.render({ canvas, viewport }).promise;
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- it may be gone by now
        if (isGone) return;
        element.append(canvas);
      }
    };
    draw().catch((reason: unknown) => {
      if (!isGone) setError(reason instanceof Error ? reason : new Error(String(reason)));
    });
    return () => {
      isGone = true;
      element.replaceChildren();
      void loading.destroy();
    };
  }, [bytes, name]);
  return (
    <>
      {error && <Failure title="The PDF could not be shown." error={error} />}
      {pages > MOST_PAGES && (
        <p className={classes["note"]}>
          The first {MOST_PAGES} of {pages} pages.
        </p>
      )}
      <div ref={host} />
    </>
  );
}
