/** What an object is, as a list of names and values. */
import type { ReactNode } from "react";
import classes from "./Facts.module.css";

export function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes["facts"]}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** An address or path, which is long and is read letter by letter. */
export function Source({ text }: { text: string }) {
  return <span className={classes["source"]}>{text}</span>;
}
