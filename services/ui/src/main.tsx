/** Starts the page: theme, cache of answers and router around the shell. */
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import { makeQueryClient } from "@/api/query-client";
import { makeRouter } from "@/router";
import { colorSchemeManager } from "@/theme/color-scheme";
import { theme } from "@/theme/theme";
import "@/theme/global.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root");

const router = makeRouter();
const queries = makeQueryClient(() => {
  const { pathname, href } = router.state.location;
  // The page that was asked for follows the login.
  if (pathname !== "/login") void router.navigate({ to: "/login", search: { next: href }, replace: true });
});

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} colorSchemeManager={colorSchemeManager} defaultColorScheme="auto">
      <Notifications position="bottom-right" autoClose={5000} />
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
