/** Letting a program have a token: which one asks, from where, and whether it is the one that the user has started. */
import { Button, Group, Skeleton, Stack, TextInput } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useDecideDevice, useDevice } from "@/api/devices";
import { useIdentity } from "@/api/identity";
import { Crumbs } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Fact, Facts } from "@/components/Facts";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";

export function DevicePage() {
  const { code } = useSearch({ from: "/device" });
  return (
    <>
      <Crumbs items={[{ label: "Log in a program" }]} />
      <div className={table["page"]}>{code ? <Waiting key={code} code={code} /> : <AskForCode />}</div>
    </>
  );
}

function AskForCode({ error }: { error?: string }) {
  const navigate = useNavigate();
  const [code, setCode] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ to: "/device", search: { code: code.trim() } });
      }}
    >
      <Stack maw={320} gap={10} mt={8}>
        <TextInput
          label="The code that the program shows"
          placeholder="ABCD-EFGH"
          autoFocus
          autoComplete="off"
          value={code}
          error={error}
          onChange={(event) => setCode(event.currentTarget.value.toUpperCase())}
        />
        <Group>
          <Button type="submit" disabled={code.trim() === ""}>
            Go on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Waiting({ code }: { code: string }) {
  const { user } = useIdentity();
  const found = useDevice(code);
  const deciding = useDecideDevice();
  if (found.error) return <AskForCode error={found.error.message} />;
  if (deciding.isSuccess) {
    return deciding.variables.decision === "approve" ? (
      <EmptyState title={`${found.data?.name ?? "The program"} is logged in.`}>
        <p>You can close this page. Its token is among yours, where you can revoke it.</p>
      </EmptyState>
    ) : (
      <EmptyState title="The program was refused." />
    );
  }
  if (!found.data) return <Skeleton height={160} maw={480} />;
  const { name, scopes, days, source_address: address, creation_time: began } = found.data;
  return (
    <Stack maw={560} gap={12}>
      <p style={{ margin: "8px 0 0" }}>
        <strong>Did you start this?</strong> A program asks to act as {user}. Go on only if it shows this
        code:
      </p>
      <code style={{ fontSize: 22 }}>{found.data.user_code}</code>
      <Facts>
        <Fact name="Program">{name}</Fact>
        <Fact name="From">{address}</Fact>
        <Fact name="Began">
          <Time at={began} />
        </Fact>
        <Fact name="May">{scopes.join(", ")}, as far as you may</Fact>
        <Fact name="For">
          {days} {days === 1 ? "day" : "days"}
        </Fact>
      </Facts>
      {deciding.error && (
        <p role="alert" className={table["failure"]}>
          {deciding.error.message}
        </p>
      )}
      <Group gap={8}>
        <Button loading={deciding.isPending} onClick={() => deciding.mutate({ code, decision: "approve" })}>
          I started it: let it in
        </Button>
        <Button
          variant="default"
          disabled={deciding.isPending}
          onClick={() => deciding.mutate({ code, decision: "deny" })}
        >
          Refuse it
        </Button>
      </Group>
    </Stack>
  );
}
