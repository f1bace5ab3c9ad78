/** The frame around every page: the rail with the places, and the header with the page's title and actions. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useState } from "react";
import { useWaiting } from "@/api/governance";
import { ACTIONS_ID, CRUMBS_ID } from "@/components/Crumbs";
import classes from "./Shell.module.css";
import { PLACES, SETTINGS } from "./places";
import { ThemeButton } from "./ThemeButton";
import { useShortcuts } from "./use-shortcuts";

type PlaceProps = ((typeof PLACES)[number] | typeof SETTINGS) & { waiting?: number };

function Place({ to, letter, label, Icon, exact, waiting = 0 }: PlaceProps) {
  return (
    <Tooltip
      position="right"
      label={
        <>
          {label} <kbd className={classes["hint"]}>g {letter}</kbd>
        </>
      }
    >
      <Link
        to={to}
        aria-label={label}
        aria-description={waiting > 0 ? `${waiting} waiting` : undefined}
        data-waiting={waiting > 99 ? "99+" : waiting || undefined}
        className={classes["place"] ?? ""}
        activeOptions={{ exact, includeSearch: false }}
        activeProps={{ "data-active": true }}
      >
        <Icon size={20} stroke={1.6} />
      </Link>
    </Tooltip>
  );
}

const Palette = lazy(async () => ({ default: (await import("./Palette")).Palette }));
const Shortcuts = lazy(async () => ({ default: (await import("./Shortcuts")).Shortcuts }));

export function Shell() {
  // Pages write into the header by portals, which need it in the document first.
  const [isFramed, setIsFramed] = useState(false);
  const [opened, setOpened] = useState<"palette" | "shortcuts" | null>(null);
  const openPalette = useCallback(() => setOpened("palette"), []);
  const openShortcuts = useCallback(() => setOpened("shortcuts"), []);
  const close = useCallback(() => setOpened(null), []);
  useShortcuts(openPalette, openShortcuts);
  const waiting = useWaiting();
  return (
    <div className={classes["shell"]}>
      <a
        href="#page"
        className={classes["skip"]}
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("page")?.focus();
        }}
      >
        Skip to the page
      </a>
      <nav aria-label="Places" className={classes["rail"]}>
        {PLACES.map((place) => (
          <Place key={place.to} {...place} waiting={place.to === "/approvals" ? waiting : 0} />
        ))}
        <span className={classes["gap"]} />
        <Place {...SETTINGS} />
      </nav>
      <header className={classes["header"]}>
        <div id={CRUMBS_ID} className={classes["crumbs"]} />
        <div
          id={ACTIONS_ID}
          className={classes["actions"]}
          ref={(element) => setIsFramed(element !== null)}
        />
        <button type="button" className={classes["search"]} onClick={openPalette}>
          <IconSearch size={14} aria-hidden />
          <span>Search</span>
          <kbd>Ctrl K</kbd>
        </button>
        <ThemeButton />
        <Tooltip label="Keyboard shortcuts">
          <ActionIcon aria-label="Keyboard shortcuts" onClick={openShortcuts}>
            ?
          </ActionIcon>
        </Tooltip>
      </header>
      <main id="page" tabIndex={-1} className={classes["page"]}>
        {isFramed && <Outlet />}
      </main>
      <Suspense>
        {opened === "palette" && <Palette onClose={close} onShortcuts={openShortcuts} />}
        {opened === "shortcuts" && <Shortcuts onClose={close} />}
      </Suspense>
    </div>
  );
}
