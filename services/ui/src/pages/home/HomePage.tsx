import { Crumbs } from "@/components/Crumbs";

export function HomePage() {
  return <Crumbs items={[{ label: "Home" }]} />;
}
