/** One's own account: tokens for programs, the browsers in which one is logged in, and the password. */
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useIdentity } from "@/api/identity";
import { Crumbs } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import table from "@/components/table.module.css";
import { TokenList } from "@/components/tokens/TokenList";
import { ChangePassword } from "./ChangePassword";
import { Sessions } from "./Sessions";
import type { AccountSearch } from "./search";

export function AccountPage() {
  const { user, mode } = useIdentity();
  const { tab = "tokens" } = useSearch({ from: "/account" });
  const navigate = useNavigate();
  return (
    <>
      <Crumbs items={[{ label: user ?? "Account" }]} />
      {user === null ? (
        <EmptyState title="Nobody logs in to this server, so there are no accounts.">
          <p>Its setting TRACKHELM_AUTH says who must say who they are.</p>
        </EmptyState>
      ) : (
        <div className={table["page"]}>
          <Tabs
            value={tab}
            keepMounted={false}
            onChange={(next) =>
              void navigate({ to: ".", search: next === "tokens" ? {} : ({ tab: next } as AccountSearch) })
            }
          >
            <Tabs.List>
              <Tabs.Tab value="tokens">Tokens</Tabs.Tab>
              {mode === "on" && <Tabs.Tab value="sessions">Sessions</Tabs.Tab>}
              {mode === "on" && <Tabs.Tab value="password">Password</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="tokens">
              <TokenList />
            </Tabs.Panel>
            <Tabs.Panel value="sessions">
              <Sessions />
            </Tabs.Panel>
            <Tabs.Panel value="password">
              <ChangePassword user={user} />
            </Tabs.Panel>
          </Tabs>
        </div>
      )}
    </>
  );
}
