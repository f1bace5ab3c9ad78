/** Tells how a change of the registry went; one that now waits for approval is no failure. */
import { notifications } from "@mantine/notifications";
import { ApiError } from "@/api/client";
import { failed } from "./notify";

/** Whether a refusal means that the change has become a request for approval. */
export function waitsForApproval(error: unknown): boolean {
  return (
    error instanceof ApiError && error.code === "PERMISSION_DENIED" && /request \d+/i.test(error.message)
  );
}

export function toldOfRefusal(title: string, error: unknown): void {
  if (waitsForApproval(error) && error instanceof Error) {
    notifications.show({
      title: "This waits for approval",
      message: error.message,
      color: "yellow",
      autoClose: 10_000,
    });
  } else {
    failed(title, error);
  }
}
