/**
 * The columns of the table that are in sight, and where: those that stay at the left, and those of the others to which the table is
 * scrolled. They stay the same objects while nothing of them changes, so that rows need not be rendered anew.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type RefObject, useCallback, useEffect, useMemo } from "react";
import type { Column } from "../columns";
import type { Columns } from "./use-columns";

/** The width of the check box and the eye, in pixels. */
export const MARKS = 56;

/** A column that is in sight, and where. */
export interface Placed {
  column: Column;
  /** In pixels. */
  width: number;
  style: CSSProperties;
  /** Its number as assistive technology tells it. */
  place: number;
  isSticky: boolean;
  /** Whether it is the last of those that stay. */
  isLast: boolean;
}

export interface Across {
  placed: readonly Placed[];
  /** The width of all columns, in sight or not. */
  width: number;
}

export function useAcross(
  { columns, table, sizes }: Columns,
  scroll: RefObject<HTMLDivElement | null>,
): Across {
  const left = table.getLeftLeafColumns();
  const center = table.getCenterLeafColumns();
  const virtualizer = useVirtualizer({
    horizontal: true,
    count: center.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => center[index]?.getSize() ?? 100,
    getItemKey: useCallback((index: number) => center[index]?.id ?? index, [center]),
    overscan: 2,
  });
  useEffect(() => virtualizer.measure(), [virtualizer, center, sizes]);

  const inSight = virtualizer.getVirtualItems();
  const total = virtualizer.getTotalSize();
  const [from, to] = [inSight[0]?.index ?? 0, (inSight.at(-1)?.index ?? -1) + 1];
  /** The width of the columns before the first that is in sight. */
  const lead = inSight[0]?.start ?? 0;
  return useMemo(() => {
    const known = new Map(columns.map((column) => [column.id, column]));
    const placed: Placed[] = [];
    let offset = MARKS;
    for (const [index, column] of left.entries()) {
      const described = known.get(column.id);
      if (!described) continue;
      const width = column.getSize();
      const style = { width, left: offset };
      offset += width;
      const isLast = index === left.length - 1;
      placed.push({ column: described, width, style, place: index + 2, isSticky: true, isLast });
    }
    for (const [index, column] of center.slice(from, to).entries()) {
      const described = known.get(column.id);
      if (!described) continue;
      const width = column.getSize();
      const style = index === 0 && lead > 0 ? { width, marginLeft: lead } : { width };
      const place = left.length + from + index + 2;
      placed.push({ column: described, width, style, place, isSticky: false, isLast: false });
    }
    return { placed, width: offset + total };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the columns have these sizes
  }, [columns, left, center, sizes, from, to, lead, total]);
}
