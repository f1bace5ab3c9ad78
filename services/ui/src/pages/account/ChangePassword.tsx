/** Changing one's own password, for which the current one is given. */
import { Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useState } from "react";
import { useChangeAccount } from "@/api/accounts";
import { told } from "@/components/notify";
import { isUsable, NO_PASSWORD, PasswordFields } from "@/components/PasswordFields";

export function ChangePassword({ user }: { user: string }) {
  const changing = useChangeAccount();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState(NO_PASSWORD);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate(
          { kind: "password", username: user, password: next.first, current },
          {
            onSuccess: () => {
              setCurrent("");
              setNext(NO_PASSWORD);
              told("The password was changed.");
            },
          },
        );
      }}
    >
      <Stack maw={360} mt={12} gap={10}>
        {/* For password managers, which keep it with the name. */}
        <input type="text" autoComplete="username" value={user} readOnly hidden />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          value={current}
          error={changing.error?.message}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordFields value={next} onChange={setNext} />
        <Group>
          <Button type="submit" loading={changing.isPending} disabled={!isUsable(next) || current === ""}>
            Change the password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
