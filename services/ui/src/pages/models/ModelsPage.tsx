import { Crumbs } from "@/components/Crumbs";

export function ModelsPage() {
  return <Crumbs items={[{ label: "Models" }]} />;
}
