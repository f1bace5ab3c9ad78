import { Crumbs } from "@/components/Crumbs";

export function WebhooksPage() {
  return <Crumbs items={[{ label: "Webhooks" }]} />;
}
