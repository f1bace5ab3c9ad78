/** Measures both user interfaces in one browser, as `bench/ui.py` asks for it, and prints a line of JSON for each result. */
import { charts, firstRows, type Job, type Numbers, runCharts, scrolling, sort, toRow } from "./cases.ts";
import { STOCK, type System, TRACKHELM } from "./systems.ts";
import { launch } from "./visit.ts";

const job = JSON.parse(process.argv[2] ?? "") as Job;

function say(name: string, system: System["name"], numbers: Numbers): void {
  process.stdout.write(`${JSON.stringify({ case: name, system, numbers })}\n`);
}

/** Measure something; if it fails, the other results are still of use. */
async function trying(name: string, measure: () => Promise<void>): Promise<void> {
  try {
    await measure();
  } catch (error) {
    console.error(name, error);
    process.exitCode = 1;
  }
}

const browser = await launch();
try {
  const place = Math.min(500, job.runs.few);
  const cases: [string, number, (system: System) => Promise<Numbers>][] = [
    ["rows", job.repeats, (system) => firstRows(browser, job, system, job.few)],
    ["rows of more runs", 1, (system) => firstRows(browser, job, system, job.more)],
    ["sort", job.repeats, (system) => sort(browser, job, system, job.few)],
    ["sort more runs", 1, (system) => sort(browser, job, system, job.more)],
    ["to a row", job.repeats, (system) => toRow(browser, job, system, job.few, place)],
    ["charts of ten", 1, (system) => charts(browser, job, system, false)],
    ["charts of all", 1, (system) => charts(browser, job, system, true)],
    ["run's charts", job.repeats, (system) => runCharts(browser, job, system)],
  ];
  for (const [name, repeats, measure] of cases) {
    if (!job.only.some((part) => name.includes(part))) continue;
    // In turn, so that what else the machine does meets both.
    for (let turn = 0; turn < repeats; turn += 1) {
      for (const system of [STOCK, TRACKHELM]) {
        await trying(name, async () => say(name, system.name, await measure(system)));
      }
    }
  }
  if (job.only.some((part) => "scroll".includes(part))) {
    await trying("scroll", () =>
      scrolling(browser, job, (part, numbers) => say(`scroll ${part}`, "trackhelm", numbers)),
    );
  }
} finally {
  await browser.close();
}
