/** What this browser remembers, and what the server is: theme, versions and addresses. */
import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { request, trackingUri } from "@/api/client";
import { useIdentity } from "@/api/identity";
import { CopyableCode } from "@/components/CopyableCode";
import { Crumbs } from "@/components/Crumbs";
import table from "@/components/table.module.css";
import classes from "./SettingsPage.module.css";

export function SettingsPage() {
  const { workspace } = useIdentity();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const version = useQuery({ queryKey: ["version"], queryFn: async () => (await request("version")).text() });
  return (
    <>
      <Crumbs items={[{ label: "Settings" }]} />
      <div className={table["page"]}>
        <dl className={classes["settings"]}>
          <dt>Theme</dt>
          <dd>
            <SegmentedControl
              size="xs"
              aria-label="Theme"
              value={colorScheme}
              onChange={(value) => setColorScheme(value)}
              data={[
                { value: "light", label: "Light" },
                { value: "dark", label: "Dark" },
                { value: "auto", label: "The system's" },
              ]}
            />
          </dd>
          <dt>Server</dt>
          <dd>Trackhelm {version.data ?? "…"}</dd>
          <dt>Tracking URI</dt>
          <dd>
            <CopyableCode text={trackingUri} />
          </dd>
          <dt>API</dt>
          <dd>
            <a href="docs">Documentation of the API</a>
          </dd>
          <dt>Workspace</dt>
          <dd>
            <Link to="/workspace">{workspace}: what it uses of its quotas</Link>
          </dd>
        </dl>
      </div>
    </>
  );
}
