/** What is shown at an address that no page has. */
import { Link } from "@tanstack/react-router";
import { Crumbs } from "./Crumbs";
import { EmptyState } from "./EmptyState";

export function NotFound() {
  return (
    <>
      <Crumbs items={[{ label: "Not found" }]} />
      <EmptyState title="No page has this address.">
        <Link to="/">Go to the start page</Link>
      </EmptyState>
    </>
  );
}
