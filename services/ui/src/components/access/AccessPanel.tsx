/** Who may do what with one experiment or model: by their roles, and by grants, which are given and taken here. */
import { Autocomplete, Button, Group, Select, Skeleton } from "@mantine/core";
import { useState } from "react";
import { useUsers } from "@/api/accounts";
import { GRANTED_LEVELS, type Granted, useChangeGrants, useGrants } from "@/api/grants";
import { useIdentity } from "@/api/identity";
import { LEVEL_NAMES } from "@/api/rights";
import { Confirm } from "@/components/Confirm";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";

const LEVELS = GRANTED_LEVELS.map((value) => ({ value, label: LEVEL_NAMES[value] ?? value }));

export function AccessPanel({ of }: { of: Granted }) {
  const found = useGrants(of);
  const changing = useChangeGrants(of);
  if (found.error) {
    return (
      <Failure
        title="Who may do what could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data) return <Skeleton height={160} mt={8} />;
  const { users, roles } = found.data;
  return (
    <>
      <NewGrant of={of} />
      <PlainTable label="Who may do what" heads={["Who", "May"]}>
        {users.map(({ username, permission }) => (
          <tr key={username}>
            <td className={table["name"]}>{username}</td>
            <td>
              <Select
                aria-label={`What ${username} may`}
                w={150}
                allowDeselect={false}
                data={LEVELS}
                value={permission}
                disabled={changing.isPending}
                onChange={(level) =>
                  level &&
                  changing.mutate(
                    { kind: "update", username, permission: level },
                    { onError: (error) => failed("It was not changed.", error) },
                  )
                }
              />
            </td>
            <Actions>
              <Confirm
                size="compact-xs"
                label="Take away"
                question={`Take from ${username} what was granted? What their roles give stays.`}
                action="Take away"
                color="red"
                isPending={changing.isPending}
                onConfirm={() =>
                  changing.mutate(
                    { kind: "revoke", username },
                    {
                      onSuccess: () => told(`${username} has no grant here any more.`),
                      onError: (error) => failed("It was not taken away.", error),
                    },
                  )
                }
              />
            </Actions>
          </tr>
        ))}
        {roles.map(({ role_id: id, role_name: name, permission }) => (
          <tr key={id}>
            <td className={table["dim"]}>everybody with the role {name}</td>
            <td className={table["dim"]}>{LEVEL_NAMES[permission] ?? permission}</td>
            <Actions />
          </tr>
        ))}
      </PlainTable>
      <p className={table["dim"]}>
        Administrators may do everything. A denial wins over what roles give, but for managers of the
        workspace.
      </p>
    </>
  );
}

function NewGrant({ of }: { of: Granted }) {
  const { isAdmin, rights } = useIdentity();
  const changing = useChangeGrants(of);
  // Who manages one thing alone sees no list of users, and knows the name.
  const users = useUsers(isAdmin || rights.isManager);
  const [username, setUsername] = useState("");
  const [permission, setPermission] = useState<string>("READ");
  return (
    <form
      className={table["tools"]}
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate(
          { kind: "grant", username: username.trim(), permission },
          {
            onSuccess: () => {
              told(`${username} ${LEVEL_NAMES[permission] ?? permission}.`);
              setUsername("");
            },
            onError: (error) => failed("Nothing was granted.", error),
          },
        );
      }}
    >
      <Group gap={8}>
        <Autocomplete
          size="xs"
          aria-label="User name"
          placeholder="User name"
          data={(users.data ?? []).map((user) => user.username)}
          limit={50}
          value={username}
          onChange={setUsername}
        />
        <Select
          aria-label="What they may"
          w={150}
          allowDeselect={false}
          data={LEVELS}
          value={permission}
          onChange={(level) => setPermission(level ?? permission)}
        />
        <Button type="submit" disabled={username.trim() === ""} loading={changing.isPending}>
          Grant
        </Button>
      </Group>
    </form>
  );
}
