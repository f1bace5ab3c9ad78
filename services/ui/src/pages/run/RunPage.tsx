import { Outlet, useParams } from "@tanstack/react-router";
import { Crumbs } from "@/components/Crumbs";

export function RunPage() {
  const { experimentId, runId } = useParams({ from: "/experiments/$experimentId/runs/$runId" });
  return (
    <>
      <Crumbs
        items={[
          { label: "Experiments", link: { to: "/experiments" } },
          { label: experimentId, link: { to: "/experiments/$experimentId", params: { experimentId } } },
          { label: runId },
        ]}
      />
      <Outlet />
    </>
  );
}
