/** A place where nothing is to be shown: one sentence why, and what changes it. */
import type { ReactNode } from "react";
import classes from "./states.module.css";

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={classes["state"]}>
      <p className={classes["title"]}>{title}</p>
      {children}
    </div>
  );
}
