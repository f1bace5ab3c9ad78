/** The frame around every page: the rail with the places, and the header with the page's title and actions. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { ApiError } from "@/api/client";
import { useWaiting } from "@/api/governance";
import { type Identity, identityQuery } from "@/api/identity";
import { isNamed, moveTo } from "@/api/workspace";
import { ACTIONS_ID, Crumbs, CRUMBS_ID } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import classes from "./Shell.module.css";
import { AccountMenu } from "./AccountMenu";
import { type PLACES, placesOf, SETTINGS } from "./places";
import { ThemeButton } from "./ThemeButton";
import { useShortcuts } from "./use-shortcuts";
import { WorkspaceSwitch } from "./WorkspaceSwitch";

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

/** Who uses the pages. None but the login is shown before that is known. */
function useEntry() {
  const path = useLocation({ select: ({ pathname }) => pathname });
  const isLogin = path === "/login";
  const found = useQuery({ ...identityQuery, enabled: !isLogin });
  const identity = isLogin ? undefined : found.data;
  const isOutside = identity !== undefined && !identity.workspaces.includes(identity.workspace);
  // Without a name in the address, the pages begin where one has a part.
  const elsewhere = isOutside && !isNamed ? identity.workspaces[0] : undefined;
  useEffect(() => {
    if (elsewhere !== undefined) moveTo(elsewhere);
  }, [elsewhere]);
  const isRefused = found.error instanceof ApiError && found.error.status === 401;
  return {
    identity,
    isOutside: isOutside && path !== "/account" && elsewhere === undefined,
    isShown: isLogin || (identity !== undefined && (!isOutside || path === "/account")),
    error: isLogin || isRefused || identity ? null : found.error,
    retry: () => void found.refetch(),
  };
}

/** What is shown instead of a page of a workspace in which one has no part. */
function Outside({ identity: { workspace, workspaces } }: { identity: Identity }) {
  return (
    <>
      <Crumbs items={[{ label: workspace }]} />
      {workspaces.length > 0 ? (
        <EmptyState title={`You have no part in a workspace ${workspace}.`}>
          <p>The menu at the top has those in which you have one.</p>
        </EmptyState>
      ) : (
        <EmptyState title="You have no role in any workspace yet.">
          <p>Who manages one, or an administrator, can give you a role.</p>
        </EmptyState>
      )}
    </>
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
  const entry = useEntry();
  const { identity } = entry;
  const waiting = useWaiting(identity !== undefined && !entry.isOutside);
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
        {identity &&
          placesOf(identity).map((place) => (
            <Place key={place.to} {...place} waiting={place.to === "/approvals" ? waiting : 0} />
          ))}
        <span className={classes["gap"]} />
        {identity && <Place {...SETTINGS} />}
      </nav>
      <header className={classes["header"]}>
        {identity && <WorkspaceSwitch identity={identity} />}
        <div id={CRUMBS_ID} className={classes["crumbs"]} />
        <div
          id={ACTIONS_ID}
          className={classes["actions"]}
          ref={(element) => setIsFramed(element !== null)}
        />
        {identity && (
          <button type="button" className={classes["search"]} onClick={openPalette}>
            <IconSearch size={14} aria-hidden />
            <span>Search</span>
            <kbd>Ctrl K</kbd>
          </button>
        )}
        <ThemeButton />
        <Tooltip label="Keyboard shortcuts">
          <ActionIcon aria-label="Keyboard shortcuts" onClick={openShortcuts}>
            ?
          </ActionIcon>
        </Tooltip>
        {identity && <AccountMenu identity={identity} />}
      </header>
      <main id="page" tabIndex={-1} className={classes["page"]}>
        {isFramed && entry.isShown && <Outlet />}
        {isFramed && identity && entry.isOutside && <Outside identity={identity} />}
        {isFramed && entry.error && (
          <Failure
            title="The server could not be asked who you are."
            error={entry.error}
            onRetry={entry.retry}
          />
        )}
      </main>
      <Suspense>
        {opened === "palette" && <Palette onClose={close} onShortcuts={openShortcuts} />}
        {opened === "shortcuts" && <Shortcuts onClose={close} />}
      </Suspense>
    </div>
  );
}
