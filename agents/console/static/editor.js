/* The draft: its lines are numbered, and while somebody writes it is checked, with the fault at its line. */
import { $, h } from "./dom.js";
import { post } from "./post.js";

const PAUSE = 400; // ms without a key before it is checked

let timer = null, checking = null, fault = null, changed = () => {};
/** What is known of the draft: "empty" | "checking" | "wrong" | "same" | "ready". */
export let state = "empty";

export const text = () => $("draft").value;

/** `told` is called whenever the state changes. */
export function prepare(told) {
  changed = told;
  $("draft").addEventListener("input", () => {
    number();
    later();
  });
  $("draft").addEventListener("scroll", () => { $("draft-lines").scrollTop = $("draft").scrollTop; });
}

/** Puts another text in, and checks it. */
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

/** Again, because something else is in force now. */
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
    $("draft-state").replaceChildren(h("p", { class: "note" }, "It decides like what is in force."));
    enter("same");
  } else {
    $("draft-state").replaceChildren(h("p", { class: "good" }, "It is right. What it changes:"), h("ul", { class: "changes" }, changes.map((each) => h("li", {}, each))));
    enter("ready");
  }
}

/** The numbers of the lines, that of the fault marked. */
function number() {
  const count = text().split("\n").length, lines = $("draft-lines");
  while (lines.childElementCount > count) lines.lastElementChild.remove();
  while (lines.childElementCount < count) lines.append(h("li", {}, lines.childElementCount + 1));
  for (const bad of lines.querySelectorAll(".bad")) bad.classList.remove("bad");
  if (fault?.line) lines.children[fault.line - 1]?.classList.add("bad");
  lines.scrollTop = $("draft").scrollTop;
}

/** The caret to the beginning of a line, which is marked. */
function at(line) {
  const lines = text().split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0), area = $("draft");
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
}
