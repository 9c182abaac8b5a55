/* The demo shop: every place is a view of this one page; what the visitor does becomes events. */
import { $ } from "../dom.js";
import * as basket from "./basket.js";
import * as behind from "./behind.js";
import * as checkout from "./checkout.js";
import { sense } from "./exit-sensor.js";
import * as offer from "./offer.js";
import { connect } from "./sender.js";
import * as views from "./views.js";

const ROOT = "/shop";
const { the } = basket;
const { send } = connect({
  collector: "/collect", visitor: the().visitor, customer: () => the().customer, told: behind.told,
});

/** The view of an address, and what the service hears of it. */
function place(address) {
  const [, , name = "", id = ""] = address.pathname.split("/").map(decodeURIComponent);
  const query = address.searchParams.get("q") ?? "";
  switch (name) {
    case "product": return views.product(id, tell);
    case "category": return views.category(id);
    case "search": return views.search(query);
    case "cart": return views.cart(setQuantity);
    case "checkout": return checkout.view({ tell, go });
    case "done": return views.done(cancelOrder);
    case "account": return views.account({ login, logout, consent });
    default: return views.home();
  }
}

let shown = "";

/** Shows where the address leads, and says so to the service. */
function show({ events = true, focus = true } = {}) {
  shown = location.href;
  const { title, content, kind, told } = place(new URL(location.href));
  document.title = `${title} · Fjellgang, a demo shop`;
  $("main").replaceChildren(...content);
  for (const link of document.querySelectorAll("header nav a")) {
    if (new URL(link.href).pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (events) {
    send("page.viewed", { page: { kind, path: location.pathname, title } });
    told?.(send);
  }
  counts();
  if (focus) {
    scrollTo(0, 0);
    $("main").querySelector("h1")?.focus({ preventScroll: true });
  }
}

function go(path) {
  history.pushState(null, "", ROOT + path);
  show();
}

function counts() {
  const count = basket.count();
  $("cart-count").textContent = count || "";
  $("cart-link").setAttribute("aria-label", `Cart, ${count} ${count === 1 ? "item" : "items"}`);
  behind.name();
}

function tell(type, body) {
  return send(type, body);
}

function setQuantity(id, quantity) {
  basket.setQuantity(id, quantity);
  send("cart.updated", { cart: basket.whole() });
  say(quantity ? "The cart is changed." : "It is out of the cart.");
  show({ events: false, focus: false });
}

function addToCart(id) {
  const had = the().cart.lines[id] ?? 0;
  basket.setQuantity(id, had + 1);
  send("cart.updated", { cart: basket.whole() });
  counts();
  say("It is in the cart.");
}

function login(customer, contacts) {
  basket.change({ customer });
  send("visitor.identified", { contacts, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
  say("You are logged in.");
  show({ events: false, focus: false });
}

function logout() {
  basket.startOver();
  location.assign(`${ROOT}/`);
}

function consent(name, granted) {
  basket.change({ consent: { ...the().consent, [name]: granted } });
  const channels = name === "email" ? ["email", "sms", "push", "messenger"] : [name];
  send("consent.changed", { channels, granted });
  say(granted ? "Noted: you may be written to." : "Noted: you are left alone.");
}

function cancelOrder() {
  send("order.cancelled", { order: { id: the().order.id } });
  basket.change({ order: null });
  say("The order is cancelled.");
  show({ events: false });
}

/** Also for those who do not see it. */
function say(text) {
  const toast = $("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.classList.remove("shown"), 3_000);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (link && plain && link.origin === location.origin && link.pathname.startsWith(`${ROOT}/`)) {
    event.preventDefault();
    if (link.href !== location.href) go(link.href.slice(location.origin.length + ROOT.length));
  }
  const button = event.target.closest("button[data-add]");
  if (button) addToCart(button.dataset.add);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "search") return;
  event.preventDefault();
  const query = new FormData(event.target).get("q").trim();
  if (query) go(`/search?q=${encodeURIComponent(query)}`);
});
addEventListener("popstate", () => {
  if (location.href !== shown) show(); // else the sensor's own step
});
$("start-over").addEventListener("click", logout);

offer.answers(() => {
  say("The offer is in your cart.");
  go("/cart");
});
sense((event) => {
  const { type, ...body } = event;
  send(type, body);
});
show({ focus: false });
offer.listen(the().visitor, behind.heard);
