/* A trial of the draft on the last hours: start, progress, stop, and its report in a frame. */
import { $, h } from "./dom.js";
import { ask, post } from "./post.js";

const EVERY = 500;
const DOING = { "reading the log": "Reading the log", "in force": "Deciding by the recipes in force", "your draft": "Deciding by your draft", "writing the report": "Writing the report" };

let running = null, tried = null;

/** The text that was tried last, null before the first trial. */
export const triedText = () => tried;

export function prepare(text) {
  $("trial-begin").addEventListener("click", () => begin(text()));
  $("trial-stop").addEventListener("click", stop);
}

const spoken = (hours) => (hours === 1 ? "hour" : hours < 48 ? `${hours} hours` : `${hours / 24} days`);

export function hours(choices) {
  const select = $("trial-hours");
  if (select.childElementCount) return;
  select.append(...choices.map((each) => h("option", { value: each, selected: each === 24 }, spoken(each))));
}

async function begin(text) {
  say("Starting…");
  $("trial-report").replaceChildren();
  try {
    const found = await post("/api/recipes/trial", { text, hours: Number($("trial-hours").value) });
    if (!found.ok) return end(found.data.fault);
    running = found.data.id;
    tried = text;
    $("trial-begin").disabled = true;
    $("trial-stop").hidden = $("trial-done").hidden = false;
    follow(found.data.id);
  } catch {
    end("The console does not answer.");
  }
}

async function follow(id) {
  while (running === id) {
    try {
      const { ok, data } = await ask("GET", `/api/recipes/trial/${id}`);
      if (running !== id) return;
      if (!ok) return end(data.fault);
      if (data.state === "failed") return end(`It failed: ${data.fault}`);
      if (data.state === "done") return show(data);
      const part = (data.step - 1 + data.done) / data.steps;
      $("trial-done").value = part;
      say(`${DOING[data.doing] ?? data.doing} (${data.step} of ${data.steps})…`);
    } catch {
      say("The console does not answer. Trying again…");
    }
    await new Promise((wake) => setTimeout(wake, EVERY));
  }
}

async function stop() {
  const id = running;
  end("Stopped.");
  try {
    await ask("DELETE", `/api/recipes/trial/${id}`);
  } catch {
    // it ends with the next trial
  }
}

function end(text) {
  running = null;
  $("trial-begin").disabled = false;
  $("trial-stop").hidden = $("trial-done").hidden = true;
  say(text);
}

/** Says a text once, so that a screen reader does not repeat it. */
function say(text) {
  const place = $("trial-state");
  if (place.textContent !== text) place.replaceChildren(h("p", { class: "note" }, text));
}

function show(trial) {
  end(`Done: the last ${spoken(trial.hours)}.`);
  const frame = h("iframe", { title: "What the draft would have changed", src: `/api/recipes/trial/${trial.id}/report`, class: "report", onload: () => fit(frame) });
  $("trial-report").replaceChildren(frame);
}

/** Makes the frame as tall as its content, in the colours of the page. */
function fit(frame) {
  const inside = frame.contentDocument?.documentElement;
  if (!inside) return;
  const chosen = document.documentElement.dataset.theme;
  if (chosen) inside.style.colorScheme = chosen;
  frame.style.height = `${Math.min(inside.scrollHeight + 4, 6000)}px`;
}

addEventListener("resize", () => document.querySelectorAll("iframe.report").forEach(fit));
