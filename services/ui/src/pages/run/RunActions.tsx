/** What can be done to a run: rename, copy its id, delete and restore. */
import { ActionIcon, Button, Group, Menu, Modal, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconDots } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMayOnExperiment } from "@/api/identity";
import { renameRun, type RunDetail } from "@/api/run";
import { useChangeRuns } from "@/api/runs";
import { failed, told } from "@/components/notify";

export function RunActions({ run }: { run: RunDetail }) {
  const [open, setOpen] = useState<"rename" | "delete" | null>(null);
  const may = useMayOnExperiment(run.experimentId);
  const clipboard = useClipboard();
  const change = useChangeRuns();
  const move = (kind: "delete" | "restore") =>
    change.mutate(
      { kind, runIds: [run.id] },
      {
        onSuccess: () => told(kind === "delete" ? `Deleted ${run.name}.` : `Restored ${run.name}.`),
        onError: (error) => failed("The run was not changed.", error),
      },
    );
  const close = () => setOpen(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label="Actions">
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {may.edit && <Menu.Item onClick={() => setOpen("rename")}>Rename</Menu.Item>}
          <Menu.Item
            onClick={() => {
              clipboard.copy(run.id);
              told("The run's id is copied.");
            }}
          >
            Copy the id
          </Menu.Item>
          {may.manage && run.isDeleted && <Menu.Item onClick={() => move("restore")}>Restore</Menu.Item>}
          {may.manage && !run.isDeleted && (
            <Menu.Item color="red" onClick={() => setOpen("delete")}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={open === "rename"} onClose={close} title="Rename the run">
        <RenameForm run={run} onDone={close} />
      </Modal>
      <Modal opened={open === "delete"} onClose={close} title={`Delete ${run.name}?`}>
        <p>The run is put into the bin, from which it can be restored until it is collected.</p>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
          <Button
            color="red"
            onClick={() => {
              close();
              move("delete");
            }}
          >
            Delete
          </Button>
        </Group>
      </Modal>
    </>
  );
}

function RenameForm({ run, onDone }: { run: RunDetail; onDone: () => void }) {
  const [name, setName] = useState(run.name);
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: () => renameRun(run.id, name.trim()),
    onSuccess: async () => {
      onDone();
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["run", run.id] }),
        queries.invalidateQueries({ queryKey: ["runs"] }),
      ]);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <TextInput
        data-autofocus
        label="Name"
        value={name}
        maxLength={250}
        error={rename.error?.message}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="md">
        <Button type="submit" loading={rename.isPending} disabled={!name.trim()}>
          Rename
        </Button>
      </Group>
    </form>
  );
}
