/** Who has which role in the workspace. */
import { Button, Group, Select, Skeleton } from "@mantine/core";
import { useState } from "react";
import { useUsers } from "@/api/accounts";
import { type Role, useRoles } from "@/api/roles";
import { useChangeWorkspace } from "@/api/workspaces";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";
import { meaningOf } from "./role-words";

export function Members({ workspace }: { workspace: string }) {
  const users = useUsers();
  const roles = useRoles(workspace);
  const changing = useChangeWorkspace();
  const failure = users.error ?? roles.error;
  if (failure) {
    return <Failure title="The members could not be loaded." error={failure} />;
  }
  if (!users.data || !roles.data) return <Skeleton height={160} mt={8} />;
  const members = roles.data.flatMap((role) =>
    users.data
      .filter((user) => user.roles.some(({ id }) => id === role.id))
      .map(({ username }) => ({ username, role })),
  );
  members.sort((a, b) => a.username.localeCompare(b.username));
  return (
    <>
      <AddMember names={users.data.map(({ username }) => username)} roles={roles.data} />
      {members.length === 0 ? (
        <EmptyState title="Nobody has a role here yet. Administrators see the workspace all the same." />
      ) : (
        <PlainTable label="Members" heads={["User", "Role", "May"]}>
          {members.map(({ username, role }) => (
            <tr key={`${role.id} ${username}`}>
              <td className={table["name"]}>{username}</td>
              <td>{role.name}</td>
              <td title={meaningOf(role)}>{meaningOf(role)}</td>
              <Actions>
                <Confirm
                  size="compact-xs"
                  label="Remove"
                  question={`Take the role ${role.name} from ${username}?`}
                  action="Remove"
                  color="red"
                  isPending={changing.isPending}
                  onConfirm={() =>
                    changing.mutate(
                      { kind: "unassign", username, roleId: role.id },
                      {
                        onSuccess: () => told(`${username} is no longer ${role.name}.`),
                        onError: (error) => failed("The role was not taken.", error),
                      },
                    )
                  }
                />
              </Actions>
            </tr>
          ))}
        </PlainTable>
      )}
    </>
  );
}

function AddMember({ names, roles }: { names: readonly string[]; roles: readonly Role[] }) {
  const changing = useChangeWorkspace();
  const [username, setUsername] = useState<string | null>(null);
  const [roleId, setRoleId] = useState<string | null>(null);
  return (
    <form
      className={table["tools"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!username || !roleId) return;
        changing.mutate(
          { kind: "assign", username, roleId: Number(roleId) },
          {
            onSuccess: () => {
              told(`${username} has the role.`);
              setUsername(null);
            },
            onError: (error) => failed("The role was not given.", error),
          },
        );
      }}
    >
      <Group gap={8} align="end">
        <Select
          aria-label="User"
          placeholder="User"
          searchable
          data={names}
          limit={100}
          value={username}
          onChange={setUsername}
          nothingFoundMessage="No such user"
        />
        <Select
          aria-label="Role"
          placeholder="Role"
          data={roles.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={roleId}
          onChange={setRoleId}
        />
        <Button type="submit" disabled={!username || !roleId} loading={changing.isPending}>
          Give the role
        </Button>
      </Group>
    </form>
  );
}
