/** Tags that people set, as chips: a few in place, and all where the pointer asks. */
import classes from "./Tags.module.css";

const MOST = 3;
const isOurs = (key: string) => key.startsWith("mlflow.") || key.startsWith("trackhelm.");

export function Tags({ tags, most = MOST }: { tags: ReadonlyMap<string, string>; most?: number }) {
  const own = [...tags].filter(([key]) => !isOurs(key));
  if (own.length === 0) return null;
  const text = (key: string, value: string) => (value ? `${key}: ${value}` : key);
  return (
    <span className={classes["tags"]} title={own.map(([key, value]) => text(key, value)).join("\n")}>
      {own.slice(0, most).map(([key, value]) => (
        <span key={key} className={classes["tag"]}>
          {text(key, value)}
        </span>
      ))}
      {own.length > most && <span className={classes["tag"]}>+{own.length - most}</span>}
    </span>
  );
}
