/** The stages and aliases of a model that change only with approval. */
import { Button, Group, Select, Skeleton, TextInput } from "@mantine/core";
import { useState } from "react";
import { useProtections } from "@/api/governance";
import { useMayOnModel } from "@/api/identity";
import { STAGES, useChangeRegistry } from "@/api/registry";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { told } from "@/components/notify";
import { toldOfRefusal } from "@/components/registry-failure";
import table from "@/components/table.module.css";

const ALL = "*";
const textOf = (kind: string, target: string) =>
  target === ALL ? `every ${kind}` : kind === "alias" ? `the alias @${target}` : `the stage ${target}`;

export function Protections({ name }: { name: string }) {
  const found = useProtections(name);
  const changing = useChangeRegistry();
  const may = useMayOnModel(name);
  if (found.error) {
    return (
      <Failure
        title="The protections could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (found.isPending) return <Skeleton height={80} mt={8} />;
  return (
    <>
      {may.manage && <Protect name={name} />}
      {found.data.length === 0 ? (
        <EmptyState title="Nothing is protected: anybody who may write can move stages and aliases." />
      ) : (
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">Changes only with approval</th>
              <th scope="col">
                <span className="th-visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.data.map(({ kind, target }) => (
              <tr key={`${kind} ${target}`}>
                <td>{textOf(kind, target)}</td>
                <td className={table["actions"]}>
                  {may.manage && (
                    <Confirm
                      size="compact-xs"
                      label="Lift"
                      question={`Let ${textOf(kind, target)} be changed without approval? This itself waits for approval.`}
                      action="Lift"
                      withComment
                      onConfirm={(comment) =>
                        changing.mutate(
                          { kind: "lift", name, target: kind, of: target, comment },
                          {
                            onSuccess: () => told("The protection is lifted."),
                            onError: (error) => toldOfRefusal("The protection was not lifted.", error),
                          },
                        )
                      }
                    />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Protect({ name }: { name: string }) {
  const changing = useChangeRegistry();
  const [stage, setStage] = useState<string | null>("Production");
  const [alias, setAlias] = useState("");
  const protect = (target: "alias" | "stage", of: string) =>
    changing.mutate(
      { kind: "protect", name, target, of, comment: "" },
      {
        onSuccess: () => told(`Protected ${textOf(target, of)}.`),
        onError: (error) => toldOfRefusal("This was not protected.", error),
      },
    );
  return (
    <Group gap="8px 24px" py={10}>
      <Group gap={8} align="flex-end">
        <Select
          label="Stage"
          data={[
            ...STAGES.slice(1).map((value) => ({ value, label: value })),
            { value: ALL, label: "every stage" },
          ]}
          value={stage}
          allowDeselect={false}
          onChange={setStage}
        />
        <Button variant="default" onClick={() => protect("stage", stage ?? ALL)}>
          Protect the stage
        </Button>
      </Group>
      <Group gap={8} align="flex-end">
        <TextInput
          label="Alias, or * for all"
          value={alias}
          onChange={(event) => setAlias(event.currentTarget.value)}
        />
        <Button variant="default" disabled={!alias} onClick={() => protect("alias", alias)}>
          Protect the alias
        </Button>
      </Group>
    </Group>
  );
}
