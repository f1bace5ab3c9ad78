/** Chooses on what a role may something; an experiment or a model is found by its name. */
import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useExperiments } from "@/api/experiments";
import { useModels } from "@/api/registry";
import type { Resource } from "@/api/roles";

const KINDS = [
  { value: "workspace *", label: "the workspace" },
  { value: "experiment *", label: "all experiments" },
  { value: "experiment", label: "one experiment" },
  { value: "registered_model *", label: "all models" },
  { value: "registered_model", label: "one model" },
];
/** How long typing must pause before the server is asked, in milliseconds. */
const PAUSE_MS = 120;

interface PickerProps {
  onChange: (resource: Resource | null) => void;
}

export function ResourcePicker({ onChange }: PickerProps) {
  const [kind, setKind] = useState<string | null>(null);
  return (
    <>
      <Select
        aria-label="On what"
        placeholder="On what"
        w={150}
        data={KINDS}
        value={kind}
        onChange={(next) => {
          setKind(next);
          const [type, pattern] = (next ?? "").split(" ");
          onChange(pattern ? { type: type as Resource["type"], pattern } : null);
        }}
      />
      {kind === "experiment" && <ExperimentPicker onChange={onChange} />}
      {kind === "registered_model" && <ModelPicker onChange={onChange} />}
    </>
  );
}

const containing = (text: string) => (text ? `name ILIKE '%${text.replaceAll("'", "''")}%'` : "");

function ExperimentPicker({ onChange }: PickerProps) {
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text, PAUSE_MS);
  const found = useExperiments({ filter: containing(settled), orderBy: ["name ASC"], view: "active" });
  const experiments = found.data?.pages.flatMap((page) => page.experiments) ?? [];
  return (
    <NamePicker
      label="Experiment"
      names={experiments.map(({ id, name }) => ({ value: id, label: name }))}
      onText={setText}
      onChange={(id) => onChange(id === null ? null : { type: "experiment", pattern: id })}
    />
  );
}

function ModelPicker({ onChange }: PickerProps) {
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text, PAUSE_MS);
  const found = useModels(containing(settled), ["name ASC"]);
  const models = found.data?.pages.flatMap((page) => page.models) ?? [];
  return (
    <NamePicker
      label="Model"
      names={models.map(({ name }) => ({ value: name, label: name }))}
      onText={setText}
      onChange={(name) => onChange(name === null ? null : { type: "registered_model", pattern: name })}
    />
  );
}

interface NamePickerProps {
  label: string;
  names: { value: string; label: string }[];
  onText: (text: string) => void;
  onChange: (value: string | null) => void;
}

function NamePicker({ label, names, onText, onChange }: NamePickerProps) {
  return (
    <Select
      aria-label={label}
      placeholder={label}
      searchable
      data={names}
      // The server has searched.
      filter={({ options }) => options}
      onSearchChange={onText}
      onChange={onChange}
      nothingFoundMessage="None has this in the name"
    />
  );
}
