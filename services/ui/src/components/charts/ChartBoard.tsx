/** The panels of many keys in sections. A panel that is not near the screen is an empty frame, and asks nothing. */
import { ActionIcon, Button } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconChevronDown, IconChevronRight, IconX } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { EmptyState } from "@/components/EmptyState";
import classes from "./charts.module.css";
import { MetricCard, type MetricCardProps } from "./MetricCard";
import { type ChangeSettings, type ChartSettings, matcher, sections } from "./settings";
import type { ChartRun } from "./useMetric";
import { useNear } from "./useNear";

export interface ChartBoardProps {
  keys: readonly string[];
  runs: readonly ChartRun[];
  settings: ChartSettings;
  change: ChangeSettings;
  /** The names of the labels of keys that many ranks log. */
  labelledKeys: ReadonlyMap<string, readonly string[]>;
  /** What is highlighted from outside, such as the run under the pointer in a list. */
  highlight?: string | null;
  onHighlight?: (id: string | null) => void;
}

const NO_NAMES: readonly string[] = [];
const SYNC_KEY = "charts";

export function ChartBoard(props: ChartBoardProps) {
  const { keys, runs, settings, change, labelledKeys, highlight = null, onHighlight } = props;
  const [own, setOwn] = useState<string | null>(null);
  const matches = useMemo(() => matcher(settings.search), [settings.search]);
  const found = useMemo(() => keys.filter(matches), [keys, matches]);
  const groups = useMemo(() => {
    const pinned = settings.pinned.filter((key) => found.includes(key));
    const rest = sections(found.filter((key) => !pinned.includes(key)));
    return pinned.length ? [["pinned", pinned] as [string, string[]], ...rest] : rest;
  }, [found, settings.pinned]);
  const shared: Omit<MetricCardProps, "metricKey" | "title" | "labelNames"> = {
    runs,
    settings,
    change,
    syncKey: SYNC_KEY,
    highlight: own ?? highlight,
    onHighlight: onHighlight ?? setOwn,
  };
  const namesOf = (key: string) => labelledKeys.get(key) ?? NO_NAMES;
  if (found.length === 0) {
    return (
      <EmptyState title={`No metric matches “${settings.search}”.`}>
        <Button variant="default" onClick={() => change({ search: "" })}>
          Clear the search
        </Button>
      </EmptyState>
    );
  }
  return (
    <>
      {groups.map(([section, sectionKeys]) => (
        <Section
          key={section}
          name={section}
          keys={sectionKeys}
          isAlone={groups.length === 1 && section === ""}
        >
          {(key) => (
            <LazyCard
              key={key}
              {...shared}
              metricKey={key}
              title={section && key.startsWith(`${section}/`) ? key.slice(section.length + 1) : key}
              labelNames={namesOf(key)}
            />
          )}
        </Section>
      ))}
      {settings.full !== null && keys.includes(settings.full) && (
        <FullScreen keys={groups.flatMap(([, each]) => each)} current={settings.full} change={change}>
          <MetricCard
            {...shared}
            key={settings.full}
            syncKey="full"
            metricKey={settings.full}
            title={settings.full}
            labelNames={namesOf(settings.full)}
            isFull
          />
        </FullScreen>
      )}
    </>
  );
}

interface SectionProps {
  name: string;
  keys: readonly string[];
  /** A single section without a name needs no head. */
  isAlone: boolean;
  children: (key: string) => React.ReactNode;
}

function Section({ name, keys, isAlone, children }: SectionProps) {
  const [isOpen, setIsOpen] = useState(true);
  const Icon = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <section className={classes["section"]}>
      {!isAlone && (
        <button
          type="button"
          className={classes["sectionHead"]}
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          <Icon size={15} />
          {name || "without a prefix"}
          <span className={classes["sectionCount"]}>{keys.length}</span>
        </button>
      )}
      {isOpen && <div className={classes["grid"]}>{keys.map(children)}</div>}
    </section>
  );
}

function LazyCard(props: MetricCardProps) {
  const frame = useRef<HTMLDivElement>(null);
  const isNear = useNear(frame);
  return (
    <div ref={frame} className={classes["slot"]}>
      {isNear && <MetricCard {...props} />}
    </div>
  );
}

interface FullScreenProps {
  keys: readonly string[];
  current: string;
  change: ChangeSettings;
  children: React.ReactNode;
}

function FullScreen({ keys, current, change, children }: FullScreenProps) {
  const place = keys.indexOf(current);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => frame.current?.focus(), []);
  const go = (by: number) => {
    const next = keys[(place + by + keys.length) % keys.length];
    if (next !== undefined) change({ full: next });
  };
  return (
    <div
      ref={frame}
      className={classes["full"]}
      role="dialog"
      aria-modal
      aria-label={`Chart of ${current}`}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape") change({ full: null });
        else if (event.key === "ArrowLeft") go(-1);
        else if (event.key === "ArrowRight") go(1);
      }}
    >
      <div className={classes["fullBar"]}>
        <ActionIcon aria-label="Previous chart" onClick={() => go(-1)}>
          <IconArrowLeft size={18} />
        </ActionIcon>
        <ActionIcon aria-label="Next chart" onClick={() => go(1)}>
          <IconArrowRight size={18} />
        </ActionIcon>
        <span className={classes["sectionCount"]}>
          {place + 1} of {keys.length}
        </span>
        <ActionIcon ml="auto" aria-label="Close" onClick={() => change({ full: null })}>
          <IconX size={18} />
        </ActionIcon>
      </div>
      {children}
    </div>
  );
}
