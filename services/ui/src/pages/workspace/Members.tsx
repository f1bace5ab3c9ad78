/** Who has which role in the workspace, and what each role may. */
import { Button, Group, Select, Skeleton } from "@mantine/core";
import { useState } from "react";
import { useUsers } from "@/api/accounts";
import { LEVEL_NAMES } from "@/api/rights";
import { type Role, useChangeWorkspace, useRoles } from "@/api/workspaces";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import table from "@/components/table.module.css";

/** What the four roles that each workspace begins with may. */
const MEANINGS: Record<string, string> = {
  viewer: "reads everything",
  member: "reads everything, creates, and manages what they created",
  editor: "changes everything",
  manager: "everything: deletes, grants, approves",
};

const TYPES: Record<string, string> = { experiment: "experiment", registered_model: "model" };

/** Return what a role may, in words. */
export function meaningOf({ name, permissions }: Role): string {
  const known = MEANINGS[name];
  if (known !== undefined) return known;
  const parts = permissions.map(({ resource_type: type, resource_pattern: pattern, permission }) => {
    const level = LEVEL_NAMES[permission] ?? permission;
    if (type === "workspace") return level;
    const of = TYPES[type] ?? type;
    return `${level} ${pattern === "*" ? `all ${of}s` : `${of} ${pattern}`}`;
  });
  return parts.join(", ") || "nothing yet";
}

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
        <div className={table["scroll"]}>
          <table className={table["table"]} aria-label="Members">
            <thead>
              <tr>
                <th scope="col">User</th>
                <th scope="col">Role</th>
                <th scope="col">May</th>
                <th scope="col">
                  <span className="th-visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {members.map(({ username, role }) => (
                <tr key={`${role.id} ${username}`}>
                  <td className={table["name"]}>{username}</td>
                  <td>{role.name}</td>
                  <td title={meaningOf(role)}>{meaningOf(role)}</td>
                  <td className={table["actions"]}>
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
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
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
