/** The line with the filter: completion as it is typed, and the place of a mistake as the server tells it. */
import { Combobox, Loader, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFilter, IconX } from "@tabler/icons-react";
import { memo, useMemo, useRef, useState } from "react";
import { useKeys, useValues } from "@/api/keys";
import classes from "./FilterBar.module.css";
import {
  type Completion,
  completionAt,
  errorPosition,
  keyedField,
  type Known,
  suggestions,
  typedValue,
} from "./filter";

export interface FilterBarProps {
  value: string;
  experimentIds: readonly string[];
  error: Error | null;
  isLoading: boolean;
  onChange: (text: string) => void;
}

/** How long typing must pause before the server is asked, in milliseconds. */
const PAUSE_MS = 120;

/** What may complete the filter: keys and values of all runs, asked for when the field is used. */
function useKnown(experimentIds: readonly string[], completion: Completion, isUsed: boolean): Known {
  const isField = completion.expected.kind === "field";
  const all = useKeys(experimentIds, "", isUsed);
  const [typed] = useDebouncedValue(completion.typed, PAUSE_MS);
  // Where there are more keys than one answer has, the server finds those that were meant.
  const text = all.isCut && isField ? typed.replace(/^(?:metrics|params|tags)\.`?/, "") : "";
  const keys = useKeys(experimentIds, text, isUsed);
  const of = keyedField(completion);
  const [value] = useDebouncedValue(typedValue(completion), PAUSE_MS);
  const values = useValues(experimentIds, isUsed ? of : null, value);
  return useMemo(() => ({ ...keys, values }), [keys, values]);
}

/** Under the text: the same text, unseen, with a wavy line from the place of the mistake. */
function Mistake({ text, position }: { text: string; position: number }) {
  return (
    <div aria-hidden className={classes["mistake"]}>
      {text.slice(0, position)}
      <mark>{text.slice(position) || "  "}</mark>
    </div>
  );
}

export const FilterBar = memo(function FilterBar(props: FilterBarProps) {
  const { value, experimentIds, error, isLoading, onChange } = props;
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(value.length);
  const [isUsed, setIsUsed] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  // The address may be changed from elsewhere: by the back button, or a click that filters.
  const [before, setBefore] = useState(value);
  if (value !== before) {
    setBefore(value);
    setText(value);
  }

  const completion: Completion = useMemo(() => completionAt(text, caret), [text, caret]);
  const known = useKnown(experimentIds, completion, isUsed);
  const offered = useMemo(() => suggestions(completion, known), [completion, known]);
  const isApplied = text.trim() === value.trim();
  const position = error && isApplied ? errorPosition(error.message) : null;

  const apply = (next = text) => {
    combobox.closeDropdown();
    onChange(next.trim());
  };
  const take = (suggestion: string) => {
    const after = " ";
    const next = text.slice(0, completion.from) + suggestion + after + text.slice(completion.to).trimStart();
    const place = completion.from + suggestion.length + after.length;
    setText(next);
    setCaret(place);
    combobox.resetSelectedOption();
    requestAnimationFrame(() => field.current?.setSelectionRange(place, place));
  };

  return (
    <div className={classes["bar"]}>
      <Combobox store={combobox} onOptionSubmit={take} withinPortal position="bottom-start" width={340}>
        <Combobox.Target withKeyboardNavigation={combobox.dropdownOpened}>
          <TextInput
            ref={field}
            className={classes["input"] ?? ""}
            aria-label="Filter"
            placeholder={'Names, or a filter such as metrics.loss < 0.2 AND params.model = "gbm"'}
            spellCheck={false}
            autoComplete="off"
            value={text}
            error={error !== null && isApplied}
            leftSection={isLoading ? <Loader size={12} /> : <IconFilter size={14} />}
            rightSection={
              text ? (
                <button
                  type="button"
                  className={classes["clear"]}
                  aria-label="Clear the filter"
                  onClick={() => {
                    setText("");
                    apply("");
                  }}
                >
                  <IconX size={14} />
                </button>
              ) : null
            }
            onFocus={() => setIsUsed(true)}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
              combobox.openDropdown();
              combobox.resetSelectedOption();
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
            onClick={() => combobox.openDropdown()}
            onBlur={() => {
              combobox.closeDropdown();
              if (!isApplied) apply();
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape") combobox.closeDropdown();
              if (event.key === "Enter" && combobox.getSelectedOptionIndex() < 0) apply();
              if (event.key === "Tab" && combobox.dropdownOpened && offered[0] && completion.typed) {
                event.preventDefault();
                take(offered[0]);
              }
            }}
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={offered.length === 0}>
          <Combobox.Options mah={260} style={{ overflowY: "auto" }} aria-label="Completions">
            {offered.map((suggestion) => (
              <Combobox.Option key={suggestion} value={suggestion} className={classes["option"] ?? ""}>
                {suggestion}
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {position !== null && <Mistake text={text} position={position} />}
      {error && isApplied && value !== "" && (
        <p role="alert" className={classes["error"]}>
          {error.message}
        </p>
      )}
    </div>
  );
});
