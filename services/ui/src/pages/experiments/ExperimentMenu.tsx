/** What can be done with one experiment of the list. */
import { ActionIcon, Button, Group, Menu, Modal } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useState } from "react";
import { type Experiment, useChangeExperiment } from "@/api/experiments";
import { useMayOnExperiment } from "@/api/identity";
import { failed, told } from "@/components/notify";
import { DescribeExperiment, RenameExperiment } from "./forms";

type Opened = "rename" | "describe" | "delete" | null;

export function ExperimentMenu({ experiment }: { experiment: Experiment }) {
  const changing = useChangeExperiment();
  const may = useMayOnExperiment(experiment.id);
  const [opened, setOpened] = useState<Opened>(null);
  const close = () => setOpened(null);
  const move = (kind: "delete" | "restore", done: string) =>
    changing.mutate(
      { kind, id: experiment.id },
      {
        onSuccess: () => told(`${done} ${experiment.name}.`),
        onError: (error) => failed(`${experiment.name} was not ${done.toLowerCase()}.`, error),
        onSettled: close,
      },
    );
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${experiment.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void navigator.clipboard.writeText(experiment.id)}>
            Copy the id ({experiment.id})
          </Menu.Item>
          {experiment.isDeleted && may.manage && (
            <Menu.Item onClick={() => move("restore", "Restored")}>Restore</Menu.Item>
          )}
          {!experiment.isDeleted && may.edit && (
            <>
              <Menu.Item onClick={() => setOpened("rename")}>Rename</Menu.Item>
              <Menu.Item onClick={() => setOpened("describe")}>Edit the description</Menu.Item>
            </>
          )}
          {!experiment.isDeleted && may.manage && (
            <Menu.Item color="red" onClick={() => setOpened("delete")}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {opened === "rename" && <RenameExperiment experiment={experiment} onClose={close} />}
      {opened === "describe" && <DescribeExperiment experiment={experiment} onClose={close} />}
      <Modal opened={opened === "delete"} onClose={close} title={`Delete ${experiment.name}?`}>
        <p>The experiment and its runs go to the bin, from which they can be restored.</p>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button color="red" loading={changing.isPending} onClick={() => move("delete", "Deleted")}>
            Delete
          </Button>
        </Group>
      </Modal>
    </>
  );
}
