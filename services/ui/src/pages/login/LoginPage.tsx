/** Logging in: the ways that the server offers, and then the page that was asked for. */
import { Button, PasswordInput, Skeleton, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { logIn } from "@/api/accounts";
import { serverUrl } from "@/api/client";
import { loginsQuery } from "@/api/identity";
import { Crumbs } from "@/components/Crumbs";
import { Failure } from "@/components/Failure";
import classes from "./LoginPage.module.css";
import { failureText } from "./search";

export function LoginPage() {
  const logins = useQuery(loginsQuery);
  const { next = "/", failed } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const ways = logins.data?.ways ?? [];
  const providers = ways.filter(({ kind }) => kind !== "password");
  const goOn = () => void navigate({ href: next, replace: true } as never);
  return (
    <>
      <Crumbs items={[{ label: "Log in" }]} />
      <div className={classes["page"]}>
        {logins.error ? (
          <Failure error={logins.error} onRetry={() => void logins.refetch()} />
        ) : !logins.data ? (
          <Skeleton width={340} height={180} />
        ) : logins.data.mode === "on" ? (
          <div className={classes["form"]}>
            <h2>Trackhelm</h2>
            {failed !== undefined && (
              <p role="alert" className={classes["failure"]}>
                {failureText(failed)}
              </p>
            )}
            {ways.some(({ kind }) => kind === "password") && <PasswordForm onDone={goOn} />}
            {providers.map(({ name, path }) => (
              <Button key={name} component="a" variant="default" href={providerAddress(path, next)}>
                Log in with {name}
              </Button>
            ))}
          </div>
        ) : (
          <div className={classes["form"]}>
            <p className={classes["dim"]}>
              {logins.data.mode === "proxy"
                ? "The proxy in front of this server logs in, and has named nobody."
                : "Nobody logs in to this server."}
            </p>
            <Button variant="default" onClick={goOn}>
              Go on
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

/** The identity provider comes back to the page that was asked for. */
function providerAddress(path: string, next: string): string {
  const address = new URL(path, serverUrl);
  address.searchParams.set("next", `/${window.location.search}#${next}`);
  return address.href;
}

function PasswordForm({ onDone }: { onDone: () => void }) {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const loggingIn = useMutation({
    mutationFn: logIn,
    onSuccess: () => {
      // Nothing that was answered before was for who is logged in now.
      queries.clear();
      onDone();
    },
  });
  return (
    <form
      className={classes["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        loggingIn.mutate({ username, password });
      }}
    >
      <TextInput
        size="sm"
        label="User name"
        name="username"
        autoComplete="username"
        autoFocus
        required
        withAsterisk={false}
        value={username}
        onChange={(event) => setUsername(event.currentTarget.value)}
      />
      <PasswordInput
        size="sm"
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {loggingIn.error && (
        <p role="alert" className={classes["failure"]}>
          {loggingIn.error.message}
        </p>
      )}
      <Button type="submit" size="sm" loading={loggingIn.isPending}>
        Log in
      </Button>
    </form>
  );
}
