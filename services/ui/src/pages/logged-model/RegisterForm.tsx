/** Registers a logged model: as a version of a registered model, or as the first one of a new model. */
import { Autocomplete, Button, Group, Popover } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useIdentity } from "@/api/identity";
import { isEnough } from "@/api/rights";
import { useChangeRegistry, useModels } from "@/api/registry";
import { told } from "@/components/notify";
import { toldOfRefusal } from "@/components/registry-failure";

export interface RegisterFormProps {
  modelId: string;
  /** Empty if no run logged it. */
  runId: string;
}

export function RegisterForm(props: RegisterFormProps) {
  const [isOpen, setIsOpen] = useState(false);
  const { rights } = useIdentity();
  if (!rights.mayCreate) return null;
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" width={320} trapFocus withinPortal>
      <Popover.Target>
        <Button variant="default" size="compact-sm" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          Register
        </Button>
      </Popover.Target>
      <Popover.Dropdown>{isOpen && <Fields {...props} />}</Popover.Dropdown>
    </Popover>
  );
}

function Fields({ modelId, runId }: RegisterFormProps) {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const changing = useChangeRegistry();
  const { rights } = useIdentity();
  const found = useModels("", ["last_updated_timestamp DESC"]);
  const names = (found.data?.pages[0]?.models ?? [])
    .map((model) => model.name)
    .filter((known) => isEnough(rights.onModel(known), "EDIT"));
  const asked = name.trim();
  const submit = () =>
    changing.mutate(
      { kind: "register", name: asked, modelId, runId },
      {
        onSuccess: () => {
          told(`Registered as a version of ${asked}.`);
          void navigate({ to: "/models/$name", params: { name: asked } });
        },
        onError: (error) => toldOfRefusal("The model was not registered.", error),
      },
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Autocomplete
        size="xs"
        label="Name of the registered model"
        description="One that is there gets a new version."
        required
        data-autofocus
        data={names}
        value={name}
        comboboxProps={{ withinPortal: false }}
        onChange={setName}
      />
      <Group justify="flex-end" mt={10}>
        <Button size="compact-sm" type="submit" disabled={!asked} loading={changing.isPending}>
          Register
        </Button>
      </Group>
    </form>
  );
}
