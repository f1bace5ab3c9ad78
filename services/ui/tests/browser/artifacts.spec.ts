import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures";
import { png } from "./png";
import { endRun, makeExperiment, makeRun, pageOf, putFile, type SeededRun } from "./runs";
import { SERVER } from "./server";

let run: SeededRun;

const PNG = png(8, 8, (x, y) => [x * 30, y * 30, 0]);

/** A file that pyarrow wrote; its first cell of text is a script. */
const PARQUET = readFileSync(
  new URL("../../src/components/artifacts/previews/recorded/brotli.parquet", import.meta.url),
);

/** A second of a tone, as the simplest kind of sound file. */
function wav(): Buffer {
  const samples = Int16Array.from({ length: 8_000 }, (_, at) => 9_000 * Math.sin(at / 3));
  const head = Buffer.alloc(44);
  head.write("RIFF");
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

/** The smallest PDF with a page and a word on it. */
function pdf(): string {
  const stream = "BT /F1 40 Tf 20 100 Td (Hello) Tj ET";
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`,
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
  ];
  let text = "%PDF-1.4\n";
  const places = objects.map((object, at) => {
    const place = text.length;
    text += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const xref = text.length;
  return `${text}xref\n0 6\n0000000000 65535 f \n${places.join("")}trailer<</Size 6/Root 1 0 R>>\nstartxref\n${xref}\n%%EOF`;
}

const SCRIPT = "<script>top.hacked = 1; parent.hacked = 1; window.hacked = 1</script>";

const FILES: Record<string, string | Buffer> = {
  "plots/roc.png": PNG,
  "plots/hostile.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="parent.hacked=1"><script>parent.hacked=1</script><rect width="40" height="40"/></svg>`,
  "plots/hostile.html": `<h1>Report</h1>${SCRIPT}<img src=x onerror="parent.hacked=1">`,
  "notes.md": `# Notes\n\n${SCRIPT}\n\n<img src=x onerror="window.hacked=1">`,
  "train.py": "import torch  # <script>window.hacked=1</script>\n",
  "big.log": "line\n".repeat(400_000),
  "empty.txt": "",
  "data.csv": `name,score\n"${SCRIPT}",1\nb,2.5\n`,
  "table.json": JSON.stringify({
    columns: ["question", "score"],
    data: [
      ["why", 1],
      [SCRIPT, 2],
    ],
  }),
  "params.json": '{"lr":0.1,"deep":{"a":[1,2]}}',
  "analysis.ipynb": JSON.stringify({
    cells: [
      { cell_type: "markdown", source: ["# Analysis\n", SCRIPT] },
      {
        cell_type: "code",
        source: "print(1)",
        outputs: [{ text: ["one\n"] }, { data: { "image/png": PNG.toString("base64") } }],
      },
    ],
  }),
  "paper.pdf": pdf(),
  "rows.parquet": PARQUET,
  "broken.parquet": "PAR1 but no more",
  "tone.wav": wav(),
  "clip.webm": Buffer.from([0x1a, 0x45, 0xdf, 0xa3]),
  "model.bin": Buffer.from([1, 2, 3]),
  "<img src=x onerror=top.hacked=1>.txt": "a hostile name",
};

test.beforeAll(async () => {
  run = await makeRun(await makeExperiment("artifacts"), "with files");
  for (const [path, content] of Object.entries(FILES)) await putFile(run.runId, path, content);
  await endRun(run.runId);
});

const at = (path: string) => pageOf(run, `/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`);

test("a folder is listed when it is opened, and a file has an address of its own", async ({ page }) => {
  const listed: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("artifacts/list")) {
      listed.push(new URL(request.url()).searchParams.get("path") ?? "");
    }
  });
  await page.goto(pageOf(run, "/artifacts"));
  const files = page.getByRole("navigation", { name: "Files" });
  await expect(files.getByText("train.py")).toBeVisible();
  expect(listed).not.toContain("plots");
  await files.getByRole("button", { name: "plots" }).click();
  await files.getByRole("link", { name: /roc\.png/ }).click();
  await expect(page.getByRole("img", { name: "roc.png" })).toBeVisible();
  expect(listed).toContain("plots");
  // MLflow's address of a file is ours, and opens the folders above it.
  await page.goto(pageOf(run, "/artifactPath/plots/roc.png"));
  await expect(files.getByRole("link", { name: /roc\.png/ })).toHaveAttribute("aria-current", "page");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download", exact: true }).click();
  expect((await download).suggestedFilename()).toBe("roc.png");
});

test("each kind is seen as it is best seen", async ({ page }) => {
  await page.goto(at("train.py"));
  await expect(page.locator(".hljs-keyword")).toHaveText("import");
  await page.goto(at("params.json"));
  await expect(page.locator("pre")).toContainText('"lr": 0.1');
  await page.goto(at("table.json"));
  await expect(page.getByRole("columnheader", { name: "score" })).toContainText("integer");
  await page.goto(at("data.csv"));
  await expect(page.getByRole("columnheader", { name: "score" })).toContainText("number");
  await expect(page.getByRole("cell", { name: "2.5" })).toBeVisible();
  await page.goto(at("big.log"));
  await expect(page.getByText("The first 1.0 MB of 2.0 MB.")).toBeVisible();
  await page.goto(at("empty.txt"));
  await expect(page.getByText("The file is empty.")).toBeVisible();
  await page.goto(at("analysis.ipynb"));
  await expect(page.getByRole("heading", { name: "Analysis" })).toBeVisible();
  await expect(page.getByText("one", { exact: true })).toBeVisible();
  await expect(page.getByRole("img", { name: "a result" })).toBeVisible();
  await page.goto(at("model.bin"));
  await expect(page.getByText("This kind of file has no preview.")).toBeVisible();
});

test("a Parquet file shows its first rows and the types of its columns", async ({ page, rules }) => {
  await page.goto(at("rows.parquet"));
  await expect(page.getByText("The first 500 of 1,200 rows, 7 columns")).toBeVisible();
  await expect(page.getByRole("columnheader", { name: "at timestamp" })).toBeVisible();
  await expect(page.getByRole("cell", { name: "row 3", exact: true })).toBeVisible();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  rules.allowed.push(/416/);
  await page.goto(at("broken.parquet"));
  await expect(page.getByText("The file is no Parquet file that can be read.")).toBeVisible();
});

test("sound plays, and a video that cannot be played harms nothing", async ({ page }) => {
  await page.goto(at("tone.wav"));
  const sound = page.locator("audio");
  await expect.poll(() => sound.evaluate((element: HTMLAudioElement) => element.duration)).toBeCloseTo(1);
  await page.goto(at("clip.webm"));
  await expect(page.locator("video")).toHaveAttribute("controls");
});

test("a folder, and all files, are downloaded as a zip", async ({ page }) => {
  await page.goto(at("plots"));
  await expect(page.getByText("A folder of 3 entries.")).toBeVisible();
  for (const [label, name, path] of [
    ["Download as zip", "plots.zip", "plots/roc.png"],
    ["Download all", `${run.runId}.zip`, "artifacts/plots/roc.png"],
  ] as const) {
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: label }).click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe(name);
    const bytes = readFileSync(await saved.path());
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from("PK\x03\x04"));
    expect(bytes.includes(path)).toBe(true);
    expect(bytes.includes(PNG)).toBe(true);
  }
});

test("the pages of a PDF are drawn", async ({ page }) => {
  await page.goto(at("paper.pdf"));
  const drawn = page.getByRole("img", { name: "Page 1 of paper.pdf" });
  await expect(drawn).toBeVisible();
  await expect
    .poll(() =>
      drawn.evaluate((canvas: HTMLCanvasElement) => {
        const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        return data.some((value, i) => i % 4 === 0 && value < 100);
      }),
    )
    .toBe(true);
});

test("a hostile file never runs", async ({ page, rules }) => {
  // The browser tells that it kept the frame's script from running.
  rules.allowed.push(/about:srcdoc|Content Security Policy|sandboxed/);
  const hacked = () => page.evaluate(() => "hacked" in window);
  await page.goto(at("plots/hostile.html"));
  const frame = page.frameLocator("iframe");
  await expect(frame.getByRole("heading", { name: "Report" })).toBeVisible();
  expect(await hacked()).toBe(false);
  // The frame's document cannot reach ours: its origin is opaque.
  const child = page.frames().find((each) => each.parentFrame() !== null);
  expect(await child?.evaluate(() => window.origin)).toBe("null");
  for (const path of Object.keys(FILES).filter((name) =>
    /svg|md|py$|csv|table|ipynb|onerror|rows/.test(name),
  )) {
    await page.goto(at(path));
    await expect(page.getByRole("region", { name: "The chosen file" })).toContainText(
      path.split("/").at(-1) ?? "",
    );
    await page.waitForLoadState("networkidle");
    expect(await hacked(), path).toBe(false);
  }
  await page.goto(at("notes.md"));
  await expect(page.getByRole("heading", { name: "Notes" })).toBeVisible();
});

test("the server sends files as attachments that no browser runs", async () => {
  for (const path of ["plots/hostile.html", "plots/hostile.svg"]) {
    const query = new URLSearchParams({ run_id: run.runId, path });
    const { headers } = await fetch(`${SERVER}/get-artifact?${query.toString()}`);
    expect(headers.get("content-disposition")).toMatch(/^attachment/);
    expect(headers.get("content-security-policy")).toContain("sandbox");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
});

test("files are added by choosing and by dropping", async ({ page }) => {
  const empty = await makeRun(run.experimentId, "without files");
  await page.goto(pageOf(empty, "/artifacts"));
  await expect(page.getByText("This run has logged no files.")).toBeVisible();
  await page
    .getByLabel("Files to upload")
    .setInputFiles({ name: "added.txt", mimeType: "text/plain", buffer: Buffer.from("chosen") });
  await page.getByRole("link", { name: /added\.txt/ }).click();
  await expect(page.locator("pre")).toHaveText("chosen");
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["dropped"], "dropped.txt"));
    return transfer;
  });
  await page
    .getByRole("region", { name: "The chosen file" })
    .dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByRole("link", { name: /dropped\.txt/ }).click();
  await expect(page.locator("pre")).toHaveText("dropped");
});
