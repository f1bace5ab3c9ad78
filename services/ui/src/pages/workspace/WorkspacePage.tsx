/** The settings of the workspace: who has which role in it, its service accounts, and all workspaces for administrators. */
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useIdentity } from "@/api/identity";
import { Crumbs } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import table from "@/components/table.module.css";
import { AllWorkspaces } from "./AllWorkspaces";
import { Members } from "./Members";
import type { WorkspaceSearch } from "./search";
import { ServiceAccounts } from "./ServiceAccounts";

export function WorkspacePage() {
  const { workspace, rights, mode, isAdmin } = useIdentity();
  const search = useSearch({ from: "/workspace" });
  const navigate = useNavigate();
  // On a server that checks nobody a workspace is a name alone.
  const hasMembers = mode !== "off";
  const tab = search.tab ?? (hasMembers ? "members" : "all");
  return (
    <>
      <Crumbs items={[{ label: `Workspace ${workspace}` }]} />
      {rights.isManager ? (
        <div className={table["page"]}>
          <Tabs
            value={tab}
            keepMounted={false}
            onChange={(next) =>
              void navigate({
                to: ".",
                search: next === "members" ? {} : ({ tab: next } as WorkspaceSearch),
              })
            }
          >
            <Tabs.List>
              {hasMembers && <Tabs.Tab value="members">Members</Tabs.Tab>}
              {hasMembers && <Tabs.Tab value="accounts">Service accounts</Tabs.Tab>}
              {isAdmin && <Tabs.Tab value="all">All workspaces</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="members">
              <Members workspace={workspace} />
            </Tabs.Panel>
            <Tabs.Panel value="accounts">
              <ServiceAccounts workspace={workspace} />
            </Tabs.Panel>
            <Tabs.Panel value="all">
              <AllWorkspaces />
            </Tabs.Panel>
          </Tabs>
        </div>
      ) : (
        <EmptyState title="Managers of a workspace see its settings." />
      )}
    </>
  );
}
