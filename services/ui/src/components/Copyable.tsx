/** A text with a button that copies it whole, though it may be shown in part. */
import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import classes from "./CopyableCode.module.css";

export function Copyable({ text, shown }: { text: string; shown: string }) {
  return (
    <span className={classes["copyable"]}>
      <span className={classes["wrap"]} title={text}>
        {shown}
      </span>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : "Copy"}>
            <ActionIcon size="xs" aria-label={`Copy ${text.slice(0, 40)}`} onClick={copy}>
              {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}
