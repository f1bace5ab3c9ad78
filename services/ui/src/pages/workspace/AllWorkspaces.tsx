/** All workspaces, for administrators: made, described, opened and, when they are empty, deleted. */
import { Button, Skeleton, TextInput } from "@mantine/core";
import { useState } from "react";
import { useIdentity } from "@/api/identity";
import { addressIn, DEFAULT_WORKSPACE, switchWorkspace } from "@/api/workspace";
import { useChangeWorkspace, useWorkspaces } from "@/api/workspaces";
import { Confirm } from "@/components/Confirm";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";

export function AllWorkspaces() {
  const { workspace } = useIdentity();
  const found = useWorkspaces();
  const changing = useChangeWorkspace();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  if (found.error) return <Failure title="The workspaces could not be loaded." error={found.error} />;
  if (!found.data) return <Skeleton height={120} mt={8} />;
  return (
    <>
      <form
        className={table["tools"]}
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate(
            { kind: "create", name, description },
            {
              onSuccess: () => {
                told(`Created ${name}.`);
                setName("");
                setDescription("");
              },
              onError: (error) => failed("The workspace was not created.", error),
            },
          );
        }}
      >
        <TextInput
          aria-label="Name of a workspace"
          placeholder="Name, such as team-a"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          aria-label="Description of the workspace"
          placeholder="Description"
          w={280}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Button type="submit" disabled={name.trim() === ""} loading={changing.isPending}>
          New workspace
        </Button>
      </form>
      <PlainTable label="Workspaces" heads={["Name", "Description"]}>
        {found.data.map((each) => (
          <tr key={each.name}>
            <td className={table["name"]}>
              {each.name === workspace ? (
                `${each.name} (shown)`
              ) : (
                <a
                  href={addressIn(each.name)}
                  onClick={(event) => {
                    event.preventDefault();
                    switchWorkspace(each.name);
                  }}
                >
                  {each.name}
                </a>
              )}
            </td>
            <td className={table["wide"]} title={each.description ?? ""}>
              {each.description}
            </td>
            <Actions>
              {each.name !== DEFAULT_WORKSPACE && each.name !== workspace && (
                <Confirm
                  size="compact-xs"
                  label="Delete"
                  question={`Delete ${each.name}? Only one without experiments and models is deleted.`}
                  action="Delete"
                  color="red"
                  isPending={changing.isPending}
                  onConfirm={() =>
                    changing.mutate(
                      { kind: "delete", name: each.name },
                      {
                        onSuccess: () => told(`Deleted ${each.name}.`),
                        onError: (error) => failed("The workspace was not deleted.", error),
                      },
                    )
                  }
                />
              )}
            </Actions>
          </tr>
        ))}
      </PlainTable>
    </>
  );
}
