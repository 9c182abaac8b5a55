/* The page: loads the figures, listens to live events, and shows what the address names. */
import * as answer from "./answer.js";
import { $ } from "./dom.js";
import { brief, span } from "./format.js";
import * as figures from "./figures.js";
import * as recipes from "./recipes.js";
import * as rejects from "./rejects.js";
import * as sources from "./sources.js";
import * as stream from "./stream.js";

const EVERY = 2_000;
const SLOW = 8_000;
const MUCH = 1_000; // records: fewer are on their way
const THEMES = { system: ["◐", "as in the system"], light: ["☀", "light"], dark: ["☾", "dark"] };

const PAGES = {
  "#/recipes": { element: "recipes-page", name: "Recipes", enter: recipes.enter },
  "#/sources": { element: "sources-page", name: "Sources", enter: () => sources.enter(zone) },
};

let zone = "UTC", ahead = 0, line = "up", last = null, count = 0;
const over = () => document.querySelector("input[name=over]:checked").value;
const brokerNow = () => Date.now() + ahead;

async function poll() {
  if (document.hidden) return;
  try {
    const response = await fetch(`/api/overview?over=${over()}`, { signal: AbortSignal.timeout(SLOW) });
    if (!response.ok) throw new Error(response.statusText);
    last = await response.json();
    ahead = last.now - Date.now();
    zone = last.zone;
    stream.inZone(zone);
    $("contract").hidden = !last.contract;
    figures.show(last);
    connect("up");
    if (count++ % 3 === 0) await rejects.load(zone);
    await recipes.poll();
    await sources.poll(zone);
  } catch {
    connect("lost");
  }
}

/** Polls, and again EVERY ms after the answer: never two polls at a time. */
async function keep() {
  await poll();
  setTimeout(keep, EVERY);
}

function connect(state) {
  line = state;
  chip("chip-console", state, state === "up" ? "Live" : "Console lost");
  const { kafka, redis } = last ?? { kafka: { state: "connecting" }, redis: { state: "connecting" } };
  chip("chip-kafka", state === "lost" ? "unknown" : kafka.state, word("Kafka", kafka));
  chip("chip-redis", state === "lost" ? "unknown" : redis.state, word("Redis", redis));
  banner(kafka, redis);
}

function word(name, { state, behind }) {
  if (state === "lost") return `${name} lost`;
  if (state === "none") return `No ${name}`;
  if (state === "up" && behind > MUCH) return `${name} ${brief(behind)} behind`;
  return name;
}

function chip(id, state, text) {
  const element = $(id);
  element.dataset.state = state;
  if (element.textContent !== text) element.textContent = text;
}

function banner(kafka, redis) {
  const said = [];
  if (line === "lost") said.push("The console does not answer. The figures are its last ones; the page keeps trying.");
  else {
    if (kafka.state === "lost") said.push(`Kafka does not answer (for ${span(Math.max(1, kafka.for_s) * 1000)}, ${kafka.fault}). The figures are the last ones; reading resumes by itself. Decisions wait, and none is lost.`);
    if (redis.state === "lost") said.push(`Redis does not answer (${redis.fault}). Only the view is missing: no decision reads it. What waits comes from Kafka; the 30 days return with Redis.`);
  }
  const element = $("banner"), text = said.join(" ");
  element.hidden = !text;
  if (element.textContent !== text) element.textContent = text;
}

function go() {
  const match = location.hash.match(/^#\/ask\/(.+)$/);
  const id = match && decoded(match[1]), page = PAGES[location.hash];
  $("overview").hidden = Boolean(id || page);
  $("answer").hidden = !id;
  for (const each of Object.values(PAGES)) $(each.element).hidden = each !== page;
  document.title = id || page ? `${id || page.name} · Storefront triggers` : "Storefront triggers";
  if (id) {
    $("asked").value = id;
    answer.ask(id, brokerNow);
    scrollTo(0, 0);
    return;
  }
  answer.leave();
  if (page) {
    page.enter();
    scrollTo(0, 0);
    return;
  }
  if (location.hash === "#/") {
    $("content").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  figures.redraw();
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function theme() {
  const root = document.documentElement, button = $("theme");
  const say = () => {
    const [sign, name] = THEMES[root.dataset.theme ?? "system"];
    button.textContent = sign;
    button.setAttribute("aria-label", `Colours: ${name}`);
  };
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES), next = names[(names.indexOf(root.dataset.theme ?? "system") + 1) % names.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // storage may be forbidden: the choice lasts as long as the page
    }
    say();
  });
  say();
}

function keys(event) {
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    $("asked").focus();
    $("asked").select();
  } else if (event.key === "Escape" && (!$("answer").hidden || (!typing && $("overview").hidden))) location.hash = "#/";
}

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = $("asked").value.trim();
  if (!id) return;
  const hash = `#/ask/${encodeURIComponent(id)}`;
  if (location.hash === hash) go();
  else location.hash = hash;
});
for (const input of document.querySelectorAll("input[name=over]")) input.addEventListener("change", poll);
$("funnel-recipe").addEventListener("change", figures.redraw);
addEventListener("hashchange", go);
addEventListener("keydown", keys);
addEventListener("resize", () => requestAnimationFrame(figures.redraw));
document.addEventListener("visibilitychange", poll);
theme();
stream.prepare();
recipes.prepare();
stream.listen((state) => state === "lost" && poll(), poll);
go();
keep();
