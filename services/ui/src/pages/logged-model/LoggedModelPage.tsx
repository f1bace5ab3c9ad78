import { useParams } from "@tanstack/react-router";
import { Crumbs } from "@/components/Crumbs";

export function LoggedModelPage() {
  const { modelId } = useParams({ from: "/experiments/$experimentId/models/$modelId" });
  return <Crumbs items={[{ label: modelId }]} />;
}
