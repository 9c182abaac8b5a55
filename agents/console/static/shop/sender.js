/* Carries a storefront's events to the collector: in their order, again when it must be, none twice.
 *
 *   const shop = connect({ collector: "/collect", visitor });
 *   shop.send("page.viewed", { page: { kind: "home" } });
 *
 * `told(event, outcome)` hears of each event: "sent", then "taken", "refused" (with reason and path) or "lost".
 * docs/storefront.md tells what the collector answers.
 */
const MOST = 40; // with these a body stays below the 64 KiB that a closing page may still send
const WAITING = 400; // events kept while the collector is away; the oldest go first

export function connect({ collector, visitor, customer = () => undefined, told = () => {} }) {
  let queue = [], busy = false, again;
  let ahead; // ms by which the collector's clock is ahead of ours, once it has answered

  function send(type, body = {}) {
    const event = { id: makeId(), type, visitor, ...(customer() && { customer: customer() }), ...body };
    queue.push({ event, at: Date.now() });
    told(event, "sent");
    for (const { event: gone } of queue.splice(0, queue.length - WAITING)) told(gone, "lost");
    flush();
    return event;
  }

  /** One post at a time: so what a visitor does stays in its order. */
  async function flush() {
    if (busy || !queue.length) return;
    busy = true;
    clearTimeout(again);
    const batch = queue.slice(0, MOST);
    const wait = await post(batch);
    busy = false;
    if (wait) again = setTimeout(flush, wait);
    else flush();
  }

  /** Settles what the answer settles; returns ms to wait before the rest is sent again. */
  async function post(batch) {
    let answer;
    try {
      const headers = { "Content-Type": "application/json" };
      answer = await fetch(collector, { method: "POST", headers, body: written(batch), keepalive: true });
    } catch {
      return 2_000 + Math.random() * 2_000;
    }
    ahead = Date.parse(answer.headers.get("Date")) - Date.now();
    if (answer.status === 202 || answer.status === 400) {
      const { faults = [] } = await answer.json();
      const bad = new Set();
      for (const { index, reason, path } of faults) {
        for (const each of index === null ? batch : [batch[index]]) {
          if (!bad.has(each)) settle([each], "refused", reason, path);
          bad.add(each);
        }
      }
      settle(batch.filter((each) => !bad.has(each)), "taken");
    } else if (answer.status === 429 || answer.status === 503) {
      return (Number(answer.headers.get("Retry-After")) || 2) * 1_000 + Math.random() * 500;
    } else settle(batch, "refused", `answer ${answer.status}`, "$");
    return 0;
  }

  function settle(batch, ...outcome) {
    queue = queue.filter((each) => !batch.includes(each));
    for (const { event } of batch) told(event, ...outcome);
  }

  /** The time is given only once it can be given by the collector's clock: many devices' clocks are wrong. */
  function written(batch) {
    return JSON.stringify(batch.map(({ event, at }) =>
      Number.isFinite(ahead) ? { ...event, client_time: Math.round(at + ahead) } : event));
  }

  // What still waits when the page goes leaves by beacon; what was under way may come twice, under its id.
  addEventListener("pagehide", () => {
    if (!queue.length) return;
    const body = new Blob([written(queue.slice(0, MOST))], { type: "text/plain" });
    if (navigator.sendBeacon(collector, body)) queue = queue.slice(MOST);
  });
  addEventListener("online", flush);

  return { send };
}

/** 128 random bits, also where the page has no https. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
