/** The service accounts of the workspace: programs that are nobody's, with roles and tokens of their own. */
import { Button, Modal, Select, Skeleton, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Role, useRoles, useRolesOf } from "@/api/roles";
import { type ServiceAccount, useChangeWorkspace, useServiceAccounts } from "@/api/workspaces";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Time } from "@/components/Time";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";
import { TokenList } from "@/components/tokens/TokenList";

export function ServiceAccounts({ workspace }: { workspace: string }) {
  const found = useServiceAccounts(true);
  const roles = useRoles(workspace);
  const changing = useChangeWorkspace();
  const [name, setName] = useState("");
  const [tokensOf, setTokensOf] = useState<string | null>(null);
  if (found.error) {
    return <Failure title="The service accounts could not be loaded." error={found.error} />;
  }
  if (!found.data) return <Skeleton height={120} mt={8} />;
  return (
    <>
      <form
        className={table["tools"]}
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate(
            { kind: "create service account", name },
            {
              onSuccess: () => {
                told(`Created ${name}.`);
                setName("");
              },
              onError: (error) => failed("The service account was not created.", error),
            },
          );
        }}
      >
        <TextInput
          aria-label="Name of a service account"
          placeholder="Name, such as nightly-training"
          w={260}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" disabled={name.trim() === ""} loading={changing.isPending}>
          New service account
        </Button>
      </form>
      {found.data.length === 0 ? (
        <EmptyState title="There are no service accounts yet.">
          <p>One stands for a program, such as a nightly training, and stays when its author leaves.</p>
        </EmptyState>
      ) : (
        <PlainTable label="Service accounts" heads={["Name", "Role", "Created"]}>
          {found.data.map((account) => (
            <AccountRow
              key={account.id}
              account={account}
              roles={roles.data ?? []}
              onTokens={() => setTokensOf(account.name)}
            />
          ))}
        </PlainTable>
      )}
      <Modal
        opened={tokensOf !== null}
        onClose={() => setTokensOf(null)}
        title={`Tokens of ${tokensOf ?? ""}`}
        size="xl"
      >
        {tokensOf !== null && <TokenList serviceAccount={tokensOf} />}
      </Modal>
    </>
  );
}

interface AccountRowProps {
  account: ServiceAccount;
  roles: readonly Role[];
  onTokens: () => void;
}

function AccountRow({ account: { name, creation_time: created }, roles, onTokens }: AccountRowProps) {
  const changing = useChangeWorkspace();
  const current = useRolesOf(name).data?.[0];
  const onError = (error: unknown) => failed("The role was not changed.", error);
  const setRole = (roleId: string | null) => {
    const assign = () => {
      if (roleId) changing.mutate({ kind: "assign", username: name, roleId: Number(roleId) }, { onError });
    };
    if (!current) assign();
    else {
      changing.mutate(
        { kind: "unassign", username: name, roleId: current.id },
        { onError, onSuccess: assign },
      );
    }
  };
  return (
    <tr>
      <td className={table["name"]}>{name}</td>
      <td>
        <Select
          aria-label={`Role of ${name}`}
          placeholder="none"
          clearable
          w={140}
          data={roles.map((role) => ({ value: String(role.id), label: role.name }))}
          value={current ? String(current.id) : null}
          disabled={changing.isPending}
          onChange={setRole}
        />
      </td>
      <td>
        <Time at={created} />
      </td>
      <Actions>
        <Button variant="default" size="compact-xs" onClick={onTokens}>
          Tokens
        </Button>
        <Confirm
          size="compact-xs"
          label="Delete"
          question={`Delete ${name}, with its tokens?`}
          action="Delete"
          color="red"
          isPending={changing.isPending}
          onConfirm={() =>
            changing.mutate(
              { kind: "delete service account", name },
              {
                onSuccess: () => told(`Deleted ${name}.`),
                onError: (error) => failed("The service account was not deleted.", error),
              },
            )
          }
        />
      </Actions>
    </tr>
  );
}
