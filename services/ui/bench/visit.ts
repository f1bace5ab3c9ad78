/** A page in a cold browser: how long something takes in it, what it loads, how much memory it keeps, and its frames. */
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContextOptions, chromium as driver, type Page } from "playwright-core";
import { installProbe } from "./probe.ts";

/** Nothing more comes after so long without a request. */
const SILENCE_MS = 1_500;
/** The end of a request is not told if a worker took it over: one is not waited for longer than this. */
const LONG_MS = 5_000;
const PATIENCE_MS = 180_000;

export interface Traffic {
  requests: number;
  /** As they came over the wire, compressed where the server compresses. */
  bytes: number;
  scriptBytes: number;
  /** Answers about points of metrics. */
  metricBytes: number;
  metricRequests: number;
}

export type Frames = Awaited<ReturnType<Visit["frames"]>>;

export async function launch(): Promise<Browser> {
  return driver.launch({
    executablePath: await chromium.executablePath(),
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ...["--disable-dev-shm-usage", "--force-color-profile=srgb", "--enable-precise-memory-info"],
    ],
  });
}

export class Visit {
  readonly traffic: Traffic = { requests: 0, bytes: 0, scriptBytes: 0, metricBytes: 0, metricRequests: 0 };
  private open = new Map<string, number>();
  private lastAt = 0;

  readonly page: Page;
  private readonly isMetric: RegExp;

  private constructor(page: Page, isMetric: RegExp) {
    this.page = page;
    this.isMetric = isMetric;
  }

  /** Open an address in a context of its own, whose cache is empty. `isMetric` tells the requests for points. */
  static async to(
    browser: Browser,
    address: string,
    { isMetric, ...options }: BrowserContextOptions & { isMetric: RegExp },
  ): Promise<Visit> {
    const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(installProbe);
    const visit = new Visit(page, isMetric);
    await visit.watch();
    await page.goto(address, { waitUntil: "commit" });
    return visit;
  }

  /** Ask a function of the page at each frame until it returns a time and not false; return that time. */
  async until<Argument>(asked: (argument: Argument) => number | false, argument: Argument): Promise<number> {
    const found = await this.page.waitForFunction(asked as (argument: unknown) => number | false, argument, {
      polling: "raf",
    });
    return (await found.jsonValue()) as number;
  }

  /** The milliseconds since the navigation, at which the next click of the page happens. */
  async clickedAt(click: () => Promise<void>): Promise<number> {
    await this.page.evaluate(() => {
      window.addEventListener("click", () => (window.bench.clickedAt = performance.now()), {
        capture: true,
        once: true,
      });
    });
    await click();
    return this.page.evaluate(() => window.bench.clickedAt);
  }

  /** Wait until nothing has been loaded for a while. */
  async silent(): Promise<void> {
    const isOpen = () => [...this.open.values()].some((since) => Date.now() - since < LONG_MS);
    while (isOpen() || Date.now() - this.lastAt < SILENCE_MS) await this.page.waitForTimeout(100);
  }

  /** Megabytes that JavaScript keeps after a collection of garbage, arrays of bytes among them. */
  async heap(): Promise<number> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("HeapProfiler.collectGarbage");
    const usage = (await session.send("Runtime.getHeapUsage")) as {
      usedSize: number;
      backingStorageSize?: number;
    };
    return (usage.usedSize + (usage.backingStorageSize ?? 0)) / 1e6;
  }

  /** Record the time between frames, and how many elements a selector finds at each, until it is asked for. */
  async record(mounted: string): Promise<void> {
    await this.page.evaluate((selector) => window.bench.record(selector), mounted);
  }

  /** The frames since `record`. */
  async frames() {
    return this.page.evaluate(() => window.bench.recorded());
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  private async watch(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const kinds = new Map<string, { isScript: boolean; isMetric: boolean }>();
    await session.send("Network.enable");
    session.on("Network.requestWillBeSent", ({ requestId, request, type }) => {
      if (request.url.startsWith("data:") || request.url.startsWith("blob:")) return;
      const kind = { isScript: type === "Script", isMetric: this.isMetric.test(request.url) };
      kinds.set(requestId, kind);
      this.traffic.requests += 1;
      if (kind.isMetric) this.traffic.metricRequests += 1;
      this.open.set(requestId, Date.now());
      this.lastAt = Date.now();
    });
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId);
      if (!kind) return;
      this.traffic.bytes += encodedDataLength;
      if (kind.isScript) this.traffic.scriptBytes += encodedDataLength;
      if (kind.isMetric) this.traffic.metricBytes += encodedDataLength;
      this.ended(requestId);
    });
    session.on("Network.loadingFailed", ({ requestId }) => this.ended(requestId));
  }

  private ended(requestId: string): void {
    this.open.delete(requestId);
    this.lastAt = Date.now();
  }
}
