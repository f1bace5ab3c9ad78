/** Programs that ask for a token, by a code that their user sees (`trackhelm login`). */
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** The program that waits with a code. It is asked for once: each wrong code counts. */
export function useDevice(code: string) {
  return useQuery({
    queryKey: ["device", code],
    queryFn: async () => {
      const query = { user_code: code };
      return (await unwrap(api.GET("/api/2.0/trackhelm/devices/get", { params: { query } }))).device;
    },
    enabled: code !== "",
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

export function useDecideDevice() {
  return useMutation({
    mutationFn: ({ code, decision }: { code: string; decision: "approve" | "deny" }) =>
      unwrap(api.POST(`/api/2.0/trackhelm/devices/${decision}`, { body: { user_code: code } })),
  });
}
