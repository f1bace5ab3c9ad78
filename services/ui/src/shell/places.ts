/** The places of the rail: every page that is reached without an object. */
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
  { to: "/", label: "Home", Icon: IconHome, exact: true },
  { to: "/experiments", label: "Experiments", Icon: IconFlask, exact: false },
  { to: "/models", label: "Models", Icon: IconCube, exact: false },
  { to: "/approvals", label: "Approvals", Icon: IconUserCheck, exact: false },
  { to: "/audit", label: "Audit", Icon: IconClipboardList, exact: false },
  { to: "/webhooks", label: "Webhooks", Icon: IconWebhook, exact: false },
] as const;

export const SETTINGS = { to: "/settings", label: "Settings", Icon: IconSettings, exact: false } as const;
