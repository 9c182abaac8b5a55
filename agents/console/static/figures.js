/* The figures of the overview: tiles, activity, funnel, recipes, speed, rejected reasons. */
import { $, h, onChange, table } from "./dom.js";
import { brief, count, moment, percent, span } from "./format.js";
import * as plots from "./plots.js";
import { ENDINGS, GUARDS, LATENCIES, reason } from "./words.js";

const LATE_MS = 15_000;
const sum = (rows) => rows.reduce((total, [, , , number]) => total + number, 0);
const of = (rows, ...outcomes) => rows.filter(([, outcome]) => outcomes.includes(outcome));

/** The colour of a recipe, by its place among the names. It stays the same. */
const colours = new Map();
export const colour = (name) => {
  if (!colours.has(name)) colours.set(name, colours.size % 6);
  return colours.get(name);
};

let shown = null;

/** Draws what an answer of /api/overview changes. */
export function show(figures) {
  shown = figures;
  const names = figures.recipes.map(({ name }) => name);
  names.forEach(colour);
  $("prefix").textContent = figures.prefix;
  counted(figures.over, figures.since, figures.zone, figures.now - figures.since, figures.redis.state);
  tiles(figures);
  legend(names);
  activity(figures.series, names, figures.over, figures.zone, innerWidth);
  picks(names);
  funnel(figures.counts, $("funnel-recipe").value, innerWidth);
  recipes(figures.recipes, figures.counts, figures.shadow, figures.series, figures.zone, Math.floor(figures.now / 60_000));
  audiences(figures.audiences, figures.over, figures.zone, innerWidth);
  speed(figures.latency, figures.replay, innerWidth);
  evidence(figures.evidence, figures.replay, figures.zone, figures.kafka.state === "up", innerWidth);
  rejected(figures.rejected);
  leftOut(figures.left_out, figures.zone);
}

const counted = onChange((over, since, zone, known, redis) => {
  const whole = { hour: 3_600_000, day: 86_400_000 }[over];
  let note = "";
  if (over === "month") {
    note = redis === "up" ? "From the Redis view, by days in UTC." : "The 30 days come from Redis, which is not connected now.";
  } else if (since === null) note = "Nothing was decided in the last day, according to Kafka.";
  else if (known < whole) note = `Counted since ${moment(since, zone)}: nothing older exists, or it was not read.`;
  $("counted").textContent = note;
});

function tile(name, value, about, extra, state) {
  return h("div", { class: "tile", "data-state": state ?? null }, h("dt", {}, name), h("dd", {}, h("b", {}, value), extra ?? null, h("span", {}, about)));
}

function tiles({ counts, series, latency, evidence: known, replay, rejected: rejects, kafka }) {
  const fired = sum(of(counts, "fired")), refused = sum(of(counts, "refused")), closed = sum(of(counts, "closed"));
  const sent = series.map(([, by]) => Object.values(by).reduce((total, each) => total + each, 0));
  const bad = Object.values(rejects).reduce((total, each) => total + each, 0);
  const read = kafka.state === "up", late = read && known.age !== null && known.age > LATE_MS;
  const upTo = known.silent === null ? "no worker has reported" : !read ? "last known, Kafka is lost" : late ? "workers are behind, or stopped" : "in every partition";
  const found = [
    tile("Sent", brief(fired), `${percent(fired, fired + refused + closed)} of all steps decided`, plots.spark(sent)),
    tile("Held back", brief(refused), `by a guard; ${brief(closed)} ended early`, plots.spark(series.map(([, , held]) => held))),
    tile("Cancelled", brief(sum(of(counts, "cancelled"))), "after an order or a withdrawal"),
    tile("Exit intent, p99", replay ? "replay" : span(latency.exit.p99), replay ? "times are the records' own" : `p50 ${span(latency.exit.p50)}`),
    tile("Watermark", replay ? "replay" : known.age === null ? "–" : `${span(known.age)} ago`,
      upTo, null, !replay && late ? "late" : null),
    tile("Rejected", brief(bad), "records that are not events"),
  ];
  $("tiles").replaceChildren(...found);
}

const legend = onChange((names) => $("legend").replaceChildren(...names.map((name) =>
  h("li", {}, h("i", { "data-colour": colour(name), "aria-hidden": "true" }), name))));

const activity = onChange((series, names, over, zone) => plots.activity($("activity"), { series, names, colour, over, zone }));

const picks = onChange((names) => {
  const select = $("funnel-recipe"), chosen = select.value;
  select.replaceChildren(h("option", { value: "" }, "all"), ...names.map((name) => h("option", { value: name }, name)));
  select.value = names.includes(chosen) ? chosen : "";
});

/** Rows of the plot: all steps decided, minus those that ended early, minus those that each guard held back. */
function stages(counts, recipe) {
  const rows = counts.filter(([name]) => !recipe || name === recipe);
  const by = (outcome, known) => {
    const numbers = new Map();
    for (const [, , why, number] of of(rows, outcome)) numbers.set(why, (numbers.get(why) ?? 0) + number);
    const order = Object.keys(known), place = (name) => (order.indexOf(name) + order.length) % order.length;
    return [...numbers].sort(([one], [two]) => place(one) - place(two)).map(([why, number]) => ({ name: reason(why), about: `${why}: ${reason(why)}`, number, sort: outcome }));
  };
  const fired = sum(of(rows, "fired")), refused = sum(of(rows, "refused")), closed = sum(of(rows, "closed"));
  return [
    { name: "Steps decided", number: fired + refused + closed, sort: "total" }, ...by("closed", ENDINGS),
    { name: "Due", number: fired + refused, sort: "total" }, ...by("refused", GUARDS),
    { name: "Sent", number: fired, sort: "total" },
  ];
}

const funnel = onChange((counts, recipe) => {
  const rows = stages(counts, recipe), all = rows[0].number;
  if (!all) {
    $("funnel-plot").replaceChildren(h("p", { class: "empty" }, "Nothing was decided in this period."));
    $("funnel-table").replaceChildren();
    return;
  }
  plots.waterfall($("funnel-plot"), rows);
  $("funnel-table").replaceChildren(table(["What", "Steps", "Share"], rows.map((row) => [row.about ?? row.name, count(row.number), percent(row.number, all)])));
});

const NUMBERS = ["refused", "closed", "deferred", "cancelled"];

/** The row of a recipe, and one for what it did as a shadow: decided like any other, but not sent. */
const recipes = onChange((found, counts, shadow, series, zone) => {
  const named = (recipe, ...more) => h("span", { class: "named" }, h("i", { class: "dot", "data-colour": colour(recipe.name), "aria-hidden": "true" }), h("span", {}, recipe.name, more));
  const about = ({ steps, channels }) => `${steps.length ? `after ${steps.map(span).join(", ")}` : "at once"} · ${channels.join(", ")}`;
  const numbers = (rows) => NUMBERS.map((outcome) => count(sum(of(rows, outcome))));
  const live = (recipe, rows) => {
    const last = recipe.last_fired ? `${span(Math.max(0, shown.now - recipe.last_fired))} ago` : "not in the last day";
    const over = h("span", { "data-colour": colour(recipe.name) }, plots.spark(series.map(([, by]) => by[recipe.name] ?? 0)));
    return [named(recipe, h("small", {}, recipe.in_force && !recipe.shadow ? about(recipe) : "no longer in force")), h("b", {}, count(sum(of(rows, "fired")))), ...numbers(rows), over, last];
  };
  const mute = (recipe, rows) => [named(recipe, h("span", { class: "mute" }, "shadow"), h("small", {}, recipe.shadow ? `${about(recipe)} · decides, but sends nothing` : "no longer a shadow")),
    h("span", {}, count(sum(of(rows, "fired"))), h("small", {}, "would be sent")), ...numbers(rows), "", ""];
  const rows = found.flatMap((recipe) => {
    const [done, would] = [counts, shadow].map((all) => all.filter(([name]) => name === recipe.name));
    return [...(recipe.shadow && !done.length ? [] : [live(recipe, done)]), ...(recipe.shadow || would.length ? [mute(recipe, would)] : [])];
  });
  $("recipes-table").replaceChildren(table(["Recipe", "Sent", "Held back", "Ended early", "Deferred", "Cancelled", "Over time", "Last sent"], rows));
});

/** A plot for each audience: how many belonged to it over time, and who came and went. */
const audiences = onChange(({ begins, rows, whole }, over, zone) => {
  $("audiences").hidden = !rows.length;
  $("audiences-note").textContent = whole ? "Members at the end of each stretch of time. What lies before the console's start is as the compacted topic tells it: who came and went again in between is not in it."
    : "More persons than this console counts: the workers' metric triggers_audience_members_records has the sizes.";
  const plotted = rows.filter(({ series }) => series.length).map((row) => ({ ...row, plot: h("div", { class: "plot" }) }));
  const moves = ({ entered, left }) => `${count(entered)} in, ${count(left)} out`;
  $("audiences-sizes").replaceChildren(...plotted.map((row) => h("figure", { class: "size" },
    h("figcaption", {}, h("b", {}, row.name), h("span", {}, `${count(row.members)} now · ${moves(row)}`)), row.plot)));
  for (const { plot, name, series } of plotted) plots.sizes(plot, { name, series, begins, over, zone });
  $("audiences-table").replaceChildren(table(["Audience", "Members", "Entered", "Left"], rows.map((row) => [row.name, row.members === null ? "–" : count(row.members), count(row.entered), count(row.left)])));
});

const speed = onChange((latency, replay) => {
  $("speed-over").textContent = replay ? "" : `in the last ${latency.over}, by the broker's clock`;
  const places = Object.entries(LATENCIES).map(([sort, [name, about]]) => {
    const plot = h("div", { class: "plot" }), found = latency[sort];
    const value = h("p", { class: "value" }, h("b", {}, span(found.p50)), " p50 · ", h("b", {}, span(found.p99)), " p99");
    const none = h("p", { class: "empty" }, replay ? "A replay: its times are the records' own." : "None in this period.");
    const card = h("div", { class: "card" }, h("h3", {}, name), h("p", { class: "note" }, about), ...(found.count ? [value, plot] : [none]));
    return { card, plot, found, name };
  });
  $("speeds").replaceChildren(...places.map(({ card }) => card));
  for (const { plot, found, name } of places) if (found.count) plots.histogram(plot, { ...found, bounds: latency.bounds }, name);
});

const evidence = onChange((known, replay, zone, read) => {
  const late = read && known.age !== null && known.age > LATE_MS;
  let note = "A deadline fires once every input partition has been read up to it.";
  if (replay) note = "A replay: only records move time, so it has no age.";
  else if (known.silent === null) note = "No worker has reported its watermark.";
  else if (!read) note = "Kafka is not connected, so the workers' progress is unknown.";
  else if (known.silent > LATE_MS) note = `The last report of a worker is ${span(known.silent)} old: nothing is decided until workers are back, and nothing is lost.`;
  else if (late) note = `The slowest partition is ${span(known.age)} behind: due steps wait that long.`;
  $("evidence-note").textContent = note;
  $("evidence-note").classList.toggle("late", !replay && read && (late || known.silent > LATE_MS));
  if (replay || known.samples.length < 2) $("evidence").replaceChildren();
  else plots.line($("evidence"), known.samples, zone);
  $("partitions").replaceChildren(...(replay ? [] : known.partitions).slice(0, 64).map((age, number) =>
    h("li", { class: read && (age === null || age > LATE_MS) ? "late" : "" }, `${number}: ${age === null ? "no report" : span(age)}`)));
});

const rejected = onChange((reasons) => {
  const entries = Object.entries(reasons);
  if (entries.length) plots.bars($("rejected-reasons"), entries);
  else $("rejected-reasons").replaceChildren(h("p", { class: "empty" }, "None in this period: every record was an event."));
});

const leftOut = onChange((found, zone) => {
  const row = ({ source, type, reason, path, expected, got, meant, number, last }) => reason === "unknown_type"
    ? ["unknown type", h("code", {}, path), meant ? h("span", {}, "did you mean ", h("b", {}, meant), "?") : "it does not count", source, count(number), moment(last, zone)]
    : [type, h("code", {}, path), h("span", {}, `expected ${expected}`, h("small", {}, `got ${got}`)), source, count(number), moment(last, zone)];
  $("left-out").hidden = !found.length;
  $("left-out-table").replaceChildren(...(found.length ? [table(["Type", "Part", "What was wrong", "Posted to", "Times", "Last"], found.map(row))] : []));
});

/** Draws the last figures again: the window's width or the funnel's recipe has changed. */
export function redraw() {
  if (shown) show(shown);
}
