/** Who is logged in, at the right of the header, with what is theirs. Absent where nobody logs in. */
import { Menu, UnstyledButton } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { logOut } from "@/api/accounts";
import type { Identity } from "@/api/identity";
import { forgetWorkspace } from "@/api/workspace";
import { failed } from "@/components/notify";
import classes from "./Shell.module.css";

export function AccountMenu({ identity }: { identity: Identity }) {
  const { user, mode, isAdmin } = identity;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const loggingOut = useMutation({
    mutationFn: logOut,
    onSuccess: async () => {
      forgetWorkspace();
      await navigate({ to: "/login" });
      // What was answered was for who has gone.
      queries.clear();
    },
    onError: (error) => failed("You are still logged in.", error),
  });
  // It is empty in a workspace where the server does not say who one is.
  if (!user) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <UnstyledButton className={classes["account"]} aria-label={`Account of ${user}`}>
          <span>{user}</span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/account">
          Account and tokens
        </Menu.Item>
        <Menu.Item component={Link} to="/workspace">
          Workspace and usage
        </Menu.Item>
        {isAdmin && (
          <Menu.Item component={Link} to="/users">
            Users
          </Menu.Item>
        )}
        {mode === "on" && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => loggingOut.mutate()}>Log out</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
