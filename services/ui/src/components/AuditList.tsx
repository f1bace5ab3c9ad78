/** Events of the audit trail: when, who, what, from which state to which, and why. */
import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type AuditEvent, type AuditSearch, useAuditEvents } from "@/api/governance";
import { changeOf } from "./audit-change";
import classes from "./AuditList.module.css";
import { EmptyState } from "./EmptyState";
import { Failure } from "./Failure";
import { Time } from "./Time";
import table from "./table.module.css";
import { LoadMore } from "@/components/LoadMore";

function ChangeCell({ event }: { event: AuditEvent }) {
  const { before, after } = changeOf(event.from, event.to);
  return (
    <td className={classes["change"]} title={before && after ? `${before} → ${after}` : before || after}>
      {before && <span className={classes["before"]}>{before} → </span>}
      {before && !after ? "nothing" : after}
    </td>
  );
}

function Entity({ event }: { event: AuditEvent }) {
  const { entity_type: type, entity_id: id, entity_version: version } = event;
  if (type === "model_version" && version) {
    return (
      <Link to="/models/$name/versions/$version" params={{ name: id, version: String(version) }}>
        {id} v{version}
      </Link>
    );
  }
  if (type === "registered_model") {
    return (
      <Link to="/models/$name" params={{ name: id }}>
        {id}
      </Link>
    );
  }
  if (type === "experiment") {
    return (
      <Link to="/experiments/$experimentId" params={{ experimentId: id }}>
        experiment {id}
      </Link>
    );
  }
  return (
    <span title={id}>
      {type.replaceAll("_", " ")} {id.slice(0, 8)}
    </span>
  );
}

export function AuditList({ search, isShort }: { search: AuditSearch; isShort?: boolean }) {
  const found = useAuditEvents(search);
  const events = found.data?.pages.flatMap((page) => page.events) ?? [];
  if (found.error) {
    return (
      <Failure
        title="The audit trail could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (found.isPending) return <Skeleton height={120} mt={8} />;
  if (events.length === 0) return <EmptyState title="No event fulfils these conditions." />;
  return (
    <>
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">Event</th>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            {!isShort && <th scope="col">Of</th>}
            <th scope="col">Change</th>
            <th scope="col">Comment</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id} title={`Request ${event.request_id} from ${event.source_address}`}>
              <td>#{event.id}</td>
              <td className={classes["short"]}>
                <Time at={event.time} />
              </td>
              <td title={event.actor_kind}>{event.actor}</td>
              <td className={classes["short"]}>{event.action.replaceAll("_", " ")}</td>
              {!isShort && (
                <td className={classes["short"]}>
                  <Entity event={event} />
                </td>
              )}
              <ChangeCell event={event} />
              <td className={classes["comment"]} title={event.comment}>
                {event.comment}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <LoadMore pages={found} />
    </>
  );
}
