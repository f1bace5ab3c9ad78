/** A piece of code with a button that copies it. */
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import classes from "./CopyableCode.module.css";

export function CopyableCode({ text }: { text: string }) {
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <div className={classes["frame"]}>
      {/* It scrolls, so the keyboard must reach it. */}
      <pre tabIndex={0} className={classes["code"]}>
        {text}
      </pre>
      <Button
        className={classes["copy"] ?? ""}
        variant="default"
        size="compact-xs"
        leftSection={clipboard.copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
        onClick={() => clipboard.copy(text)}
      >
        {clipboard.copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
