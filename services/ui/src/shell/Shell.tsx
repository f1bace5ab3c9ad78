/** The frame around every page: the rail with the places, and the header with the page's title and actions. */
import { ActionIcon, Tooltip } from "@mantine/core";
import {
  IconClipboardList,
  IconCube,
  IconFlask,
  IconHome,
  IconSettings,
  IconUserCheck,
  IconWebhook,
} from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import { ACTIONS_ID, CRUMBS_ID } from "@/components/Crumbs";
import classes from "./Shell.module.css";
import { ThemeButton } from "./ThemeButton";

const PLACES = [
  { to: "/", label: "Home", Icon: IconHome, exact: true },
  { to: "/experiments", label: "Experiments", Icon: IconFlask, exact: false },
  { to: "/models", label: "Models", Icon: IconCube, exact: false },
  { to: "/approvals", label: "Approvals", Icon: IconUserCheck, exact: false },
  { to: "/audit", label: "Audit", Icon: IconClipboardList, exact: false },
  { to: "/webhooks", label: "Webhooks", Icon: IconWebhook, exact: false },
] as const;

function Place({ to, label, Icon, exact }: (typeof PLACES)[number] | typeof SETTINGS) {
  return (
    <Tooltip label={label} position="right">
      <Link
        to={to}
        aria-label={label}
        className={classes["place"] ?? ""}
        activeOptions={{ exact, includeSearch: false }}
        activeProps={{ "data-active": true }}
      >
        <Icon size={20} stroke={1.6} />
      </Link>
    </Tooltip>
  );
}

const SETTINGS = { to: "/settings", label: "Settings", Icon: IconSettings, exact: false } as const;

export function Shell() {
  // Pages write into the header by portals, which need it in the document first.
  const [isFramed, setIsFramed] = useState(false);
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
          <Place key={place.to} {...place} />
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
        <ThemeButton />
        <Tooltip label="API documentation">
          <ActionIcon component="a" href="docs" aria-label="API documentation">
            ?
          </ActionIcon>
        </Tooltip>
      </header>
      <main id="page" tabIndex={-1} className={classes["page"]}>
        {isFramed && <Outlet />}
      </main>
    </div>
  );
}
