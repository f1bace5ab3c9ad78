/** The service accounts of a Kubernetes cluster that have a role: their pods log in by the tokens that they have anyhow. */
import { Button, Select, Skeleton, TextInput } from "@mantine/core";
import { useState } from "react";
import { useBindings, useChangeRoles, useRoles } from "@/api/roles";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Actions, PlainTable } from "@/components/PlainTable";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";

/** All service accounts of a namespace. */
const EVERY = "*";

export function Pods({ workspace }: { workspace: string }) {
  const found = useBindings();
  const changing = useChangeRoles();
  if (found.error) {
    return (
      <Failure
        title="The service accounts of the cluster could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data) return <Skeleton height={120} mt={8} />;
  return (
    <>
      <NewBinding workspace={workspace} />
      {found.data.length === 0 ? (
        <EmptyState title="No service account of a cluster has a role here yet.">
          <p>With one, the pods that run as it log in by the token that Kubernetes gives them.</p>
        </EmptyState>
      ) : (
        <PlainTable
          label="Service accounts of the cluster"
          heads={["Namespace", "Service account", "Role", "Given by", "Since"]}
        >
          {found.data.map(({ id, namespace, service_account: account, role, ...given }) => (
            <tr key={id}>
              <td className={table["name"]}>{namespace}</td>
              <td>{account === EVERY ? "every one" : account}</td>
              <td>{role}</td>
              <td>{given.created_by}</td>
              <td>
                <Time at={given.creation_time} />
              </td>
              <Actions>
                <Confirm
                  size="compact-xs"
                  label="Remove"
                  question={`Take the role ${role} from the pods of ${namespace}? It counts from their next request.`}
                  action="Remove"
                  color="red"
                  isPending={changing.isPending}
                  onConfirm={() =>
                    changing.mutate(
                      { kind: "unbind", bindingId: id },
                      {
                        onSuccess: () => told(`Pods of ${namespace} are no longer ${role}.`),
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

function NewBinding({ workspace }: { workspace: string }) {
  const changing = useChangeRoles();
  const roles = useRoles(workspace);
  const [namespace, setNamespace] = useState("");
  const [account, setAccount] = useState("");
  const [role, setRole] = useState<string | null>(null);
  return (
    <form
      className={table["tools"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!role) return;
        changing.mutate(
          {
            ...{ kind: "bind", namespace: namespace.trim(), role },
            serviceAccount: account.trim() || EVERY,
          },
          {
            onSuccess: () => {
              told(`Pods of ${namespace} are ${role} from now on.`);
              setAccount("");
            },
            onError: (error) => failed("The role was not given.", error),
          },
        );
      }}
    >
      <TextInput
        aria-label="Namespace"
        placeholder="Namespace"
        value={namespace}
        onChange={(event) => setNamespace(event.currentTarget.value)}
      />
      <TextInput
        aria-label="Service account"
        placeholder="Service account, or every one"
        w={220}
        value={account}
        onChange={(event) => setAccount(event.currentTarget.value)}
      />
      <Select
        aria-label="Role"
        placeholder="Role"
        data={(roles.data ?? []).map(({ name }) => name)}
        value={role}
        onChange={setRole}
      />
      <Button type="submit" disabled={namespace.trim() === "" || !role} loading={changing.isPending}>
        Give the role
      </Button>
    </form>
  );
}
