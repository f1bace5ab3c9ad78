/**
 * Markdown that users wrote, as HTML without anything that runs, asks another server or leaves its place.
 *
 * Load it lazily: the parser and the sanitizer are 27 kB.
 */
import DOMPurify, { type Config } from "dompurify";
import { marked } from "marked";
import { useMemo } from "react";
import classes from "./Markdown.module.css";

const purifier = DOMPurify(window);

const RULES: Config = {
  // Styles, classes and forms could imitate or cover our own page; names could shadow its globals.
  FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea", "audio", "video", "svg", "math"],
  FORBID_ATTR: ["style", "class", "id", "name", "srcset", "background", "action"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer");
  }
  // Pictures of other servers would tell them who reads what; the server's policy refuses them as well.
  if (node.tagName === "IMG" && !(node.getAttribute("src") ?? "").startsWith("data:image/")) {
    node.replaceWith(node.ownerDocument.createTextNode(node.getAttribute("alt") ?? ""));
  }
});

/** Return Markdown as safe HTML. */
export function safeHtml(text: string): string {
  // In a browser that it does not support, the sanitizer would return what it was given.
  if (!purifier.isSupported) return "";
  return purifier.sanitize(marked.parse(text, { async: false, gfm: true }), RULES);
}

export function Markdown({ text }: { text: string }) {
  const html = useMemo(() => safeHtml(text), [text]);
  return <div className={classes["text"]} dangerouslySetInnerHTML={{ __html: html }} />;
}
