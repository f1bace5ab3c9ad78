/** The panel of one key: its head with actions, the curves or the heat map of ranks, and what is to be said of them. */
import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import {
  IconArrowBackUp,
  IconArrowsMaximize,
  IconDownload,
  IconGridDots,
  IconPin,
  IconPinnedFilled,
  IconStack2,
} from "@tabler/icons-react";
import { type ReactNode, useCallback, useRef, useState } from "react";
import { download } from "@/components/download";
import { formatNumber } from "@/components/format";
import { failed } from "@/components/notify";
import classes from "./charts.module.css";
import { type Curve, noteOf } from "./curves";
import { fileName, toCsv, toPng, toSvg } from "./export";
import { HeatMap } from "./HeatMap";
import { LinePanel } from "./LinePanel";
import { areSingle, SingleValues } from "./SingleValues";
import type { Plot, PlotModel } from "./plot";
import type { ChangeSettings, ChartSettings } from "./settings";
import { type ChartRun, useMetric } from "./useMetric";

export interface MetricCardProps {
  metricKey: string;
  /** The key without its section. */
  title: string;
  runs: readonly ChartRun[];
  settings: ChartSettings;
  change: ChangeSettings;
  labelNames: readonly string[];
  syncKey: string;
  highlight: string | null;
  onHighlight: (id: string | null) => void;
  isFull?: boolean;
  /** By which the panel is moved. */
  grip?: ReactNode;
}

type Labels = Readonly<Record<string, readonly string[]>>;

export function MetricCard(props: MetricCardProps) {
  const {
    metricKey,
    title,
    runs,
    settings,
    change,
    labelNames,
    syncKey,
    highlight,
    onHighlight,
    isFull,
    grip,
  } = props;
  const { ref, width } = useElementSize();
  const [drilled, setDrilled] = useState<{ label: string; labels: Labels } | null>(null);
  const mode = drilled ? undefined : settings.ranks[metricKey];
  const { answer, curves, exactCurves, xKind } = useMetric({
    runs,
    metricKey,
    settings,
    width,
    labelNames: drilled ? [] : labelNames,
    byRank: mode !== undefined,
    ...(drilled ? { labels: drilled.labels } : {}),
  });
  const isSingle = areSingle(curves) && settings.window === null;
  const drawn = useRef<{ plot: Plot; model: PlotModel } | null>(null);
  const onPlot = useCallback((plot: Plot | null, model: PlotModel) => {
    drawn.current = plot && { plot, model };
  }, []);
  const onZoom = useCallback((window: ChartSettings["window"]) => change({ window }), [change]);
  const setMode = (next: "lines" | "heat" | undefined) => {
    const others = Object.entries(settings.ranks).filter(([key]) => key !== metricKey);
    setDrilled(null);
    change({
      ranks: Object.fromEntries(next ? [...others, [metricKey, next]] : others),
    });
  };
  const openRank = (curve: Curve) => {
    const parts = curve.id.split("/").slice(1).join("/").split(", ");
    const labels = Object.fromEntries(
      labelNames.map((name) => [
        name,
        parts.filter((part) => part.startsWith(`${name} `)).map((part) => part.slice(name.length + 1)),
      ]),
    );
    setDrilled({ label: curve.label, labels });
  };
  const isPinned = settings.pinned.includes(metricKey);
  const togglePin = () =>
    change({
      pinned: isPinned ? settings.pinned.filter((key) => key !== metricKey) : [...settings.pinned, metricKey],
    });

  return (
    <figure ref={ref} className={classes["card"]} data-full={isFull || undefined} data-metric={metricKey}>
      <figcaption className={classes["cardHead"]}>
        {drilled && (
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<IconArrowBackUp size={14} />}
            onClick={() => setDrilled(null)}
          >
            {drilled.label}
          </Button>
        )}
        <span className={classes["cardTitle"]} title={metricKey}>
          {title}
        </span>
        <span className={classes["cardActions"]}>
          {grip}
          {labelNames.length > 0 && (
            <>
              <Action
                label="Heat map of ranks"
                isOn={mode === "heat"}
                onClick={() => setMode(mode === "heat" ? undefined : "heat")}
              >
                <IconGridDots size={15} />
              </Action>
              <Action
                label="A line for each rank"
                isOn={mode === "lines"}
                onClick={() => setMode(mode === "lines" ? undefined : "lines")}
              >
                <IconStack2 size={15} />
              </Action>
            </>
          )}
          <Action label={isPinned ? "Unpin" : "Pin to the top"} isOn={isPinned} onClick={togglePin}>
            {isPinned ? <IconPinnedFilled size={15} /> : <IconPin size={15} />}
          </Action>
          <ExportMenu
            metricKey={metricKey}
            exactCurves={exactCurves}
            settings={settings}
            drawn={drawn}
            hasPicture={!isSingle}
          />
          {!isFull && (
            <Action label="Fill the screen" onClick={() => change({ full: metricKey })}>
              <IconArrowsMaximize size={15} />
            </Action>
          )}
        </span>
      </figcaption>
      {answer.isError ? (
        <div role="alert" className={classes["cardSays"]}>
          {answer.error.message}
          <Button variant="default" size="compact-xs" onClick={() => void answer.refetch()}>
            Retry
          </Button>
        </div>
      ) : !answer.data ? (
        <div className={classes["skeleton"]} />
      ) : curves.length === 0 ? (
        <div className={classes["cardSays"]}>
          {settings.window ? "No point lies in this range." : "No shown run has this metric."}
        </div>
      ) : mode === "heat" ? (
        <HeatMap title={metricKey} curves={curves} xKind={xKind} onOpen={openRank} />
      ) : isSingle ? (
        <SingleValues title={metricKey} curves={curves} highlight={highlight} onHighlight={onHighlight} />
      ) : (
        <>
          <LinePanel
            title={metricKey}
            curves={curves}
            xKind={xKind}
            logX={settings.logX}
            logY={settings.logY}
            clip={settings.clip}
            window={xKind === "metric" ? null : settings.window}
            syncKey={syncKey}
            highlight={highlight}
            onHighlight={onHighlight}
            onZoom={onZoom}
            onPlot={onPlot}
          />
          <NoteLine
            curves={curves}
            settings={settings}
            ofRanks={labelNames.length > 0 && mode === undefined && !drilled}
          />
        </>
      )}
    </figure>
  );
}

interface ActionProps {
  label: string;
  isOn?: boolean;
  onClick: () => void;
  children: React.ReactNode;
}

function Action({ label, isOn = false, onClick, children }: ActionProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        size="sm"
        aria-label={label}
        aria-pressed={isOn}
        variant={isOn ? "light" : "subtle"}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

interface ExportMenuProps {
  metricKey: string;
  exactCurves: () => Promise<Curve[]>;
  settings: ChartSettings;
  drawn: React.RefObject<{ plot: Plot; model: PlotModel } | null>;
  /** Whether there is a picture to save. */
  hasPicture: boolean;
}

function ExportMenu({ metricKey, exactCurves, settings, drawn, hasPicture }: ExportMenuProps) {
  const save = (kind: "png" | "svg" | "csv") => {
    make(kind).catch((error: unknown) => failed("The chart was not saved", error));
  };
  const make = async (kind: "png" | "svg" | "csv") => {
    const now = drawn.current;
    if (kind === "csv") {
      download(fileName(metricKey, kind), [toCsv(metricKey, await exactCurves())], "text/csv");
    } else if (now && kind === "png") {
      download(fileName(metricKey, kind), [await toPng(metricKey, now.plot, now.model)], "image/png");
    } else if (now) {
      const picture = toSvg(metricKey, now.model, settings.logX, settings.logY);
      download(fileName(metricKey, kind), [picture], "image/svg+xml");
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="sm" aria-label="Save the chart">
          <IconDownload size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {hasPicture && (
          <>
            <Menu.Item onClick={() => save("png")}>Picture (PNG)</Menu.Item>
            <Menu.Item onClick={() => save("svg")}>Picture (SVG)</Menu.Item>
          </>
        )}
        <Menu.Item onClick={() => save("csv")}>Table (CSV)</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function NoteLine({
  curves,
  settings,
  ofRanks,
}: {
  curves: readonly Curve[];
  settings: ChartSettings;
  ofRanks: boolean;
}) {
  const { nonfinite, dropped, perRow } = noteOf(curves, settings.logY);
  const notes = [
    ofRanks && "mean of ranks, band: least to greatest",
    perRow > 1 && !ofRanks && `line: last, band: min–max of about ${formatNumber(perRow)} points`,
    settings.smoothing > 0 && (perRow > 1 ? "smoothed from aggregated data" : "smoothed"),
    nonfinite > 0 && `${formatNumber(nonfinite)} NaN or infinite`,
    dropped > 0 && `${formatNumber(dropped)} at or below 0 not shown`,
    settings.clip && "outliers may lie outside",
  ].filter((note) => note !== false);
  const text = notes.join(" · ");
  return (
    <div className={classes["cardNote"]} title={text}>
      {text}
    </div>
  );
}
