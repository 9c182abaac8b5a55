/* The recipes page: the recipes in force, their history, a draft to try and publish, and what recipes brought. */
import { $, h, onChange } from "./dom.js";
import * as editor from "./editor.js";
import { moment } from "./format.js";
import { ask, post } from "./post.js";
import * as trial from "./trial.js";

const LIFT_EVERY = 60_000;

let known = null, based = null, lifted = 0, publishing = false;
// based: the document that the draft began from, { number, text }

export function prepare() {
  editor.prepare(ready);
  trial.prepare(editor.text);
  $("draft-reset").addEventListener("click", () => begin(known?.text ?? "", known?.current ?? 0));
  $("publish").addEventListener("submit", publish);
  $("lift-days").addEventListener("change", lift);
}

/** The page is opened. */
export async function enter() {
  $("recipes-page-h").focus({ preventScroll: true });
  try {
    await poll();
  } catch {
    // the banner says that the console does not answer
  }
}

/** Asks which recipes are in force, while the page is open. */
export async function poll() {
  if ($("recipes-page").hidden) return;
  const { ok, data } = await ask("GET", "/api/recipes");
  if (!ok) return;
  const before = known;
  known = data;
  trial.hours(data.hours);
  inForce(data.documents.find(({ number }) => number === data.current), data.zone);
  history(data.documents, data.zone);
  closed(data.may_publish, data.setting);
  if (based === null) begin(data.text, data.current);
  else if (before && before.current !== data.current) follow(before, data);
  if (Date.now() - lifted > LIFT_EVERY) lift(); // beside: the topic may be long
}

/** Puts the text of a document into the editor. */
function begin(text, number) {
  based = { number, text: text.endsWith("\n") ? text : `${text}\n` };
  editor.put(based.text);
}

/** Other recipes came into force: an unchanged draft follows them, a changed one is compared again. */
function follow(before, data) {
  if (based.number === before.current && editor.text() === based.text) begin(data.text, data.current);
  else editor.check();
}

const inForce = onChange((found, zone) => {
  const since = found.since === null ? "" : `, since ${moment(found.since, zone)}`;
  const by = found.by ? ` by ${found.by}` : "";
  $("in-force").textContent = found.number ? `In force: document ${found.number}${since}${by}${found.note ? `: “${found.note}”` : ""}.` : `In force: ${found.note}. Nothing has been published yet.`;
});

const STATES = { "in force": "fired", coming: "deferred", former: "closed", replaced: "closed", refused: "rejected" };

const history = onChange((documents, zone) => {
  $("history").replaceChildren(...documents.map((each) => entry(each, zone)));
});

function entry({ number, state, since, by, note, fault, changes }, zone) {
  const name = number ? `Document ${number}` : "Before the first document";
  const when = since === null ? "from the start" : `from ${moment(since, zone)}`;
  const edit = fault ? null : h("button", { type: "button", class: "plain", "aria-label": `Edit ${name}`, onclick: () => load(number) }, "Edit this one");
  return h("li", { class: STATES[state] },
    h("p", { class: "title" }, name, " ", h("span", { class: "count" }, state)),
    h("p", { class: "because" }, `${state === "refused" || state === "replaced" ? "never in force" : when}${by ? `, by ${by}` : ""}`),
    note ? h("p", {}, note) : null,
    fault ? h("p", { class: "wrong" }, fault) : null,
    changes.length ? h("ul", { class: "changes" }, changes.map((change) => h("li", {}, change))) : null,
    edit);
}

async function load(number) {
  const { ok, data } = await ask("GET", `/api/recipes/${number}`);
  if (!ok) return tell(data.fault, false);
  begin(data.text, number);
  if (number !== known.current) $("publish-note").value = number ? `back to document ${number}` : "back to the start";
  $("draft").focus();
}

const closed = onChange((may, setting) => {
  $("publish").hidden = !may;
  $("publish-closed").hidden = may;
  $("publish-closed").textContent = `This console is read-only. To publish from here, its operator must set ${setting}.`;
});

/** Enables the buttons that fit the draft. */
function ready() {
  const right = editor.state === "ready" || editor.state === "same";
  if ($("trial-done").hidden) $("trial-begin").disabled = !right;
  $("publish-go").disabled = editor.state !== "ready" || publishing;
}

async function publish(event) {
  event.preventDefault();
  if (publishing || editor.state !== "ready") return;
  const key = $("publish-key").value;
  if (!/^[ -~]+$/.test(key)) return wrong({ fault: "The key is wrong.", field: "key" });
  publishing = true;
  ready();
  tell("Publishing…");
  const given = { text: editor.text(), newest: known.newest, by: $("publish-by").value, note: $("publish-note").value, start: $("publish-start").value };
  try {
    const { ok, data } = await post("/api/recipes/publish", given, { headers: { "Triggers-Publish-Key": key } });
    if (ok) done(data);
    else wrong(data);
  } catch {
    tell("The console does not answer. Look at the history before you publish again.", false);
  }
  publishing = false;
  await poll();
  ready();
}

function done({ number, since }) {
  tell(`Published: document ${number} is in force from ${moment(since, known.zone)}.`, true);
  for (const id of ["publish-note", "publish-start", "publish-key"]) $(id).value = "";
  based = { number, text: editor.text() };
}

function wrong({ fault, field }) {
  tell(fault, false);
  if (field) $(`publish-${field}`).focus();
}

function tell(text, good) {
  $("published").replaceChildren(h("p", { class: good === undefined ? "note" : good ? "good" : "wrong" }, text));
}

async function lift() {
  if ($("recipes-page").hidden) return;
  lifted = Date.now();
  const days = $("lift-days").value;
  if (!$("lift").childElementCount) $("lift").replaceChildren(h("p", { class: "empty" }, "Reading the outcomes…"));
  try {
    const { ok, data } = await ask("GET", `/api/lift?days=${days}`);
    brought(ok ? data : { fault: data.fault }, days);
  } catch {
    brought({ fault: "The console does not answer." }, days);
  }
}

const brought = onChange(({ fault, recipes = [], limits = [] }, days) => {
  if (fault) return $("lift").replaceChildren(h("p", { class: "empty" }, fault));
  if (!recipes.length) return $("lift").replaceChildren(h("p", { class: "empty" }, "No watch has ended in this period. A recipe has watches if it sets attribution, and a holdout if it sets holdout."));
  const entries = recipes.map(({ name, said, enough }) => h("li", { class: enough ? "enough" : "few" }, h("h3", {}, name), said.map((each) => h("p", {}, each))));
  return $("lift").replaceChildren(h("ul", { class: "brought" }, entries),
    h("p", {}, h("a", { href: `/api/lift/page?days=${days}`, target: "_blank", rel: "noopener" }, "The same with plots")),
    h("details", {}, h("summary", {}, "How certain this is, and what it cannot know"), h("ul", { class: "changes" }, limits.map((each) => h("li", {}, each)))));
});
