/** A new password, typed twice. The server says how long it must be; what is known before is said before. */
import { PasswordInput } from "@mantine/core";

export const LEAST_LENGTH = 12;

export interface NewPassword {
  first: string;
  again: string;
}

export const NO_PASSWORD: NewPassword = { first: "", again: "" };

export const isUsable = ({ first, again }: NewPassword) => first.length >= LEAST_LENGTH && first === again;

export interface PasswordFieldsProps {
  value: NewPassword;
  onChange: (value: NewPassword) => void;
}

export function PasswordFields({ value, onChange }: PasswordFieldsProps) {
  const { first, again } = value;
  return (
    <>
      <PasswordInput
        label="New password"
        description={`At least ${LEAST_LENGTH} characters`}
        autoComplete="new-password"
        required
        value={first}
        error={first !== "" && first.length < LEAST_LENGTH && `${LEAST_LENGTH - first.length} more`}
        onChange={(event) => onChange({ first: event.currentTarget.value, again })}
      />
      <PasswordInput
        label="New password again"
        autoComplete="new-password"
        required
        value={again}
        error={again !== "" && !first.startsWith(again) && "It is another one."}
        onChange={(event) => onChange({ first, again: event.currentTarget.value })}
      />
    </>
  );
}
