/** The settings of the workspace: what it uses, who has which role in it, its roles and service accounts, and all workspaces. */
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useIdentity } from "@/api/identity";
import { Crumbs } from "@/components/Crumbs";
import table from "@/components/table.module.css";
import { AllWorkspaces } from "./AllWorkspaces";
import { Members } from "./Members";
import { Pods } from "./Pods";
import { Roles } from "./Roles";
import type { WorkspaceSearch } from "./search";
import { ServiceAccounts } from "./ServiceAccounts";
import { Usage } from "./Usage";

export function WorkspacePage() {
  const { workspace, rights, mode, isAdmin } = useIdentity();
  const search = useSearch({ from: "/workspace" });
  const navigate = useNavigate();
  // On a server that checks nobody a workspace has no members.
  const hasMembers = mode !== "off" && rights.isManager;
  const offered = [
    { value: "usage", label: "Usage", isShown: true, content: <Usage /> },
    { value: "members", label: "Members", isShown: hasMembers, content: <Members workspace={workspace} /> },
    { value: "roles", label: "Roles", isShown: hasMembers, content: <Roles workspace={workspace} /> },
    {
      ...{ value: "accounts", label: "Service accounts", isShown: hasMembers },
      content: <ServiceAccounts workspace={workspace} />,
    },
    { value: "pods", label: "Kubernetes", isShown: hasMembers, content: <Pods workspace={workspace} /> },
    { value: "all", label: "All workspaces", isShown: isAdmin, content: <AllWorkspaces /> },
  ].filter(({ isShown }) => isShown);
  const wanted = search.tab ?? "usage";
  return (
    <>
      <Crumbs items={[{ label: `Workspace ${workspace}` }]} />
      <div className={table["page"]}>
        <Tabs
          value={offered.some(({ value }) => value === wanted) ? wanted : "usage"}
          keepMounted={false}
          onChange={(next) =>
            void navigate({ to: ".", search: next === "usage" ? {} : ({ tab: next } as WorkspaceSearch) })
          }
        >
          <Tabs.List>
            {offered.map(({ value, label }) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {offered.map(({ value, content }) => (
            <Tabs.Panel key={value} value={value}>
              {content}
            </Tabs.Panel>
          ))}
        </Tabs>
      </div>
    </>
  );
}
