/** The places of the rail: every page that is reached without an object. After `g`, its letter leads there. */
import type { Identity } from "@/api/identity";
import {
  IconClipboardList,
  IconCube,
  IconFlask,
  IconHome,
  IconSettings,
  IconUserCheck,
  IconWebhook,
} from "@tabler/icons-react";

export const PLACES = [
  { to: "/", letter: "h", label: "Home", Icon: IconHome, exact: true },
  { to: "/experiments", letter: "e", label: "Experiments", Icon: IconFlask, exact: false },
  { to: "/models", letter: "m", label: "Models", Icon: IconCube, exact: false },
  { to: "/approvals", letter: "a", label: "Approvals", Icon: IconUserCheck, exact: false },
  { to: "/audit", letter: "u", label: "Audit", Icon: IconClipboardList, exact: false, of: "manager" },
  { to: "/webhooks", letter: "w", label: "Webhooks", Icon: IconWebhook, exact: false, of: "manager" },
] as const;

export const SETTINGS = {
  to: "/settings",
  letter: "s",
  label: "Settings",
  Icon: IconSettings,
  exact: false,
} as const;

/** The places that somebody has a use for. */
export function placesOf({ rights }: Pick<Identity, "rights">): (typeof PLACES)[number][] {
  return PLACES.filter((place) => !("of" in place) || rights.isManager);
}
