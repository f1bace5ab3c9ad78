import { Crumbs } from "@/components/Crumbs";

export function ExperimentsPage() {
  return <Crumbs items={[{ label: "Experiments" }]} />;
}
