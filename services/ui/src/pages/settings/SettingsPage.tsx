import { Crumbs } from "@/components/Crumbs";

export function SettingsPage() {
  return <Crumbs items={[{ label: "Settings" }]} />;
}
