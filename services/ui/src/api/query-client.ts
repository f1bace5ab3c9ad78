/** The cache of answers, and the defaults of every query: when it is asked again, and after which failures. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

const FRESH_MS = 5_000;
const KEPT_MS = 5 * 60_000;
const RETRIES = 2;

/** Whether a query that has failed `failures` times is asked again: only what may be over by then. */
export function isRetried(failures: number, error: Error): boolean {
  return failures < RETRIES && error instanceof ApiError && error.isTransient;
}

/** `onLoggedOut` is called when an answer says that nobody is logged in, or no longer. */
export function makeQueryClient(onLoggedOut: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof ApiError && error.status === 401) onLoggedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        gcTime: KEPT_MS,
        retry: isRetried,
        refetchOnWindowFocus: true,
        // Hidden pages ask nothing.
        refetchIntervalInBackground: false,
      },
      mutations: { retry: false },
    },
  });
}
