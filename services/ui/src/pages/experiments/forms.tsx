/** The forms of an experiment: its name when it is created or renamed, and its description. */
import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { DESCRIPTION_TAG, type Experiment, useChangeExperiment } from "@/api/experiments";

interface FormProps {
  title: string;
  action: string;
  initial: string;
  label: string;
  isLong?: boolean;
  isPending: boolean;
  error: Error | null;
  onClose: () => void;
  onSubmit: (text: string) => void;
}

function Form({
  title,
  action,
  initial,
  label,
  isLong,
  isPending,
  error,
  onClose,
  onSubmit,
}: FormProps): ReactNode {
  const [text, setText] = useState(initial);
  const Field = isLong ? Textarea : TextInput;
  return (
    <Modal opened onClose={onClose} title={title} size={isLong ? "lg" : "md"}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit(text);
        }}
      >
        <Field
          data-autofocus
          label={label}
          required={!isLong}
          value={text}
          error={error?.message}
          onChange={(event) => setText(event.currentTarget.value)}
          {...(isLong ? { autosize: true, minRows: 5, maxRows: 16 } : {})}
        />
        <Group justify="flex-end" mt={12}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending}>
            {action}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

export function CreateExperiment({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const changing = useChangeExperiment();
  const navigate = useNavigate();
  if (!opened) return null;
  return (
    <Form
      title="New experiment"
      action="Create"
      label="Name"
      initial=""
      isPending={changing.isPending}
      error={changing.error}
      onClose={() => {
        changing.reset();
        onClose();
      }}
      onSubmit={(name) =>
        changing.mutate(
          { kind: "create", name },
          {
            onSuccess: (experimentId) => {
              onClose();
              void navigate({ to: "/experiments/$experimentId", params: { experimentId } });
            },
          },
        )
      }
    />
  );
}

interface OfExperiment {
  experiment: Experiment;
  onClose: () => void;
}

export function RenameExperiment({ experiment, onClose }: OfExperiment) {
  const changing = useChangeExperiment();
  return (
    <Form
      title={`Rename ${experiment.name}`}
      action="Rename"
      label="Name"
      initial={experiment.name}
      isPending={changing.isPending}
      error={changing.error}
      onClose={onClose}
      onSubmit={(name) =>
        changing.mutate({ kind: "rename", id: experiment.id, name }, { onSuccess: onClose })
      }
    />
  );
}

export function DescribeExperiment({ experiment, onClose }: OfExperiment) {
  const changing = useChangeExperiment();
  return (
    <Form
      title={`Description of ${experiment.name}`}
      action="Save"
      label="Description, in Markdown"
      isLong
      initial={experiment.tags.get(DESCRIPTION_TAG) ?? ""}
      isPending={changing.isPending}
      error={changing.error}
      onClose={onClose}
      onSubmit={(text) =>
        changing.mutate({ kind: "describe", id: experiment.id, text }, { onSuccess: onClose })
      }
    />
  );
}
