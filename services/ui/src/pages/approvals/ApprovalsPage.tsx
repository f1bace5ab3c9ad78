import { Crumbs } from "@/components/Crumbs";

export function ApprovalsPage() {
  return <Crumbs items={[{ label: "Approvals" }]} />;
}
