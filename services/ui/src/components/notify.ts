/** Short messages at the foot of the window: what was done, and what failed with the server's words. */
import { notifications } from "@mantine/notifications";

const closeButtonProps = { "aria-label": "Close" };

export function told(message: string): void {
  notifications.show({ message, color: "green", closeButtonProps });
}

export function failed(title: string, error: unknown): void {
  notifications.show({
    title,
    message: error instanceof Error ? error.message : String(error),
    color: "red",
    closeButtonProps,
  });
}
