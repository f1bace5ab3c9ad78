/** A button that asks before it acts, with room for a comment where the audit trail keeps one. */
import { Button, type ButtonProps, Group, Popover, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

export interface ConfirmProps extends Pick<ButtonProps, "color" | "size"> {
  label: ReactNode;
  question: string;
  action: string;
  withComment?: boolean;
  isPending?: boolean;
  onConfirm: (comment: string) => void;
}

export function Confirm({
  label,
  question,
  action,
  withComment,
  isPending,
  onConfirm,
  ...button
}: ConfirmProps) {
  const [isOpen, setIsOpen] = useState(false);
  const [comment, setComment] = useState("");
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" width={300} trapFocus>
      <Popover.Target>
        <Button variant="default" {...button} loading={isPending ?? false} onClick={() => setIsOpen(!isOpen)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setIsOpen(false);
            onConfirm(comment);
          }}
        >
          <Text size="sm">{question}</Text>
          {withComment && (
            <TextInput
              mt={8}
              label="Comment"
              value={comment}
              onChange={(event) => setComment(event.currentTarget.value)}
            />
          )}
          <Group justify="flex-end" mt={10}>
            <Button variant="default" onClick={() => setIsOpen(false)}>
              Cancel
            </Button>
            <Button type="submit" {...(button.color ? { color: button.color } : {})}>
              {action}
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
