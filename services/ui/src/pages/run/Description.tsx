/** The run's description in Markdown, which is a tag of MLflow's; an editor takes its place. */
import { Button, Group, Textarea } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { DESCRIPTION_TAG } from "@/api/experiments";
import { useMayOnExperiment } from "@/api/identity";
import type { RunDetail } from "@/api/run";
import { useChangeRuns } from "@/api/runs";
import { failed } from "@/components/notify";
import classes from "./run.module.css";

const Markdown = lazy(() => import("@/components/Markdown").then((module) => ({ default: module.Markdown })));

export function Description({ run }: { run: RunDetail }) {
  const text = run.tags.get(DESCRIPTION_TAG) ?? "";
  const [draft, setDraft] = useState<string | null>(null);
  const change = useChangeRuns();
  const may = useMayOnExperiment(run.experimentId);
  if (draft !== null) {
    const save = () =>
      change.mutate(
        { kind: "tag", runIds: [run.id], key: DESCRIPTION_TAG, value: draft },
        {
          onSuccess: () => setDraft(null),
          onError: (error) => failed("The description was not saved.", error),
        },
      );
    return (
      <section>
        <div className={classes["tableHead"]}>
          <h3>Description</h3>
        </div>
        <Textarea
          aria-label="Description in Markdown"
          autosize
          minRows={4}
          maxRows={20}
          autoFocus
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setDraft(null);
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) save();
          }}
        />
        <Group gap="xs" mt="xs" justify="flex-end">
          <Button variant="default" onClick={() => setDraft(null)}>
            Cancel
          </Button>
          <Button loading={change.isPending} onClick={save}>
            Save
          </Button>
        </Group>
      </section>
    );
  }
  return (
    <section>
      <div className={classes["tableHead"]}>
        {text && <h3>Description</h3>}
        {may.edit && (
          <Button variant="subtle" size="compact-xs" onClick={() => setDraft(text)}>
            {text ? "Edit the description" : "Add a description"}
          </Button>
        )}
      </div>
      {text && (
        <Suspense fallback={<p className={classes["dim"]}>…</p>}>
          <Markdown text={text} />
        </Suspense>
      )}
    </section>
  );
}
