/* Behind the page: what it tells the service and what it hears, for those who are shown the shop. */
import { $, h } from "../dom.js";
import { the } from "./basket.js";

const MOST = 40;
const lines = new Map();
let signalled = null;

/** Hears of every event that is sent, and of what became of it. */
export function told(event, outcome, reason, path) {
  if (event.type === "exit.signal" && outcome === "sent") signalled = { at: performance.now(), event };
  const detail = event.signal ?? event.page?.kind ?? event.product?.id ?? event.stage ?? event.order?.id;
  const text = detail ? `${event.type} ${detail}` : event.type;
  let line = lines.get(event.id);
  if (!line) {
    line = put(text);
    lines.set(event.id, line);
    if (lines.size > MOST) lines.delete(lines.keys().next().value);
  }
  line.dataset.outcome = outcome;
  line.lastChild.textContent = reason ? `${outcome}: ${reason} at ${path}` : outcome;
}

/** Hears of triggers and cancels that came back. */
export function heard(kind, { offer, trigger_id: id, reason }) {
  const took = kind === "trigger" && signalled ? Math.round(performance.now() - signalled.at) : null;
  const line = put(kind === "trigger" ? `← offer ${offer ?? "without a gift"}` : "← offer cancelled");
  line.dataset.outcome = "heard";
  line.lastChild.replaceChildren(took === null ? reason ?? "" : `${took} ms after the signal `,
    h("a", { href: `/#/ask/${id}` }, "why"));
  if (took !== null) $("behind").dataset.offerMs = took;
}

function put(text) {
  const line = h("li", {}, h("span", {}, text), " ", h("span", { class: "outcome" }));
  $("behind-lines").prepend(line);
  while ($("behind-lines").children.length > MOST) $("behind-lines").lastChild.remove();
  return line;
}

/** Whom the service takes this for, with the way to what it says of them. */
export function name() {
  const { visitor, customer } = the();
  const id = customer ?? visitor;
  $("behind-who").replaceChildren(customer ? "Customer " : "Visitor ", h("code", {}, id.slice(0, 12)), customer ? "" : "…");
  for (const link of document.querySelectorAll("[data-console]")) link.href = `/#/ask/${encodeURIComponent(id)}`;
}
