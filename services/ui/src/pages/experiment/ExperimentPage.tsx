import { Outlet, useParams } from "@tanstack/react-router";
import { Crumbs } from "@/components/Crumbs";

export function ExperimentPage() {
  const { experimentId } = useParams({ from: "/experiments/$experimentId" });
  return (
    <>
      <Crumbs items={[{ label: "Experiments", link: { to: "/experiments" } }, { label: experimentId }]} />
      <Outlet />
    </>
  );
}
