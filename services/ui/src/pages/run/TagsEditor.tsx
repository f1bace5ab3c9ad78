/** The run's own tags, which are added and removed here; those that clients and the server keep are folded away. */
import { Button, Group, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMayOnExperiment } from "@/api/identity";
import type { RunDetail } from "@/api/run";
import { useChangeRuns } from "@/api/runs";
import { failed } from "@/components/notify";
import { KeyValues } from "./KeyValues";

const isKept = (key: string) => key.startsWith("mlflow.") || key.startsWith("trackhelm.");

export function TagsEditor({ run }: { run: RunDetail }) {
  const [isAdding, setIsAdding] = useState(false);
  const [showsKept, setShowsKept] = useState(false);
  const change = useChangeRuns();
  const may = useMayOnExperiment(run.experimentId);
  const tags = [...run.tags];
  const kept = tags.filter(([key]) => isKept(key));
  const onError = (error: Error) => failed("The tag was not changed.", error);
  return (
    <>
      <KeyValues
        title="Tags"
        pairs={tags.filter(([key]) => !isKept(key))}
        empty="No tags were set."
        searchLabel="Search tags"
        {...(may.edit && {
          onRemove: (key: string) => change.mutate({ kind: "untag", runIds: [run.id], key }, { onError }),
          action: (
            <Button variant="subtle" size="compact-xs" onClick={() => setIsAdding(true)}>
              Add a tag
            </Button>
          ),
        })}
      />
      {isAdding && (
        <TagForm
          onCancel={() => setIsAdding(false)}
          onSave={(key, value) =>
            change.mutate(
              { kind: "tag", runIds: [run.id], key, value },
              { onError, onSuccess: () => setIsAdding(false) },
            )
          }
        />
      )}
      {kept.length > 0 && (
        <Button variant="subtle" size="compact-xs" mt="xs" onClick={() => setShowsKept(!showsKept)}>
          {showsKept ? "Hide" : "Show"} {kept.length} tags of clients and the server
        </Button>
      )}
      {showsKept && <KeyValues title="Kept tags" pairs={kept} empty="" searchLabel="Search kept tags" />}
    </>
  );
}

interface TagFormProps {
  onSave: (key: string, value: string) => void;
  onCancel: () => void;
}

function TagForm({ onSave, onCancel }: TagFormProps) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSave(key.trim(), value);
      }}
    >
      <Group gap="xs" mt="xs" wrap="nowrap">
        <TextInput
          aria-label="Key of the tag"
          placeholder="key"
          autoFocus
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <TextInput
          aria-label="Value of the tag"
          placeholder="value"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <Button type="submit" disabled={!key.trim()}>
          Save
        </Button>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </Group>
    </form>
  );
}
