/** Text with its language's words coloured. The highlighter escapes the text, which is then only coloured spans. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import diff from "highlight.js/lib/languages/diff";
import ini from "highlight.js/lib/languages/ini";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { useMemo } from "react";
import classes from "../artifacts.module.css";
import { languageOf } from "./kinds";

const LANGUAGES = { bash, diff, ini, javascript, json, markdown, python, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** Colouring a longer text would block the page. */
const COLOURED_LENGTH = 200_000;

export function Code({ text, name }: { text: string; name: string }) {
  const shown = useMemo(() => (name.endsWith(".json") ? readable(text) : text), [text, name]);
  const html = useMemo(() => {
    const language = languageOf(name);
    return language !== null && shown.length <= COLOURED_LENGTH
      ? hljs.highlight(shown, { language, ignoreIllegals: true }).value
      : null;
  }, [shown, name]);
  // It scrolls, so the keyboard must reach it.
  return html === null ? (
    <pre className={classes["code"]} tabIndex={0}>
      {shown}
    </pre>
  ) : (
    <pre className={classes["code"]} tabIndex={0} dangerouslySetInnerHTML={{ __html: html }} />
  );
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
