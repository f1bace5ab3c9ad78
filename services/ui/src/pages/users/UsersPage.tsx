/** The users of the server, for administrators: who there is, who administers, and in which roles. */
import { Button, Group, Modal, Skeleton, Stack, Switch, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useChangeAccount, type User, useUsers } from "@/api/accounts";
import { useIdentity } from "@/api/identity";
import { Confirm } from "@/components/Confirm";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { isUsable, NO_PASSWORD, PasswordFields } from "@/components/PasswordFields";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";

export function UsersPage() {
  const { mode, isAdmin } = useIdentity();
  const isAllowed = mode !== "off" && isAdmin;
  return (
    <>
      <Crumbs items={[{ label: "Users" }]} />
      {isAllowed ? (
        <Users />
      ) : (
        <EmptyState
          title={
            mode === "off"
              ? "Nobody logs in to this server, so there are no users."
              : "Administrators see users."
          }
        />
      )}
    </>
  );
}

type Asked = { kind: "create" } | { kind: "password"; username: string };

function Users() {
  const { mode } = useIdentity();
  const found = useUsers();
  const [text, setText] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  if (found.error) {
    return (
      <Failure
        title="The users could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  const shown = (found.data ?? []).filter(({ username }) =>
    username.toLowerCase().includes(text.trim().toLowerCase()),
  );
  return (
    <div className={table["page"]}>
      <HeaderActions>
        <Button leftSection={<IconPlus size={14} />} onClick={() => setAsked({ kind: "create" })}>
          New user
        </Button>
      </HeaderActions>
      {asked && <UserForm asked={asked} onClose={() => setAsked(null)} />}
      <div className={table["tools"]}>
        <TextInput
          className={table["search"] ?? ""}
          aria-label="Search users"
          placeholder="Search names"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {!found.data ? (
        <Skeleton height={120} />
      ) : (
        <PlainTable label="Users" heads={["Name", "Administrator", "Roles"]}>
          {shown.map((user) => (
            <UserRow
              key={user.id}
              user={user}
              hasPassword={mode === "on"}
              onPassword={() => setAsked({ kind: "password", username: user.username })}
            />
          ))}
        </PlainTable>
      )}
      {found.data && shown.length === 0 && <EmptyState title="No user has this in the name." />}
    </div>
  );
}

interface UserRowProps {
  user: User;
  hasPassword: boolean;
  onPassword: () => void;
}

function UserRow({ user, hasPassword, onPassword }: UserRowProps) {
  const { user: self } = useIdentity();
  const changing = useChangeAccount();
  const { username } = user;
  const isSelf = username === self;
  return (
    <tr>
      <td className={table["name"]}>
        {username}
        {isSelf && " (you)"}
      </td>
      <td>
        <Switch
          size="xs"
          aria-label={`${username} is an administrator`}
          checked={user.is_admin}
          disabled={isSelf || changing.isPending}
          title={isSelf ? "Nobody changes this of themselves." : undefined}
          onChange={(event) =>
            changing.mutate(
              { kind: "admin", username, isAdmin: event.currentTarget.checked },
              { onError: (error) => failed("It was not changed.", error) },
            )
          }
        />
      </td>
      <td>{user.roles.map(({ name }) => name).join(", ") || "–"}</td>
      <Actions>
        {hasPassword && !isSelf && (
          <Button variant="default" size="compact-xs" onClick={onPassword}>
            Set a password
          </Button>
        )}
        {!isSelf && (
          <Confirm
            size="compact-xs"
            label="Delete"
            question={`Delete ${username}, with their tokens, roles and grants? What they made stays.`}
            action="Delete"
            color="red"
            isPending={changing.isPending}
            onConfirm={() =>
              changing.mutate(
                { kind: "delete user", username },
                {
                  onSuccess: () => told(`Deleted ${username}.`),
                  onError: (error) => failed("The user was not deleted.", error),
                },
              )
            }
          />
        )}
      </Actions>
    </tr>
  );
}

/** The form of a new user, or of a new password of one. */
function UserForm({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const changing = useChangeAccount();
  const [name, setName] = useState(asked.kind === "create" ? "" : asked.username);
  const [password, setPassword] = useState(NO_PASSWORD);
  const isNew = asked.kind === "create";
  return (
    <Modal opened onClose={onClose} title={isNew ? "New user" : `New password of ${name}`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate(
            isNew
              ? { kind: "create user", username: name, password: password.first }
              : { kind: "password", username: name, password: password.first, current: "" },
            {
              onSuccess: () => {
                told(isNew ? `Created ${name}.` : `${name} has a new password.`);
                onClose();
              },
            },
          );
        }}
      >
        <Stack gap={10}>
          {isNew && (
            <TextInput
              data-autofocus
              label="User name"
              autoComplete="off"
              required
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          <PasswordFields value={password} onChange={setPassword} />
          {changing.error && (
            <p role="alert" className={table["failure"]}>
              {changing.error.message}
            </p>
          )}
        </Stack>
        <Group justify="flex-end" mt={14}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={changing.isPending} disabled={!isUsable(password) || name === ""}>
            {isNew ? "Create" : "Set the password"}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
