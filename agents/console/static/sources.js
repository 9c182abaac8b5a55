/* The sources page: what each source sent, what was refused and why, and the live requests of one source. */
import { $, h, onChange, table } from "./dom.js";
import { clock, count, moment, size, span } from "./format.js";
import { ask } from "./post.js";

const EVERY = 2_000;
const NAMES = { collect: "collect (the service's own form)", "-": "unknown source" };

let watched = null, timer = null;

export const isOpen = () => !$("sources-page").hidden;

/** The page is opened. */
export async function enter(zone) {
  $("sources-page-h").focus({ preventScroll: true });
  try {
    await poll(zone);
  } catch {
    // the banner says that the console does not answer
  }
}

export async function poll(zone) {
  if (!isOpen()) return;
  const { ok, data } = await ask("GET", "/api/sources");
  if (!ok) return;
  show(data, zone, Math.floor(Date.now() / 60_000));
}

const plain = (pairs) => (pairs.length ? pairs : ["–"]);
const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);

const show = onChange(({ sources, why, faults, collectors, may_look: may, settings }, zone) => {
  const notes = [...faults];
  if (!collectors) notes.push(`Only this console's own collector is shown. To see the others, set ${settings[0]}.`);
  else if (!may) notes.push(`Requests are not shown. To see them, set ${settings[1]} here and at the collectors.`);
  $("sources-note").replaceChildren(...notes.map((each) => h("p", {}, each)));
  const shown = sources.filter((each) => each.last || sum(Object.values(each.posts)) || each.source !== "-");
  $("sources-table").replaceChildren(shown.length ? table(["Source", "Events taken", "Last event", "Refused", "Left out", "Answers"], shown.map((each) => row(each, zone, may, why))) : h("p", { class: "empty" }, "No source is known."));
});

function row({ source, events, posts, refused, left_out: left, unknown, orders_of_nobody: ofNobody, robots, last }, zone, may, why) {
  const kinds = Object.entries(events).map(([kind, number]) => h("li", {}, `${kind} `, h("b", {}, count(number))));
  const name = h("span", { class: "named" }, h("span", {}, NAMES[source] ?? source,
    may && source !== "collect" ? h("button", { type: "button", class: "plain", "aria-label": `Requests of ${NAMES[source] ?? source}`, onclick: () => watch(source, zone) }, "Requests") : null));
  const ago = last ? h("span", {}, moment(last, zone), h("small", {}, `${span(Math.max(0, Date.now() - last))} ago`)) : "never";
  const bad = refused.map(([type, reason, number]) => h("li", {}, `${type}: ${reason} `, h("b", {}, count(number))));
  const out = [...left.map(([reason, number]) => h("li", {}, `${reason} `, h("b", {}, count(number)), clause(why, reason))), ...unknown.map(([what, number]) => h("li", {}, `unknown: ${what} `, h("b", {}, count(number))))];
  if (ofNobody) out.unshift(h("li", { class: "wrong" }, "orders that name nobody ", h("b", {}, count(ofNobody)), h("small", {}, "no reminder ends by them")));
  if (robots) out.push(h("li", {}, "posts of robots ", h("b", {}, count(robots))));
  const answers = Object.entries(posts).map(([status, number]) => h("li", {}, `${status} `, h("b", {}, count(number))));
  return [name, list(kinds), ago, list(bad), list(out), list(answers)];
}

const list = (items) => (items.length ? h("ul", {}, items) : plain([]).join(""));

function watch(source, zone) {
  watched = source;
  $("requests-card").hidden = false;
  $("requests-h").textContent = `Requests of ${NAMES[source] ?? source}`;
  $("requests").replaceChildren(h("p", { class: "empty" }, "Loading…"));
  $("requests-h").focus();
  clearTimeout(timer);
  follow(source, zone);
}

async function follow(source, zone) {
  if (watched !== source || !isOpen()) return;
  if (!document.hidden) {
    try {
      const { ok, data } = await ask("GET", `/api/sources/${encodeURIComponent(source)}/requests`);
      if (watched !== source) return;
      requests(ok ? data : { requests: [], faults: [data.fault] }, zone);
    } catch {
      // asked again
    }
  }
  timer = setTimeout(() => follow(source, zone), EVERY);
}

const requests = onChange(({ requests: found, why = {}, faults }, zone) => {
  const rows = found.map((each) => [clock(each.at, zone), h("span", {}, h("b", {}, each.status), h("small", {}, `${each.method} ${each.path}, ${size(each.size)}`)), became(each.became, each.status, why)]);
  $("requests").replaceChildren(...faults.map((each) => h("p", { class: "wrong" }, each)),
    found.length ? table(["When", "Answer", "What became of it"], rows) : h("p", { class: "empty" }, "None yet. New requests appear within seconds."));
});

const clause = (why, reason) => (why[reason] ? h("small", {}, why[reason]) : null);

function became({ events, refused, left_out: left, robot }, status, why) {
  const said = [
    ...Object.entries(events).map(([kind, number]) => h("li", {}, `taken: ${kind}${number > 1 ? ` × ${number}` : ""}`)),
    ...refused.map(([type, reason, path]) => h("li", { class: "wrong" }, `refused: ${type}, ${reason} at ${path}`)),
    ...left.map(([name, reason, path]) => h("li", {}, `left out: ${name}, ${reason}${path === "$" ? "" : ` at ${path}`} `, clause(why, reason))),
  ];
  if (robot) said.push(h("li", {}, "a robot, or a prerendered page"));
  return said.length ? h("ul", {}, said) : status < 300 ? "no events in it" : "not taken";
}
