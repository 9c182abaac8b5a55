/* Senses that a visitor may be leaving. It decides nothing: the service weighs the signals.
 *
 *   import { sense } from "./exit-sensor.js";  // or the global exitSensor.sense
 *   const stop = sense((event) => send(event));
 *
 * `event`: { type: "exit.signal", signal, form_focus, held_ms? } or { type: "activity.pinged" }, without
 * id, visitor and client_time. Options, in ms: every, idle, ping; back: false spares history.
 */
const NOTE = "exit-sensor";
const FIELD = ":read-write,select,[type=file],[type=color],[role=combobox],[role=listbox],[role=menu]";
const HOLD = { pointer_top: 500, window_blur: 500, tab_hidden: 5_000 };

/** Calls `send` until the returned function is called. */
export function sense(send, { every = 10_000, idle = 30_000, ping = 60_000, back = true } = {}) {
  const off = new AbortController(), root = document.documentElement;
  const last = {}, held = new Map();
  const now = () => performance.now();
  const visible = () => !document.hidden;
  const heard = { signal: off.signal, passive: true, capture: true };
  const on = (target, types, act) => types.split(" ").forEach((type) => // but no script's own events
    target.addEventListener(type, (e) => e.isTrusted && act(e), heard));

  /** At most one of a sort in `every`. */
  function tell(signal, since, inForm) {
    const form_focus = inForm || formFocus(), sort = signal + form_focus;
    if (now() - last[sort] < every) return;
    last[sort] = now();
    const held_ms = since && { held_ms: Math.round(now() - since) };
    send({ type: "exit.signal", signal, form_focus, ...held_ms });
  }

  /** Tells a signal that lasts and is not released before. */
  function hold(signal) {
    const since = now(), inForm = formFocus();
    release(signal);
    const done = () => release(signal) && tell(signal, since, inForm);
    held.set(signal, { since, done, timer: setTimeout(done, HOLD[signal]) });
  }
  function release(signal) {
    clearTimeout(held.get(signal)?.timer);
    return held.delete(signal);
  }

  // A page in use pings now and then; one at rest is idle, once.
  let used = now(), pinged = used, resting;
  function use() {
    used = now();
    resting ??= setTimeout(rest, idle);
    if (!way.away && here() !== way.landing) note(true);
    if (visible() && used - pinged >= ping) {
      pinged = used;
      send({ type: "activity.pinged" });
    }
  }
  function rest() {
    const left = used + idle - now();
    resting = left > 0 ? setTimeout(rest, left) : undefined;
    if (!resting && visible()) tell("idle", used);
  }
  on(window, "pointermove pointerdown keydown wheel touchmove", use);

  // Out over the upper edge, to stay; with a button down it drags something.
  on(root, "pointerleave", (e) => {
    if (e.target === root && e.pointerType === "mouse" && !e.buttons && e.clientY <= 0) hold("pointer_top");
  });
  on(root, "pointerenter pointermove", () => release("pointer_top"));

  on(window, "keydown", (e) => {
    const key = e.key?.toLowerCase(), command = e.metaKey || (e.ctrlKey && !e.altKey); // AltGr is both
    const closes = key === "f4" ? e.altKey || e.ctrlKey : command && /^[wq]$/.test(key);
    if (closes && !e.repeat) tell("close_shortcut");
  });

  // A phone may stop a hidden page: then it tells when it wakes.
  on(document, "visibilitychange", () => {
    const { since, done } = held.get("tab_hidden") ?? {};
    if (!visible()) {
      release("window_blur"); // one act, one signal
      release("pointer_top");
      hold("tab_hidden");
    } else if (now() - since >= HOLD.tab_hidden) done();
    else release("tab_hidden");
  });

  // Another window. A frame's focus is the page's; that shows after the event.
  on(window, "blur", (e) => e.target === window && setTimeout(() => {
    if (visible() && !document.hasFocus()) hold("window_blur");
  }));
  on(window, "focus", () => release("window_blur"));

  // A flick up by finger or wheel, not by script or key.
  let y = scrollY, from = y, turned = 0, flicked;
  on(window, "wheel touchmove", () => { flicked = now(); });
  on(document, "scroll", (e) => {
    if (e.target !== document) return;
    if (scrollY >= y || now() - turned > 400) [from, turned] = [Math.max(y, scrollY), now()];
    y = scrollY;
    if (from - y >= Math.min(500, innerHeight * 0.6) && now() - flicked < 1_000) tell("scroll_up");
  });

  // The tab's way through the shop. At its start the first use lays an entry over the page's: a
  // step back stays here and is heard, the next leaves.
  let way = { landing: here(), away: false };
  function note(away) {
    way.away = away;
    try { sessionStorage.setItem(NOTE, JSON.stringify(way)); } catch {}
  }
  on(window, "pointerdown keydown", () => {
    if (!back || way.covered || way.away || document.referrer.startsWith(location.origin + "/")) return;
    way.covered = true;
    note(false);
    history.replaceState({ ...history.state, [NOTE]: "floor" }, "");
    history.pushState({ ...history.state, [NOTE]: "cover" }, "");
  });

  /** Back at the first page: from others, or from the cover. */
  function arrive(backwards, floor) {
    try { way = JSON.parse(sessionStorage.getItem(NOTE)) ?? way; } catch {}
    const landed = here() === way.landing;
    if (backwards && landed && (way.away || floor)) tell(way.away ? "landing_return" : "back");
    note(!landed);
  }
  on(window, "popstate", (e) => arrive(true, e.state?.[NOTE] === "floor"));
  on(window, "pageshow", (e) => e.persisted && arrive(true));
  arrive(performance.getEntriesByType("navigation")[0]?.type === "back_forward");
  use();

  return () => {
    off.abort();
    clearTimeout(resting);
    [...held.keys()].forEach(release);
  };
}

/** There, the browser's own lists explain most signals. */
function formFocus() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return Boolean(at?.matches(FIELD));
}

const here = () => location.pathname + location.search;

globalThis.exitSensor = { sense };
