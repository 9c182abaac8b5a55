/* What the shop keeps in the browser: who visits, what is in the cart, which offer was taken. */
import { CURRENCY, product, told } from "./goods.js";
import { makeId } from "./sender.js";

const KEY = "demo-shop";
const SHIPPING = 6.9;
const FREE_FROM = 300;

const fresh = () => ({ visitor: makeId(), customer: null, consent: { onsite: true, email: true },
  cart: { id: makeId(), version: 0, lines: {} }, checkout: null, offer: null, shown: [], order: null });

let state = read() ?? fresh();

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null; // storage may be forbidden: the basket lasts as long as the page
  }
}

export const the = () => state;

/** Changes what is kept; another tab of the shop sees it at its next look. */
export function change(what) {
  Object.assign(state, what);
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // as above
  }
}

/** A new visitor with nothing: as a private window, for those who show the shop again and again. */
export function startOver() {
  state = fresh();
  change({});
}

change({}); // who comes is known from the first moment on

addEventListener("storage", (event) => {
  if (event.key === KEY) state = read() ?? state;
});

export const lines = () => Object.entries(state.cart.lines).map(([id, quantity]) => ({ ...product(id), quantity }));
export const count = () => lines().reduce((sum, { quantity }) => sum + quantity, 0);

export function setQuantity(id, quantity) {
  const { [id]: _, ...others } = state.cart.lines;
  const lines = quantity > 0 ? { ...others, [id]: Math.min(quantity, 99) } : others;
  change({ cart: { ...state.cart, version: state.cart.version + 1, lines } });
}

/** The whole cart, as `cart.updated` carries it. */
export function whole() {
  const items = lines().map((line) => {
    const { id: product_id, ...rest } = told(line);
    return { product_id, quantity: line.quantity, ...rest };
  });
  const { id, version } = state.cart;
  return { id, version, url: `${location.origin}/shop/cart`, currency: CURRENCY, items };
}

/** Value of the goods, what the offer takes off, shipping, and what is to pay. */
export function sums() {
  const goods = round(lines().reduce((sum, { price, quantity }) => sum + price * quantity, 0));
  const off = state.offer === "percent-10" ? round(goods * 0.1) : 0;
  const shipping = !goods || goods >= FREE_FROM || state.offer === "free-shipping" ? 0 : SHIPPING;
  return { goods, off, shipping, total: round(goods - off + shipping) };
}

/** The cart becomes an order; the next cart is another one. */
export function order() {
  const { total } = sums();
  const placed = { id: `o-${makeId().slice(0, 10)}`, value: total, currency: CURRENCY, cart_id: state.cart.id };
  change({ order: placed, cart: fresh().cart, checkout: null, offer: null });
  return placed;
}

const round = (value) => Math.round(value * 100) / 100;
