/* The places of the shop: each gives its title, its content, its kind for `page.viewed`, and what else is told. */
import { h } from "../dom.js";
import { lines, sums, the } from "./basket.js";
import { CATEGORIES, GOODS, picture, price, product as known, told } from "./goods.js";

const heading = (text) => h("h1", { tabindex: "-1" }, text);
const titled = (text) => text[0].toUpperCase() + text.slice(1);

function card(each) {
  return h("li", { class: "card" },
    h("a", { href: `/shop/product/${each.id}` }, picture(each), h("span", { class: "name" }, each.name)),
    h("p", { class: "price" }, price(each.price)),
    h("button", { type: "button", class: "small", "data-add": each.id, "aria-label": `Add ${each.name} to the cart` }, "Add"));
}

const shelf = (goods) => h("ul", { class: "shelf" }, goods.map(card));

const chips = (current) => h("nav", { class: "chips", "aria-label": "Categories" }, CATEGORIES.map((name) =>
  h("a", { href: `/shop/category/${name}`, "aria-current": name === current ? "page" : null }, titled(name))));

export function home() {
  const hero = h("section", { class: "hero" }, heading("Far out, and back for dinner"),
    h("p", {}, "Six good things for a night outside. Look around, fill a cart, and try to leave."));
  return { title: "Home", kind: "home", content: [hero, chips(), shelf(GOODS)] };
}

export function category(name) {
  const found = GOODS.filter((each) => each.category === name);
  if (!found.length) return missing();
  return {
    title: titled(name), kind: "list", content: [heading(titled(name)), chips(name), shelf(found)],
    told: (send) => send("category.viewed", { category: name }),
  };
}

export function search(query) {
  const found = GOODS.filter((each) => `${each.name} ${each.category} ${each.about}`.toLowerCase().includes(query.toLowerCase()));
  const none = h("p", { class: "quiet" }, `Nothing is called “${query}” here.`);
  return {
    title: "Search", kind: "list", content: [heading(`Found for “${query}”`), found.length ? shelf(found) : none, chips()],
    told: (send) => query && send("search.performed", { query: query.slice(0, 200) }),
  };
}

export function product(id) {
  const each = known(id);
  if (!each) return missing();
  const text = h("div", {}, heading(each.name), h("p", { class: "price" }, price(each.price)), h("p", {}, each.about),
    h("button", { type: "button", class: "main", "data-add": id }, "Add to cart"),
    h("p", { class: "quiet" }, "Free shipping from €300. Thirty days to think again."));
  const others = GOODS.filter((other) => other !== each).slice(0, 3);
  return {
    title: each.name, kind: "product",
    content: [h("article", { class: "product" }, picture(each), text), h("h2", {}, "Goes well with it"), shelf(others)],
    told: (send) => send("product.viewed", { product: told(each) }),
  };
}

export function cart(setQuantity) {
  const found = lines();
  if (!found.length) {
    const empty = h("p", {}, "Nothing in it yet. ", h("a", { href: "/shop/" }, "Have a look around"), ".");
    return { title: "Cart", kind: "cart", content: [heading("Your cart"), empty] };
  }
  const rows = found.map((line) => h("li", {}, picture(line),
    h("a", { class: "name", href: `/shop/product/${line.id}` }, line.name),
    h("label", {}, h("span", { class: "unseen" }, `Quantity of ${line.name}`), h("input", {
      type: "number", min: "1", max: "99", value: line.quantity, inputmode: "numeric",
      onchange: (event) => setQuantity(line.id, Math.max(0, Math.trunc(Number(event.target.value)) || 0)),
    })),
    h("span", { class: "price" }, price(line.price * line.quantity)),
    h("button", { type: "button", class: "plain", "aria-label": `Remove ${line.name}`, onclick: () => setQuantity(line.id, 0) }, "✕")));
  const on = h("p", {}, h("a", { class: "main button", href: "/shop/checkout" }, "To the checkout"));
  const left = h("p", { class: "quiet" }, "Leave it here: five minutes after your last click the service knows that you are away, and a reminder waits. ",
    h("a", { "data-console": "", href: "/" }, "See it in the console"), ".");
  return { title: "Cart", kind: "cart", content: [heading("Your cart"), h("ul", { class: "lines" }, rows), total(), on, left] };
}

/** What is to pay, line by line. */
export function total() {
  const { goods, off, shipping, total: all } = sums();
  const row = (name, value) => [h("dt", {}, name), h("dd", {}, value)];
  return h("dl", { class: "total" }, row("Goods", price(goods)), off ? row("Your 10 %", `− ${price(off)}`) : [],
    the().offer === "loyal-gift" ? row("Spork, titanium", "a gift") : [],
    row("Shipping", shipping ? price(shipping) : "free"), row("To pay", price(all)));
}

export function done(cancel) {
  const placed = the().order;
  if (!placed) return { title: "No order", kind: "other", content: [heading("There is no order"), h("p", {}, h("a", { href: "/shop/" }, "Back to the shop"))] };
  return {
    title: "Thank you", kind: "confirmation",
    content: [heading("Thank you, it is on its way"), h("p", {}, "Order ", h("code", {}, placed.id), `, ${price(placed.value)}. No reminder will follow: `,
      h("a", { "data-console": "", href: "/" }, "see why"), "."), h("p", {}, h("button", { type: "button", onclick: cancel }, "Cancel the order"))],
  };
}

const CUSTOMERS = [
  ["c-anna", "Anna, by e-mail and text message", ["email", "sms"]],
  ["c-ben", "Ben, by e-mail", ["email"]],
  ["c-clara", "Clara, by push message", ["push"]],
];

export function account({ login, logout, consent }) {
  const { customer, consent: given } = the();
  const choose = h("form", { class: "form", onsubmit: (event) => {
    event.preventDefault();
    const [id, , contacts] = CUSTOMERS[Number(new FormData(event.target).get("who"))];
    login(id, contacts);
  } }, h("label", {}, "Who are you?", h("select", { name: "who" }, CUSTOMERS.map(([, name], index) => h("option", { value: index }, name)))),
  h("button", { class: "main" }, "Log in"));
  const known = h("p", {}, "You are ", h("code", {}, customer ?? ""), ". ",
    h("button", { type: "button", onclick: logout }, "Log out and forget this device"));
  const agree = (name, text) => h("label", { class: "switch" }, h("input", {
    type: "checkbox", role: "switch", checked: given[name], onchange: (event) => consent(name, event.target.checked),
  }), h("span", {}, text));
  return {
    title: "Account", kind: "other",
    content: [heading("Account"), customer ? known : choose, h("h2", {}, "What we may do"),
      h("div", { class: "form" }, agree("onsite", "Show me offers on these pages"), agree("email", "Write to me about what I left"))],
  };
}

function missing() {
  return { title: "Not here", kind: "other", content: [heading("This is not here"), h("p", {}, h("a", { href: "/shop/" }, "Back to the shop"))] };
}
