/** What the workspace uses of its quotas; administrators set them here. */
import { Button, Group, NumberInput, Progress, Skeleton } from "@mantine/core";
import { useState } from "react";
import { useIdentity } from "@/api/identity";
import { type Quotas, type Usage as Used, useSetQuotas, useUsage } from "@/api/workspaces";
import { Failure } from "@/components/Failure";
import { formatBytes } from "@/components/format";
import { failed, told } from "@/components/notify";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";

type Counted = keyof Used["usage"];

/** What is counted, and what only has a limit. */
const ROWS: readonly { key: keyof Quotas; label: string; hint: string }[] = [
  { key: "bytes", label: "Files", hint: "in the server's own store" },
  { key: "runs", label: "Runs", hint: "also those in the bin" },
  { key: "experiments", label: "Experiments", hint: "also those in the bin" },
  { key: "registered_models", label: "Models", hint: "" },
  { key: "webhooks", label: "Webhooks", hint: "" },
  { key: "tokens", label: "Tokens", hint: "that are confined to the workspace" },
  { key: "points_per_second", label: "Points a second", hint: "of metrics, of all programs together" },
  { key: "points_burst", label: "Points at once", hint: "after a pause" },
  { key: "requests_per_second", label: "Requests a second", hint: "of each caller" },
  { key: "series_per_run", label: "Metrics of a run", hint: "each set of labels is one" },
];

/** From this share on a quota is nearly used, of which webhooks are told. */
const NEARLY = 0.8;
const GIGABYTE = 1e9;

const isCounted = (key: keyof Quotas, usage: Used["usage"]): key is Counted => key in usage;
const shown = (key: keyof Quotas, value: number) =>
  key === "bytes" ? formatBytes(value) : value.toLocaleString();

export function Usage() {
  const found = useUsage();
  const { isAdmin } = useIdentity();
  const [draft, setDraft] = useState<Quotas | null>(null);
  const setting = useSetQuotas();
  if (found.error) {
    return (
      <Failure
        title="The usage could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data) return <Skeleton height={240} mt={8} />;
  const { quotas, usage, counted_time: counted } = found.data;
  const save = (body: Quotas) =>
    setting.mutate(body, {
      onSuccess: () => {
        told("The quotas are set.");
        setDraft(null);
      },
      onError: (error) => failed("The quotas were not set.", error),
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (draft) save(draft);
      }}
    >
      <table className={table["table"]} aria-label="Usage" style={{ maxWidth: 900 }}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className={table["number"]}>
              Used
            </th>
            <th scope="col" className={table["number"]}>
              Quota
            </th>
            <th scope="col" style={{ width: "30%" }}>
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map(({ key, label, hint }) => {
            const quota = quotas[key] ?? null;
            const used = isCounted(key, usage) ? usage[key] : null;
            return (
              <tr key={key}>
                <td>
                  {label} <span className={table["dim"]}>{hint}</span>
                </td>
                <td className={table["number"]}>{used === null ? "–" : shown(key, used)}</td>
                <td className={table["number"]}>
                  {draft ? (
                    <QuotaField
                      label={`Quota of ${label}`}
                      isBytes={key === "bytes"}
                      value={draft[key] ?? null}
                      onChange={(value) => setDraft({ ...draft, [key]: value })}
                    />
                  ) : quota === null ? (
                    <span className={table["dim"]}>none</span>
                  ) : (
                    shown(key, quota)
                  )}
                </td>
                <td>
                  {used !== null && quota !== null && <Share label={label} used={used} quota={quota} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className={table["dim"]}>
        {counted === 0 ? (
          "Runs and files are counted once a day, and with each change where there are quotas; not yet."
        ) : (
          <>
            Runs and files were counted <Time at={counted} />; where there are quotas, with each change since.
          </>
        )}
      </p>
      {isAdmin && (
        <Group gap={8}>
          {draft ? (
            <>
              <Button type="submit" loading={setting.isPending}>
                Save the quotas
              </Button>
              <Button variant="default" onClick={() => setDraft(null)}>
                Cancel
              </Button>
            </>
          ) : (
            <Button variant="default" onClick={() => setDraft(quotas)}>
              Set quotas
            </Button>
          )}
        </Group>
      )}
    </form>
  );
}

function Share({ label, used, quota }: { label: string; used: number; quota: number }) {
  const share = quota === 0 ? 1 : used / quota;
  const percent = `${Math.round(share * 100)} %`;
  return (
    <Group gap={8} wrap="nowrap">
      <Progress
        flex={1}
        size="sm"
        value={Math.min(100, share * 100)}
        color={share >= 1 ? "red" : share >= NEARLY ? "yellow" : "indigo"}
        aria-label={`Share of ${label}`}
      />
      <span style={{ width: 44, textAlign: "right" }}>{percent}</span>
    </Group>
  );
}

interface QuotaFieldProps {
  label: string;
  isBytes: boolean;
  value: number | null;
  onChange: (value: number | null) => void;
}

function QuotaField({ label, isBytes, value, onChange }: QuotaFieldProps) {
  const unit = isBytes ? GIGABYTE : 1;
  return (
    <NumberInput
      aria-label={label}
      size="xs"
      w={150}
      ml="auto"
      min={0}
      hideControls
      placeholder="none"
      thousandSeparator=","
      allowDecimal={isBytes}
      {...(isBytes ? { suffix: " GB" } : {})}
      value={value === null ? "" : value / unit}
      onChange={(next) => onChange(next === "" ? null : Math.round(Number(next) * unit))}
    />
  );
}
