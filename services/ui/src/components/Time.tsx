/** A time as an age or a date, with the exact one where the pointer asks. */
import { exactTime, formatTime } from "./format";
import { useNow } from "./use-now";

export function Time({ at }: { at: number | null | undefined }) {
  const now = useNow();
  if (!at) return <>–</>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)} style={{ whiteSpace: "nowrap" }}>
      {formatTime(at, now)}
    </time>
  );
}
