/* Live decisions: server-sent events in a list, the newest first. */
import { $, h } from "./dom.js";
import { clock, day, span } from "./format.js";
import { OUTCOMES } from "./words.js";

const MOST = 120;
/** Lines that are kept. More: the page gets slow. Older ones can be looked up. */
const HELD = 500;
const SAY_EVERY = 15_000;

const kinds = ["fired", "refused", "deferred", "closed", "cancelled", "entered", "left", "rejected", "faulty"];
const wanted = new Set(kinds.filter((kind) => kind !== "closed"));
const all = [];
const held = [];
let seen = new Set();
let paused = false, drawing = false, drawn = null, zone = "UTC", missed = 0;
let unsaid = { fired: 0, other: 0 };

const way = (data) => (data.type?.includes(".entered.") ? "entered" : "left");
const kindOf = (type, data) => ({ trigger: "fired", cancel: "cancelled", audience: way(data), rejected: "rejected", left_out: "faulty" }[type] ?? data.outcome);
const isHeld = () => paused || $("stream").matches(":hover") || $("stream").contains(document.activeElement);

/** Starts to listen. Calls `told` with "up" or "lost", and `status` when a connection of the console changes. */
export function listen(told, status) {
  const source = new EventSource("/api/stream");
  source.addEventListener("open", () => told("up"));
  source.addEventListener("error", () => told("lost"));
  source.addEventListener("fresh", () => { all.length = held.length = 0; seen = new Set(); draw(); });
  source.addEventListener("missed", (event) => { missed += JSON.parse(event.data).count; draw(); });
  source.addEventListener("status", status);
  for (const type of ["trigger", "cancel", "decision", "audience", "rejected", "left_out"]) {
    source.addEventListener(type, (event) => take(type, JSON.parse(event.data)));
  }
}

function take(type, data) {
  const id = `${data.topic}/${data.partition}/${data.offset}`;
  if (seen.has(id)) return;
  seen.add(id);
  const item = { ...data, kind: kindOf(type, data), id };
  if (isHeld()) {
    held.push(item);
    if (held.length > HELD) seen.delete(held.shift().id);
  } else add([item]);
  if (type !== "audience") unsaid[item.kind === "fired" ? "fired" : "other"] += 1;
  draw();
}

function add(items) {
  all.push(...items);
  all.sort((one, two) => two.t - one.t);
  for (const gone of all.splice(HELD)) seen.delete(gone.id);
}

function release() {
  add(held.splice(0));
  draw();
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const shown = all.filter(({ kind }) => wanted.has(kind)).slice(0, MOST), list = $("stream");
    const next = `${shown.map(({ id }) => id)} ${missed}`;
    const fresh = held.filter(({ kind }) => wanted.has(kind)).length;
    $("fresh").hidden = !fresh;
    $("fresh").textContent = `${fresh} new · show`;
    if (next === drawn) return; // an element that is put in again loses the focus
    drawn = next;
    const there = new Map([...list.children].map((each) => [each.dataset.id, each]));
    list.replaceChildren(...shown.map((item) => there.get(item.id) ?? entry(item)));
    if (!shown.length) list.append(h("li", { class: "empty" }, "Nothing yet. Decisions appear here at once."));
    if (missed) list.append(h("li", { class: "empty" }, `${missed} more came too fast to be shown; the figures count them.`));
  });
}

function entry(item) {
  const { sign, name } = OUTCOMES[item.kind], today = day(item.t, zone) === day(Date.now(), zone);
  const taken = item.taken !== undefined && item.kind === "fired" ? ` · ${span(item.taken)} after ${item.recipe === "exit-intent" ? "the signal" : "it was due"}` : "";
  const who = item.person ? h("a", { tabindex: "-1", href: `#/ask/${encodeURIComponent(item.person)}` }, item.person) : place(item);
  return h("li", { class: `happening ${item.kind}`, "data-id": item.id },
    h("span", { class: "sign", role: "img", "aria-label": name }, sign),
    h("div", {}, h("p", { class: "title" }, item.title), h("p", { class: "because" }, item.details.join(" ")),
      h("p", { class: "who" }, who, h("span", {}, `${today ? "" : `${day(item.t, zone)} `}${clock(item.t, zone)}${taken}`))));
}

/** Where a rejected or incomplete event came from. */
function place({ from, source }) {
  const name = source ?? from.source;
  return name ? `posted to ${name}` : `partition ${from.partition}, offset ${from.offset}`;
}

function filters() {
  $("filters").replaceChildren(...kinds.map((kind) => h("button", {
    type: "button", class: `filter ${kind}`, "aria-pressed": String(wanted.has(kind)), onclick: (event) => {
      if (!wanted.delete(kind)) wanted.add(kind);
      event.currentTarget.setAttribute("aria-pressed", String(wanted.has(kind)));
      draw();
    },
  }, h("span", { "aria-hidden": "true" }, OUTCOMES[kind].sign), ` ${OUTCOMES[kind].filter}`)));
}

/** The list is one tab stop. Inside it the arrow keys move from person to person. */
function walk(event) {
  const links = [...$("stream").querySelectorAll("a")], at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (to === undefined || !links.length) return;
  event.preventDefault();
  (to < 0 ? $("stream") : links[Math.min(to, links.length - 1)]).focus();
}

/** A screen reader gets a sum now and then, not every line. */
function say() {
  const { fired, other } = unsaid;
  if ((fired || other) && !document.hidden && !$("overview").hidden) $("said").textContent = `${fired} sent, ${other} held back or cancelled in the last seconds.`;
  unsaid = { fired: 0, other: 0 };
}

export function prepare() {
  filters();
  draw();
  $("fresh").addEventListener("click", release);
  $("stream").addEventListener("keydown", walk);
  $("stream").addEventListener("pointerleave", () => isHeld() || release());
  $("stream").addEventListener("focusout", () => setTimeout(() => isHeld() || release()));
  $("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    $("pause").textContent = paused ? "Resume" : "Pause";
    if (!paused) release();
  });
  setInterval(say, SAY_EVERY);
}

/** The time zone of the page: the policy's. */
export function inZone(name) {
  zone = name;
}
