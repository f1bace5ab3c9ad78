import { Crumbs } from "@/components/Crumbs";

export function AuditPage() {
  return <Crumbs items={[{ label: "Audit" }]} />;
}
