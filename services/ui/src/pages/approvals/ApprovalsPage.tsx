/** The inbox of requests for approval: what changes, from whom, why, and the decision under it. */
import { Button, Group, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  type ApprovalRequest,
  type ApprovalStatus,
  type Decision,
  useApprovals,
  useDecide,
} from "@/api/governance";
import { useIdentity, useMayOnModel } from "@/api/identity";
import { Crumbs } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { LoadMore } from "@/components/LoadMore";
import classes from "./ApprovalsPage.module.css";
import { CompareVersions } from "./CompareVersions";

type Shown = "pending" | "decided";

/** Say what a request would change. */
function sentence({ move }: ApprovalRequest): string {
  switch (move.action) {
    case "transition_stage":
      return `Move version ${move.version} to ${move.stage}${move.archive_existing_versions ? ", and archive the others there" : ""}`;
    case "set_alias":
      return `Point @${move.alias} to version ${move.version}`;
    case "delete_alias":
      return `Delete the alias @${move.alias}`;
    case "delete_version":
      return `Delete version ${move.version}`;
    case "delete_model":
      return "Delete the model";
    case "rename_model":
      return `Rename the model to ${move.new_name}`;
    case "lift_protection":
      return `Lift the protection of the ${move.kind} ${move.target}`;
    case "roll_back_alias":
      return `Roll @${move.alias} back to version ${move.to_version}`;
    case "roll_back_stage":
      return `Roll the stage ${move.stage} back`;
  }
}

const DONE: Record<Decision, string> = { approve: "Approved", reject: "Rejected", withdraw: "Withdrew" };

export function ApprovalsPage() {
  const [shown, setShown] = useState<Shown>("pending");
  const status: { status?: ApprovalStatus } = shown === "pending" ? { status: "pending" } : {};
  const found = useApprovals(status);
  const requests = (found.data?.pages.flatMap((page): ApprovalRequest[] => page.requests) ?? []).filter(
    (request) => (request.status === "pending") === (shown === "pending"),
  );
  return (
    <>
      <Crumbs items={[{ label: "Approvals" }]} />
      <div className={table["page"]}>
        <div className={table["tools"]}>
          <SegmentedControl
            size="xs"
            aria-label="Which requests"
            value={shown}
            onChange={(value) => setShown(value === "decided" ? "decided" : "pending")}
            data={[
              { value: "pending", label: "Waiting" },
              { value: "decided", label: "Decided" },
            ]}
          />
        </div>
        {found.error ? (
          <Failure
            title="The requests could not be loaded."
            error={found.error}
            onRetry={() => void found.refetch()}
          />
        ) : found.isPending ? (
          <Skeleton height={120} />
        ) : requests.length === 0 ? (
          <EmptyState
            title={shown === "pending" ? "Nothing waits for approval." : "No request was decided yet."}
          >
            <p>A change of a protected stage or alias shows up here until another person decides it.</p>
          </EmptyState>
        ) : (
          requests.map((request) => <Request key={request.id} request={request} />)
        )}
        <LoadMore pages={found} />
      </div>
    </>
  );
}

function Request({ request }: { request: ApprovalRequest }) {
  const name = request.model_name;
  const isPending = request.status === "pending";
  return (
    <article className={classes["request"]} aria-label={`Request ${request.id}`}>
      <h2 className={classes["title"]}>
        <Link to="/models/$name" params={{ name }}>
          {name}
        </Link>
        : {sentence(request)}
      </h2>
      <p className={classes["by"]}>
        #{request.id}, asked for by <strong>{request.requested_by}</strong>,{" "}
        <Time at={request.requested_at} />
      </p>
      {request.comment && <blockquote className={classes["comment"]}>{request.comment}</blockquote>}
      <CompareVersions request={request} />
      {isPending ? (
        <Decide request={request} />
      ) : (
        <p className={classes["by"]}>
          <strong data-status={request.status} className={classes["status"]}>
            {request.status}
          </strong>{" "}
          by {request.decided_by ?? "nobody"}, <Time at={request.decided_at} />
          {request.decision_comment && `: “${request.decision_comment}”`}
        </p>
      )}
    </article>
  );
}

function Decide({ request }: { request: ApprovalRequest }) {
  const deciding = useDecide();
  const { user, mode } = useIdentity();
  const may = useMayOnModel(request.model_name);
  const isOwn = mode !== "off" && request.requested_by === user;
  // Nobody approves what they asked for themselves; where nobody is checked, the server cannot tell.
  const mayDecide = may.manage && !isOwn;
  const mayWithdraw = isOwn || mode === "off";
  const [comment, setComment] = useState("");
  const decide = (decision: Decision) =>
    deciding.mutate(
      { decision, id: request.id, comment },
      {
        onSuccess: () => told(`${DONE[decision]} request ${request.id}.`),
        onError: (error) => failed("The request was not decided.", error),
      },
    );
  if (!mayDecide && !mayWithdraw) {
    return <p className={classes["by"]}>It waits for somebody who manages the model.</p>;
  }
  return (
    <Group gap={8} mt={8}>
      <TextInput
        aria-label="Comment on the decision"
        placeholder="Comment"
        w={320}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {mayDecide && (
        <>
          <Button loading={deciding.isPending} onClick={() => decide("approve")}>
            Approve
          </Button>
          <Button variant="default" disabled={deciding.isPending} onClick={() => decide("reject")}>
            Reject
          </Button>
        </>
      )}
      {mayWithdraw && (
        <Button
          variant="subtle"
          color="gray"
          disabled={deciding.isPending}
          onClick={() => decide("withdraw")}
        >
          Withdraw
        </Button>
      )}
      {!mayDecide && <span className={classes["by"]}>Another person who manages the model decides it.</span>}
    </Group>
  );
}
