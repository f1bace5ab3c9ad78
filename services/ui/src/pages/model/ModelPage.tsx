import { useParams } from "@tanstack/react-router";
import { Crumbs } from "@/components/Crumbs";

export function ModelPage() {
  const { name } = useParams({ from: "/models/$name" });
  return <Crumbs items={[{ label: "Models", link: { to: "/models" } }, { label: name }]} />;
}
