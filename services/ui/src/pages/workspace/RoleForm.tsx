/** What a role is called, and what it may: on the workspace, on all experiments or models, or on one of them. */
import { Button, Group, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useExperiment } from "@/api/experiments";
import { GRANTED_LEVELS } from "@/api/grants";
import { LEVEL_NAMES } from "@/api/rights";
import { type Resource, type Role, type RolePermission, useChangeRoles } from "@/api/roles";
import { Confirm } from "@/components/Confirm";
import { failed, told } from "@/components/notify";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";
import { ResourcePicker } from "./ResourcePicker";
import { resourceOf } from "./role-words";

const named = (levels: readonly string[]) =>
  levels.map((value) => ({ value, label: LEVEL_NAMES[value] ?? value }));
const LEVELS = named(GRANTED_LEVELS);
const WORKSPACE_LEVELS = named(["USE", "MANAGE"]);
const levelsOn = (type: string) => (type === "workspace" ? WORKSPACE_LEVELS : LEVELS);

export function RoleForm({ role }: { role: Role }) {
  return (
    <>
      <Names role={role} />
      {role.permissions.length > 0 && (
        <PlainTable label={`What ${role.name} may`} heads={["On", "May"]}>
          {role.permissions.map((each) => (
            <PermissionRow key={each.id} permission={each} />
          ))}
        </PlainTable>
      )}
      <h2 className={table["heading"]}>Give it more</h2>
      <NewPermission role={role} />
    </>
  );
}

function Names({ role }: { role: Role }) {
  const changing = useChangeRoles();
  const [name, setName] = useState(role.name);
  const [description, setDescription] = useState(role.description);
  const isSame = name === role.name && description === role.description;
  return (
    <form
      className={table["tools"]}
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate(
          { kind: "update", roleId: role.id, name: name.trim(), description },
          {
            onSuccess: () => told("The role is saved."),
            onError: (error) => failed("The role was not saved.", error),
          },
        );
      }}
    >
      <TextInput
        label="Name"
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Description"
        flex={1}
        miw={180}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Button
        type="submit"
        style={{ alignSelf: "flex-end" }}
        disabled={isSame || name.trim() === ""}
        loading={changing.isPending}
      >
        Save
      </Button>
    </form>
  );
}

function ExperimentName({ id }: { id: string }) {
  return <>experiment {useExperiment(id).data?.name ?? id}</>;
}

function PermissionRow({ permission }: { permission: RolePermission }) {
  const changing = useChangeRoles();
  const on = resourceOf(permission);
  const { resource_type: type, resource_pattern: pattern } = permission;
  return (
    <tr>
      <td className={table["name"]}>
        {type === "experiment" && pattern !== "*" ? <ExperimentName id={pattern} /> : on}
      </td>
      <td>
        <Select
          aria-label={`What it may on ${on}`}
          w={150}
          allowDeselect={false}
          data={levelsOn(type)}
          value={permission.permission === "NO_PERMISSIONS" ? "DENY" : permission.permission}
          disabled={changing.isPending}
          onChange={(level) =>
            level &&
            changing.mutate(
              { kind: "change permission", permissionId: permission.id, level },
              { onError: (error) => failed("It was not changed.", error) },
            )
          }
        />
      </td>
      <Actions>
        <Confirm
          size="compact-xs"
          label="Take away"
          question={`Take away what the role may on ${on}?`}
          action="Take away"
          color="red"
          isPending={changing.isPending}
          onConfirm={() =>
            changing.mutate(
              { kind: "take permission", permissionId: permission.id },
              { onError: (error) => failed("It was not taken away.", error) },
            )
          }
        />
      </Actions>
    </tr>
  );
}

function NewPermission({ role }: { role: Role }) {
  const changing = useChangeRoles();
  const [resource, setResource] = useState<Resource | null>(null);
  const [chosen, setLevel] = useState<string | null>(null);
  const levels = levelsOn(resource?.type ?? "");
  // What was chosen for a thing may be nothing that there is for another.
  const level = levels.some(({ value }) => value === chosen) ? chosen : (levels[0]?.value ?? null);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!resource || !level) return;
        changing.mutate(
          { kind: "permit", roleId: role.id, resource, level },
          { onError: (error) => failed("It was not given.", error) },
        );
      }}
    >
      <Group gap={8} align="end">
        <ResourcePicker onChange={setResource} />
        <Select
          aria-label="What it may there"
          w={130}
          allowDeselect={false}
          data={levels}
          value={level}
          onChange={setLevel}
        />
        <Button type="submit" disabled={!resource} loading={changing.isPending}>
          Give
        </Button>
      </Group>
    </form>
  );
}
