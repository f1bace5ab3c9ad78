/** The browsers in which one is logged in; each can be logged out from here. */
import { Skeleton } from "@mantine/core";
import { type Session, useChangeAccount, useSessions } from "@/api/accounts";
import { Confirm } from "@/components/Confirm";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Time } from "@/components/Time";
import { Actions, PlainTable } from "@/components/PlainTable";
import table from "@/components/table.module.css";
import { browserName } from "./browser-name";

export function Sessions() {
  const found = useSessions(true);
  const changing = useChangeAccount();
  if (found.error) {
    return (
      <Failure
        title="The sessions could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data) return <Skeleton height={120} mt={8} />;
  const end = ({ id }: Session) =>
    changing.mutate(
      { kind: "end session", id },
      {
        onSuccess: () => told("The session has ended."),
        onError: (error) => failed("The session was not ended.", error),
      },
    );
  return (
    <>
      <div className={table["tools"]}>
        <Confirm
          label="End all sessions"
          question="Log out in every browser, this one too?"
          action="End all"
          color="red"
          isPending={changing.isPending}
          // What is asked next is answered that nobody is logged in, which leads to the login.
          onConfirm={() => changing.mutate({ kind: "end all sessions" })}
        />
      </div>
      <PlainTable
        label="Sessions"
        heads={["Browser", "Address", "Logged in by", "Logged in", "Last used", "Ends"]}
      >
        {found.data.map((session) => (
          <tr key={session.id}>
            <td className={table["name"]} title={session.user_agent}>
              {browserName(session.user_agent)}
              {session.is_current && " (this one)"}
            </td>
            <td>{session.source_address}</td>
            <td>{session.way}</td>
            <td>
              <Time at={session.creation_time} />
            </td>
            <td>
              <Time at={session.last_used_time} />
            </td>
            <td>
              <Time at={session.expiry_time} />
            </td>
            <Actions>
              {!session.is_current && (
                <Confirm
                  size="compact-xs"
                  label="End"
                  question="Log out in this browser?"
                  action="End"
                  color="red"
                  isPending={changing.isPending}
                  onConfirm={() => end(session)}
                />
              )}
            </Actions>
          </tr>
        ))}
      </PlainTable>
    </>
  );
}
