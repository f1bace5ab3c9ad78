import { Crumbs } from "@/components/Crumbs";

export function ComparePage() {
  return <Crumbs items={[{ label: "Compare runs" }]} />;
}
