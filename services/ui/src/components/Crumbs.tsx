/**
 * The breadcrumb in the shell's header, which is the title of each page and its only main heading.
 *
 * A page renders `Crumbs` anywhere; what it says appears in the header and, for the last one, in the window's title.
 */
import { Link, type LinkProps } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { createPortal } from "react-dom";
import classes from "./Crumbs.module.css";

export const CRUMBS_ID = "page-crumbs";
export const ACTIONS_ID = "page-actions";

export interface Crumb {
  label: string;
  link?: LinkProps;
}

export function Crumbs({ items, children }: { items: Crumb[]; children?: ReactNode }) {
  const last = items.at(-1)?.label ?? "";
  useEffect(() => {
    document.title = last ? `${last} · Trackhelm` : "Trackhelm";
  }, [last]);
  const place = document.getElementById(CRUMBS_ID);
  if (!place) return null;
  return createPortal(
    <nav aria-label="Breadcrumb" className={classes["crumbs"]}>
      {items.slice(0, -1).map((item) => (
        <span key={item.label} className={classes["before"]}>
          {item.link ? <Link {...item.link}>{item.label}</Link> : item.label}
          <span aria-hidden className={classes["slash"]}>
            /
          </span>
        </span>
      ))}
      <h1 className={classes["last"]} title={last}>
        {last}
      </h1>
      {children}
    </nav>,
    place,
  );
}

/** What a page puts at the right of the shell's header, such as its menu. */
export function HeaderActions({ children }: { children: ReactNode }) {
  const place = document.getElementById(ACTIONS_ID);
  return place ? createPortal(children, place) : null;
}
