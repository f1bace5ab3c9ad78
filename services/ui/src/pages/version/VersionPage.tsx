import { useParams } from "@tanstack/react-router";
import { Crumbs } from "@/components/Crumbs";

export function VersionPage() {
  const { name, version } = useParams({ from: "/models/$name/versions/$version" });
  return (
    <Crumbs
      items={[
        { label: "Models", link: { to: "/models" } },
        { label: name, link: { to: "/models/$name", params: { name } } },
        { label: `Version ${version}` },
      ]}
    />
  );
}
