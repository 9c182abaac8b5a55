/* The answer about a person: the whole story, and what waits. */
import { $, h } from "./dom.js";
import { clock, day, moment, span } from "./format.js";
import { OUTCOMES, reason } from "./words.js";

const COUNTED = ["fired", "refused", "deferred", "cancelled", "closed", "shadow", "entered", "left"];

let asking = null;

/** Asks for an id and shows what is known of it. */
export async function ask(id, now) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  frame(id, h("p", { class: "empty busy" }, `Looking for ${id} in the log…`));
  try {
    const response = await fetch(`/api/ask?id=${encodeURIComponent(id)}`, { signal });
    const found = await response.json();
    if (response.ok) tell(found, now());
    else frame(id, h("p", { class: "empty", role: "status" }, found.fault));
  } catch (error) {
    if (error.name !== "AbortError") frame(id, h("p", { class: "empty", role: "status" }, "The console does not answer. Ask again in a moment."));
  }
}

/** Stops waiting for the answer, because its page was left. */
export function leave() {
  asking?.abort();
  asking = null;
}

function frame(id, ...content) {
  const heading = h("h1", { id: "answer-h", tabindex: "-1" }, id);
  $("answer").replaceChildren(h("p", {}, h("a", { href: "#/", class: "back" }, "← Everything")), heading, ...content.filter(Boolean));
  heading.focus({ preventScroll: true });
}

function tell(found, now) {
  const { name, zone, lines, counts, visitors, trigger_id: asked } = found;
  const chips = COUNTED.filter((kind) => counts[kind]).map((kind) =>
    h("li", { class: `count ${kind}` }, h("b", {}, counts[kind]), ` ${OUTCOMES[kind].name.toLowerCase()}`));
  const note = found.source === "redis" ? h("p", { class: "banner" }, `${found.fault} These are the last decisions, as the Redis view has them; the whole story needs Kafka.`) : null;
  frame(name,
    h("p", { class: "note" }, visitors.length ? `On ${visitors.join(", ")}. ` : "", `Times in ${zone}.`),
    note,
    h("ul", { class: "counts", "aria-label": "In short" }, chips.length ? chips : h("li", { class: "count" }, "no step was due")),
    asked ? one(lines.filter((line) => line.trigger_id === asked), asked, zone) : null,
    h("div", { class: "two story" }, timeline(found), h("div", {}, ...Object.entries(found.outlooks ?? {}).map((each) => belongs(...each, zone)), waiting(found, now))));
}

/** The step that was asked for by its trigger id. */
function one(lines, id, zone) {
  return h("section", { class: "card asked", "aria-label": "The trigger that was asked for" }, h("h2", {}, "This trigger ", h("code", {}, id)),
    lines.length ? lines.map((line) => h("div", { class: line.kind }, h("p", { class: "title" }, `${line.text}, ${moment(line.at, zone)}`), h("p", { class: "because" }, line.details.join(" "))))
      : h("p", { class: "empty" }, "Its decision is no longer in the log."));
}

function timeline({ lines, zone, trigger_id: asked, left_out: left }) {
  const groups = Map.groupBy ? Map.groupBy(lines, (line) => day(line.at, zone)) : grouped(lines, zone);
  const days = [...groups].map(([name, of]) => h("section", {}, h("h3", {}, name), h("ol", { class: "timeline" }, of.map((line) => {
    const { sign, name: outcome } = OUTCOMES[line.kind];
    return h("li", { class: `${line.kind}${asked && line.trigger_id === asked ? " this" : ""}` },
      h("time", { datetime: new Date(line.at).toISOString() }, clock(line.at, zone)),
      h("span", { class: "sign", ...(outcome ? { role: "img", "aria-label": outcome } : { "aria-hidden": "true" }) }, sign),
      h("div", {}, h("p", { class: "title" }, line.text), line.details.length ? h("p", { class: "because" }, line.details.join(" ")) : null,
        line.trigger_id ? h("p", { class: "id" }, h("a", { href: `#/ask/${line.trigger_id}` }, line.trigger_id)) : null));
  }))));
  return h("section", { class: "card", "aria-labelledby": "timeline-h" }, h("h2", { id: "timeline-h" }, "What happened"),
    left ? h("p", { class: "note" }, `${left} earlier lines are left out.`) : null,
    days.length ? days : h("p", { class: "empty" }, "No events are known, only what waits."));
}

function grouped(lines, zone) {
  const groups = new Map();
  for (const line of lines) groups.set(day(line.at, zone), [...(groups.get(day(line.at, zone)) ?? []), line]);
  return groups;
}

/** The audiences of a person: why, since when, and until when by itself. */
function belongs(person, { belongs: found, comes, forgotten, is_here: here }, zone) {
  const ends = ({ leaves, when_left: why }) => leaves === null ? "Time alone does not end it." : `Leaves it by itself on ${dated(leaves, zone)}: ${why ? `no more “${why}”` : "they are then forgotten"}.`;
  const card = (each) => h("li", {}, h("p", { class: "title" }, each.audience), h("p", { class: "due" }, `since ${dated(each.since, zone)}`),
    h("p", { class: "because" }, each.because.length ? `Because of: ${each.because.join("; ")}. ` : "Of a former document. ", ends(each)));
  const coming = comes.map(({ audience, at }) => h("li", {}, h("p", { class: "title" }, audience), h("p", { class: "because" }, `By itself from ${dated(at, zone)} on, if nothing happens.`)));
  return h("section", { class: "card next", "aria-label": `Audiences of ${person}` }, h("h2", {}, "Audiences"),
    found.length ? h("ol", { class: "steps" }, found.map(card)) : h("p", { class: "empty" }, "They belong to none."),
    coming.length ? [h("h3", {}, "To come"), h("ol", { class: "steps" }, coming)] : null,
    h("p", { class: "note" }, here ? "They are at the shop now: times since the visit count from its end. " : "", forgotten ? `Forgotten on ${dated(forgotten, zone)} without any event.` : ""));
}

const dated = (t, zone) => `${day(t, zone)} ${clock(t, zone).slice(0, 5)}`;

/** What a step waits for that has no time yet. */
const idle = (step, zone) => step.until ? [`for the delivery of ${step.order}, until ${dated(step.until, zone)}`, "waits"] : ["when they are quiet again", "active"];

function waiting({ waiting: steps, waiting_source: source, zone }, now) {
  const card = ({ step, put_off: put }) => {
    const about = [step.product, step.value ? `worth ${step.value.toFixed(2)} ${step.currency ?? ""}`.trim() : null, `for ${step.origin}`].filter(Boolean).join(", ");
    const [said, state] = idle(step, zone);
    const when = step.due ? h("p", { class: "due" }, moment(step.due, zone), h("b", {}, step.due > now ? `in ${span(step.due - now)}` : "due now"))
      : h("p", { class: "due" }, said, h("b", {}, state));
    return h("li", {}, h("p", { class: "title" }, step.steps > 1 ? `${step.recipe} ${step.step} of ${step.steps}` : step.recipe), when,
      h("p", { class: "because" }, `${about}. Waiting since ${moment(step.opened_at, zone)}.${put ? ` Deferred: ${reason(put)}.` : ""}`),
      h("p", { class: "id" }, step.trigger_id));
  };
  return h("section", { class: "card next", "aria-labelledby": "next-h" }, h("h2", { id: "next-h" }, "What waits"),
    steps.length ? h("ol", { class: "steps" }, steps.map(card)) : h("p", { class: "empty" }, "Nothing waits for this person."),
    h("p", { class: "note" }, `From ${source === "redis" ? "the Redis view" : "the workers' state"}. The guards decide when a step is due.`));
}
