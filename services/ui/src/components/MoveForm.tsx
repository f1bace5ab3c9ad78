/** Moves a version to a stage, or an alias to a version, with a comment: a small form in place. */
import {
  Autocomplete,
  Button,
  Checkbox,
  Group,
  Popover,
  SegmentedControl,
  Select,
  Text,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { useProtections } from "@/api/governance";
import { useMayOnModel } from "@/api/identity";
import { STAGES, useChangeRegistry, type Version } from "@/api/registry";
import { told } from "./notify";
import { toldOfRefusal } from "./registry-failure";

export interface MoveFormProps {
  version: Version;
  /** Aliases of the model that may be moved here. */
  aliases: string[];
}

export function MoveForm(props: MoveFormProps) {
  const [isOpen, setIsOpen] = useState(false);
  const may = useMayOnModel(props.version.name);
  if (!may.edit) return null;
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" width={340} trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant="default"
          size="compact-xs"
          aria-expanded={isOpen}
          aria-label={`Move version ${props.version.version}`}
          onClick={() => setIsOpen(!isOpen)}
        >
          Move
        </Button>
      </Popover.Target>
      <Popover.Dropdown>{isOpen && <Fields {...props} onDone={() => setIsOpen(false)} />}</Popover.Dropdown>
    </Popover>
  );
}

function Fields({ version, aliases, onDone }: MoveFormProps & { onDone: () => void }) {
  const { name } = version;
  const changing = useChangeRegistry();
  const protections = useProtections(name);
  const [kind, setKind] = useState<"stage" | "alias">("stage");
  const [stage, setStage] = useState<string>(version.stage === "Production" ? "Archived" : "Production");
  const [alias, setAlias] = useState(version.aliases[0] ?? "");
  const [comment, setComment] = useState("");
  const [archive, setArchive] = useState(true);
  const target = kind === "stage" ? stage : alias;
  const isProtected = (protections.data ?? []).some(
    (one) =>
      one.kind === kind &&
      (one.target === "*" || one.target === target || (kind === "stage" && one.target === version.stage)),
  );
  const mayArchive = stage === "Production" || stage === "Staging";
  const submit = () =>
    changing.mutate(
      kind === "stage"
        ? { kind, name, version: version.version, stage, comment, archive: archive && mayArchive }
        : { kind, name, version: version.version, alias, comment },
      {
        onSuccess: () =>
          told(
            kind === "stage"
              ? `Version ${version.version} is in ${stage}.`
              : `@${alias} is version ${version.version}.`,
          ),
        onError: (error) => toldOfRefusal("The version was not moved.", error),
        onSettled: onDone,
      },
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <SegmentedControl
        fullWidth
        size="xs"
        mb={8}
        value={kind}
        onChange={(value) => setKind(value === "alias" ? "alias" : "stage")}
        data={[
          { value: "stage", label: "To a stage" },
          { value: "alias", label: "Alias to it" },
        ]}
      />
      {kind === "stage" ? (
        <>
          <Select
            label="Stage"
            data={STAGES.filter((one) => one !== version.stage)}
            value={stage}
            allowDeselect={false}
            comboboxProps={{ withinPortal: false }}
            onChange={(value) => setStage(value ?? stage)}
          />
          {mayArchive && (
            <Checkbox
              mt={8}
              label={`Archive other versions in ${stage}`}
              checked={archive}
              onChange={(event) => setArchive(event.currentTarget.checked)}
            />
          )}
        </>
      ) : (
        <Autocomplete
          size="xs"
          label="Alias"
          required
          data={aliases}
          value={alias}
          comboboxProps={{ withinPortal: false }}
          onChange={setAlias}
        />
      )}
      <TextInput
        mt={8}
        label="Comment"
        required={isProtected}
        placeholder="Why, for the audit trail"
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {isProtected && (
        <Text size="xs" c="dimmed" mt={6}>
          This is protected: another person has to approve it.
        </Text>
      )}
      <Group justify="flex-end" mt={10}>
        <Button type="submit" loading={changing.isPending}>
          {isProtected ? "Request approval" : "Move"}
        </Button>
      </Group>
    </form>
  );
}
