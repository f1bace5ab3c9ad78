/** A failure in place of what it kept from being shown; the rest of the page lives on. */
import { Button, Code } from "@mantine/core";
import { ApiError } from "@/api/client";
import classes from "./states.module.css";

export interface FailureProps {
  /** What failed, as a sentence. */
  title?: string;
  error: Error;
  onRetry?: (() => void) | undefined;
}

/** Say what failed, the server's own words, the id of the request, and offer to try again. */
export function Failure({ title = "This could not be loaded.", error, onRetry }: FailureProps) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  // What is not there, or not allowed, will not be there a moment later.
  const isFinal = error instanceof ApiError && (error.status === 404 || error.status === 403);
  return (
    <div role="alert" className={classes["state"]}>
      <p className={classes["title"]}>{title}</p>
      <p className={classes["said"]}>{error.message}</p>
      {requestId && (
        <p className={classes["said"]}>
          Request <Code>{requestId}</Code>
        </p>
      )}
      {onRetry && !isFinal && (
        <Button variant="default" onClick={onRetry}>
          Retry
        </Button>
      )}
    </div>
  );
}

/** The same for a whole page, as the router calls it. */
export function PageFailure({ error, reset }: { error: unknown; reset: () => void }) {
  const failure = error instanceof Error ? error : new Error(String(error));
  return <Failure title="This page could not be shown." error={failure} onRetry={reset} />;
}
