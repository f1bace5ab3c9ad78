/** The last deliveries of a webhook: what was sent, whether it arrived, and after how many attempts. */
import { Button, Skeleton } from "@mantine/core";
import { useDeliveries } from "@/api/webhooks";
import { Failure } from "@/components/Failure";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";

export function Deliveries({
  webhookId,
  onResend,
}: {
  webhookId: string;
  onResend: (deliveryId: string) => void;
}) {
  const found = useDeliveries(webhookId);
  if (found.error) {
    return (
      <Failure
        title="The deliveries could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (found.isPending) return <Skeleton height={60} />;
  if (found.data.length === 0) return <p>Nothing was delivered yet.</p>;
  return (
    <table className={table["table"]}>
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Of</th>
          <th scope="col">State</th>
          <th scope="col">Attempts</th>
          <th scope="col">Answer</th>
          <th scope="col">Created</th>
          <th scope="col">
            <span className="th-visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {found.data.map((delivery) => (
          <tr key={delivery.delivery_id}>
            <td>{delivery.event}</td>
            <td title={delivery.subject}>{delivery.subject}</td>
            <td>{delivery.state}</td>
            <td>{delivery.attempts}</td>
            <td title={delivery.error ?? ""}>{delivery.response_status ?? delivery.error ?? "–"}</td>
            <td>
              <Time at={delivery.created_time} />
            </td>
            <td className={table["actions"]}>
              <Button variant="default" size="compact-xs" onClick={() => onResend(delivery.delivery_id)}>
                Send again
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
