/** The roles of the workspace: made, described, and given what they may. */
import { Button, Modal, Skeleton, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChangeRoles, useRoles } from "@/api/roles";
import { Confirm } from "@/components/Confirm";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";
import { meaningOf } from "./role-words";
import { RoleForm } from "./RoleForm";

export function Roles({ workspace }: { workspace: string }) {
  const found = useRoles(workspace);
  const changing = useChangeRoles();
  const [edited, setEdited] = useState<number | null>(null);
  if (found.error) {
    return (
      <Failure
        title="The roles could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data) return <Skeleton height={160} mt={8} />;
  const role = found.data.find(({ id }) => id === edited);
  return (
    <>
      <NewRole workspace={workspace} />
      <PlainTable label="Roles" heads={["Role", "Description", "May"]}>
        {found.data.map((each) => (
          <tr key={each.id}>
            <td className={table["name"]}>{each.name}</td>
            <td className={table["wide"]} title={each.description}>
              {each.description}
            </td>
            <td title={meaningOf(each)}>{meaningOf(each)}</td>
            <Actions>
              <Button
                variant="default"
                size="compact-xs"
                aria-label={`Edit ${each.name}`}
                onClick={() => setEdited(each.id)}
              >
                Edit
              </Button>
              <Confirm
                size="compact-xs"
                label="Delete"
                question={`Delete the role ${each.name}? All who have it lose what it gives.`}
                action="Delete"
                color="red"
                isPending={changing.isPending}
                onConfirm={() =>
                  changing.mutate(
                    { kind: "delete", roleId: each.id },
                    {
                      onSuccess: () => told(`Deleted the role ${each.name}.`),
                      onError: (error) => failed("The role was not deleted.", error),
                    },
                  )
                }
              />
            </Actions>
          </tr>
        ))}
      </PlainTable>
      <Modal
        opened={role !== undefined}
        onClose={() => setEdited(null)}
        title={`The role ${role?.name ?? ""}`}
        size="lg"
      >
        {role && <RoleForm key={role.id} role={role} />}
      </Modal>
    </>
  );
}

function NewRole({ workspace }: { workspace: string }) {
  const changing = useChangeRoles();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  return (
    <form
      className={table["tools"]}
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate(
          { kind: "create", workspace, name: name.trim(), description },
          {
            onSuccess: () => {
              told(`Created the role ${name}, which may nothing yet.`);
              setName("");
              setDescription("");
            },
            onError: (error) => failed("The role was not created.", error),
          },
        );
      }}
    >
      <TextInput
        aria-label="Name of a role"
        placeholder="Name, such as auditor"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        aria-label="Description of the role"
        placeholder="Description"
        w={280}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Button type="submit" disabled={name.trim() === ""} loading={changing.isPending}>
        New role
      </Button>
    </form>
  );
}
