/* The draft: it has line numbers, and is checked while somebody writes. The lines of its faults are marked. */
import { $, h } from "./dom.js";
import { post } from "./post.js";

const PAUSE = 400; // ms without a key before it is checked

let timer = null, checking = null, faults = [], changed = () => {};
/** The state of the draft: "empty" | "checking" | "wrong" | "same" | "ready". */
export let state = "empty";

export const text = () => $("draft").value;

/** Calls `told` whenever the state changes. */
export function prepare(told) {
  changed = told;
  $("draft").addEventListener("input", () => {
    number();
    later();
  });
  $("draft").addEventListener("scroll", () => { $("draft-lines").scrollTop = $("draft").scrollTop; });
}

/** Replaces the text, and checks it. */
export function put(content) {
  $("draft").value = content;
  $("draft").scrollTop = 0;
  number();
  check();
}

function later() {
  clearTimeout(timer);
  enter("checking");
  timer = setTimeout(check, PAUSE);
}

function enter(next) {
  state = next;
  changed();
}

/** Checks the draft, also when other recipes have come into force. */
export async function check() {
  clearTimeout(timer);
  checking?.abort();
  checking = new AbortController();
  enter("checking");
  const content = text();
  try {
    const found = await post("/api/recipes/check", { text: content }, { signal: checking.signal });
    if (content !== text()) return;
    show(found.ok ? found.data : { faults: [{ line: null, why: found.data.fault }], changes: [] });
  } catch (error) {
    if (error.name === "AbortError") return;
    $("draft-state").replaceChildren(h("p", { class: "empty" }, "The console does not answer: the draft was not checked."));
    enter("wrong");
  }
}

function show({ faults: found, changes }) {
  faults = found;
  $("draft").setAttribute("aria-invalid", String(Boolean(found.length)));
  number();
  if (found.length) {
    $("draft-state").replaceChildren(h("ul", { class: "faults" }, found.map(wrong)));
    enter("wrong");
  } else if (!changes.length) {
    $("draft-state").replaceChildren(h("p", { class: "note" }, "It decides like the recipes in force."));
    enter("same");
  } else {
    $("draft-state").replaceChildren(h("p", { class: "good" }, "No mistakes. What it changes:"), h("ul", { class: "changes" }, changes.map((each) => h("li", {}, each))));
    enter("ready");
  }
}

function wrong({ line, why }) {
  const where = line ? h("button", { type: "button", class: "plain", onclick: () => at(line) }, `Line ${line}`) : null;
  return h("li", { class: "wrong" }, where, where ? " " : null, why);
}

/** Numbers the lines, and marks those with a fault. */
function number() {
  const count = text().split("\n").length, lines = $("draft-lines");
  while (lines.childElementCount > count) lines.lastElementChild.remove();
  while (lines.childElementCount < count) lines.append(h("li", {}, lines.childElementCount + 1));
  for (const bad of lines.querySelectorAll(".bad")) bad.classList.remove("bad");
  for (const { line } of faults) lines.children[line - 1]?.classList.add("bad");
  lines.scrollTop = $("draft").scrollTop;
}

/** Moves the caret to a line, and selects it. */
function at(line) {
  const lines = text().split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0), area = $("draft");
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
}
