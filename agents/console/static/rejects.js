/* Rejected records: why, where, how large. Their bytes are fetched on demand. */
import { $, h, onChange, table } from "./dom.js";
import { count, moment, size } from "./format.js";

const MOST = 50;

/** Fetches the last rejected records and shows them. */
export async function load(zone) {
  const response = await fetch("/api/rejected");
  if (response.ok) show((await response.json()).slice(0, MOST), zone);
}

const show = onChange((found, zone) => {
  if (!found.length) {
    $("rejected-table").replaceChildren();
    return;
  }
  $("rejected-table").replaceChildren(table(["Why", "Type", "When", "Path", "Record", "Size", "Bytes"], found.map((each) => row(each, zone))));
});

function row(each, zone) {
  const { source, topic, partition, offset } = each.from;
  const place = source ? `posted to ${source}` : `${topic} ${partition}, offset ${offset}`;
  const button = h("button", { type: "button", class: "plain", "aria-expanded": "false", "aria-label": `Bytes of ${place}`, onclick: () => toggle(button, each) }, "Show");
  return [h("span", {}, each.reason, h("small", {}, each.why)), each.type || "–", moment(each.t, zone), h("code", {}, each.path), place,
    each.cut ? `${size(each.size)}, kept in part` : size(each.size), button];
}

async function toggle(button, { partition, offset }) {
  const next = button.closest("tr").nextElementSibling;
  if (next?.classList.contains("bytes")) {
    next.remove();
    button.setAttribute("aria-expanded", "false");
    button.textContent = "Show";
    return;
  }
  button.disabled = true;
  let said;
  try {
    const response = await fetch(`/api/rejected/${partition}/${offset}`);
    const found = await response.json();
    said = response.ok ? bytes(found) : [h("p", { class: "empty" }, found.fault)];
  } catch {
    said = [h("p", { class: "empty" }, "The console does not answer.")];
  }
  button.disabled = false;
  button.closest("tr").after(h("tr", { class: "bytes" }, h("td", { colspan: 7 }, said)));
  button.setAttribute("aria-expanded", "true");
  button.textContent = "Hide";
  button.focus();
}

const bytes = ({ key, value, size: all, whole }) => [
  h("p", { class: "note" }, `Key ${key || "none"} · ${count(all)} bytes${whole ? "" : ", only the beginning"} · � stands for bytes that are not UTF-8`),
  h("pre", { tabindex: "0" }, value),
];
