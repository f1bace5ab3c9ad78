/** The workspace of the pages, before the breadcrumb, once there is more than one. */
import { Menu, UnstyledButton } from "@mantine/core";
import { IconCheck, IconSelector } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Identity } from "@/api/identity";
import { switchWorkspace } from "@/api/workspace";
import classes from "./Shell.module.css";

export function WorkspaceSwitch({ identity }: { identity: Identity }) {
  const { workspace, workspaces } = identity;
  const isOnly = workspaces.length === 1 && workspaces[0] === workspace;
  if (isOnly || workspaces.length === 0) return null;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <UnstyledButton className={classes["workspace"]} aria-label={`Workspace ${workspace}`}>
          <span>{workspace}</span>
          <IconSelector size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown className={classes["workspaces"] ?? ""}>
        {workspaces.map((name) => (
          <Menu.Item
            key={name}
            leftSection={<IconCheck size={14} visibility={name === workspace ? "visible" : "hidden"} />}
            onClick={() => switchWorkspace(name)}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} to="/workspace">
          Settings of {workspace}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
