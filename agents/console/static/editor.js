/* The draft: it has line numbers, and is checked while somebody writes. The line of a fault is marked. */
import { $, h } from "./dom.js";
import { post } from "./post.js";

const PAUSE = 400; // ms without a key before it is checked

let timer = null, checking = null, fault = null, changed = () => {};
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
    fault = found.data.fault ?? null;
    show(found.ok ? found.data : { fault: { line: null, why: found.data.fault }, changes: [] });
  } catch (error) {
    if (error.name === "AbortError") return;
    $("draft-state").replaceChildren(h("p", { class: "empty" }, "The console does not answer: the draft was not checked."));
    enter("wrong");
  }
}

function show({ fault: wrong, changes }) {
  $("draft").setAttribute("aria-invalid", String(Boolean(wrong)));
  number();
  if (wrong) {
    const where = wrong.line ? h("button", { type: "button", class: "plain", onclick: () => at(wrong.line) }, `Line ${wrong.line}`) : null;
    $("draft-state").replaceChildren(h("p", { class: "wrong" }, where, where ? " " : null, wrong.why));
    enter("wrong");
  } else if (!changes.length) {
    $("draft-state").replaceChildren(h("p", { class: "note" }, "It decides like the recipes in force."));
    enter("same");
  } else {
    $("draft-state").replaceChildren(h("p", { class: "good" }, "No mistakes. What it changes:"), h("ul", { class: "changes" }, changes.map((each) => h("li", {}, each))));
    enter("ready");
  }
}

/** Numbers the lines, and marks the one with the fault. */
function number() {
  const count = text().split("\n").length, lines = $("draft-lines");
  while (lines.childElementCount > count) lines.lastElementChild.remove();
  while (lines.childElementCount < count) lines.append(h("li", {}, lines.childElementCount + 1));
  for (const bad of lines.querySelectorAll(".bad")) bad.classList.remove("bad");
  if (fault?.line) lines.children[fault.line - 1]?.classList.add("bad");
  lines.scrollTop = $("draft").scrollTop;
}

/** Moves the caret to a line, and selects it. */
function at(line) {
  const lines = text().split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0), area = $("draft");
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
}
