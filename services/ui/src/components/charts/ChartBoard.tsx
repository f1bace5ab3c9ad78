/** The panels of many keys in sections. A panel that is not near the screen is an empty frame, and asks nothing. */
import { ActionIcon, Button } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconChevronDown, IconChevronRight, IconX } from "@tabler/icons-react";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import { EmptyState } from "@/components/EmptyState";
import { arranged, columnsIn, type PanelSize, USUAL_SIZE, withMoved } from "./arrange";
import classes from "./charts.module.css";
import { MetricCard, type MetricCardProps } from "./MetricCard";
import { PanelSlot } from "./PanelSlot";
import { type ChangeSettings, type ChartSettings, matcher, sections } from "./settings";
import type { ChartRun } from "./useMetric";

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
  const groups = useMemo<Group[]>(() => {
    const pinned = settings.pinned.filter((key) => found.includes(key));
    const rest = sections(found.filter((key) => !pinned.includes(key))).map(([name, usual]) => ({
      name,
      usual,
      keys: arranged(usual, settings.order),
      isPinned: false,
    }));
    return pinned.length ? [{ name: "pinned", usual: pinned, keys: pinned, isPinned: true }, ...rest] : rest;
  }, [found, settings.pinned, settings.order]);
  const move = ({ usual, keys: shown, isPinned }: Group, key: string, target: string) => {
    if (!shown.includes(key)) return;
    if (!isPinned) {
      change({ order: withMoved(usual, settings.order, key, target) });
      return;
    }
    const pinned = settings.pinned.filter((each) => each !== key);
    pinned.splice(settings.pinned.indexOf(target), 0, key);
    change({ pinned });
  };
  const resize = (key: string, size: PanelSize) => {
    const others = Object.entries(settings.sizes).filter(([each]) => each !== key);
    const isUsual = size[0] === 1 && size[1] === 1;
    change({ sizes: Object.fromEntries(isUsual ? others : [...others, [key, size]]) });
  };
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
      {groups.map((group) => (
        <Section
          key={`${group.name} ${String(group.isPinned)}`}
          group={group}
          isAlone={groups.length === 1 && group.name === ""}
        >
          {(key, at, columns) => (
            <PanelSlot
              key={key}
              {...shared}
              metricKey={key}
              title={group.name && key.startsWith(`${group.name}/`) ? key.slice(group.name.length + 1) : key}
              labelNames={namesOf(key)}
              place={at}
              size={settings.sizes[key] ?? USUAL_SIZE}
              columns={columns}
              onResize={(size) => resize(key, size)}
              onTake={(taken) => move(group, taken, key)}
              onStep={(by) => {
                const target = group.keys[at + by];
                if (target !== undefined) move(group, key, target);
              }}
            />
          )}
        </Section>
      ))}
      {settings.full !== null && keys.includes(settings.full) && (
        <FullScreen keys={groups.flatMap((group) => group.keys)} current={settings.full} change={change}>
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

interface Group {
  name: string;
  /** The keys in their usual order, and as they stand. */
  usual: readonly string[];
  keys: readonly string[];
  /** Whether they were taken out of their sections. */
  isPinned: boolean;
}

interface SectionProps {
  group: Group;
  /** A single section without a name needs no head. */
  isAlone: boolean;
  children: (key: string, at: number, columns: number) => React.ReactNode;
}

function Section({ group: { name, keys }, isAlone, children }: SectionProps) {
  const [isOpen, setIsOpen] = useState(true);
  const { ref, width } = useElementSize();
  const columns = columnsIn(width);
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
      {isOpen && (
        <div ref={ref} className={classes["grid"]}>
          {keys.map((key, at) => children(key, at, columns))}
        </div>
      )}
    </section>
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
