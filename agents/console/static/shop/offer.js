/* An exit offer: comes from the service while the visitor is leaving, and opens a dialog. */
import { $ } from "../dom.js";
import { change, count, the } from "./basket.js";

const WORDS = {
  "free-shipping": ["Shipping is on us", "Stay a moment: your first order is sent for free.", "Use free shipping"],
  "percent-10": ["10 % off, just now", "Good to see you again. Take ten percent off this order.", "Take 10 % off"],
  "loyal-gift": ["A gift for coming back", "With your next order comes a titanium spork. It will outlive us all.", "Put it in"],
};
const NONE = ["Still thinking?", "Nothing runs away: we keep your cart on this device.", "Keep looking"];
const REMEMBERED = 20;

let open = null;

/** Listens for the visitor's offers while the page is there; `seen` hears of each. */
export function listen(visitor, seen) {
  let source;
  const start = () => {
    source = new EventSource(`/shop/offers?visitor=${encodeURIComponent(visitor)}`);
    source.addEventListener("trigger", (event) => fired(JSON.parse(event.data), seen));
    source.addEventListener("cancel", (event) => cancelled(JSON.parse(event.data), seen));
  };
  // A page in the back-forward cache would hold one of the few connections that a browser has.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && start());
  start();
}

function fired(trigger, seen) {
  if (the().shown.includes(trigger.trigger_id)) return;
  change({ shown: [...the().shown, trigger.trigger_id].slice(-REMEMBERED) });
  show(trigger);
  seen("trigger", trigger);
}

function cancelled(cancel, seen) {
  if (cancel.trigger_id === open?.trigger_id) $("offer").close("taken back");
  seen("cancel", cancel);
}

function show(trigger) {
  const [title, text, use] = WORDS[trigger.offer] ?? NONE;
  const dialog = $("offer");
  $("offer-title").textContent = title;
  $("offer-text").textContent = count() ? `${text} What you chose stays in the cart.` : text;
  $("offer-use").textContent = use;
  open = trigger;
  if (!dialog.open) dialog.showModal();
}

/** What becomes of an offer: `taken(offer)` when it is used. */
export function answers(taken) {
  const dialog = $("offer");
  dialog.addEventListener("close", () => {
    const offer = dialog.returnValue === "use" ? open?.offer : null;
    open = null;
    dialog.returnValue = "";
    if (offer) {
      change({ offer });
      taken(offer);
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("no"); // beside it
  });
}
