/** Tokens of oneself or of a service account: what each is for, when it was used, and their end. */
import { Button, Skeleton } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { type Token, useChangeAccount, useTokens } from "@/api/accounts";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Time } from "@/components/Time";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";
import { useNow } from "@/components/use-now";
import { NewTokenForm } from "./NewTokenForm";

/** Return where a token may be used, if not everywhere. */
function placeOf({ workspace, experiment_id: experiment }: Token): string {
  if (experiment) return `experiment ${experiment}`;
  return workspace ? `workspace ${workspace}` : "everywhere";
}

export function TokenList({ serviceAccount = "" }: { serviceAccount?: string }) {
  const found = useTokens(serviceAccount);
  const changing = useChangeAccount();
  const now = useNow();
  const [isAsked, setIsAsked] = useState(false);
  if (found.error) {
    return (
      <Failure
        title="The tokens could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data) return <Skeleton height={120} mt={8} />;
  const revoke = ({ id, name }: Token) =>
    changing.mutate(
      { kind: "revoke token", id },
      {
        onSuccess: () => told(`Revoked ${name}.`),
        onError: (error) => failed("The token was not revoked.", error),
      },
    );
  return (
    <>
      <div className={table["tools"]}>
        <Button leftSection={<IconPlus size={14} />} onClick={() => setIsAsked(true)}>
          New token
        </Button>
      </div>
      {isAsked && <NewTokenForm serviceAccount={serviceAccount} onClose={() => setIsAsked(false)} />}
      {found.data.length === 0 ? (
        <EmptyState title="There are no tokens yet.">
          <p>A program shows one instead of a password.</p>
        </EmptyState>
      ) : (
        <PlainTable
          label="Tokens"
          heads={["Name", "Token", "May", "Where", "Created", "Last used", "Expires"]}
        >
          {found.data.map((token) => (
            <tr key={token.id}>
              <td className={table["name"]}>{token.name}</td>
              <td>
                <code>{token.hint}</code>
              </td>
              <td>{token.scopes.join(", ")}</td>
              <td>{placeOf(token)}</td>
              <td>
                <Time at={token.creation_time} />
              </td>
              <td>{token.last_used_time ? <Time at={token.last_used_time} /> : "never"}</td>
              <td>{token.expiry_time < now ? "expired" : <Time at={token.expiry_time} />}</td>
              <Actions>
                <Confirm
                  size="compact-xs"
                  label="Revoke"
                  question={`Revoke ${token.name}? Programs that show it are refused from now on.`}
                  action="Revoke"
                  color="red"
                  isPending={changing.isPending}
                  onConfirm={() => revoke(token)}
                />
              </Actions>
            </tr>
          ))}
        </PlainTable>
      )}
    </>
  );
}
