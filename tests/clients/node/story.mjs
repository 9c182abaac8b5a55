// The shop story in the words of Segment's specification, which RudderStack and PostHog share.
export const SHIRT = { product_id: "p-1", name: "Shirt", category: "Shirts", price: 19.9, currency: "EUR" };
export const TWO = { ...SHIRT, quantity: 2, cart_id: "c-1" };
export const CART = { cart_id: "c-1", products: [TWO] };
export const ORDER = { order_id: "o-1", total: "39.80", currency: "EUR", products: [TWO] };
export const TRACKED = [
  ["Product List Viewed", { category: "Shirts" }],
  ["Products Searched", { query: "shirt" }],
  ["Product Viewed", SHIRT],
  ["Product Added", TWO],
  ["Cart Viewed", CART],
  ["Checkout Started", {}],
  ["Checkout Step Completed", { step: 2, step_name: "Shipping" }],
  ["Payment Info Entered", {}],
];
export const [, , URL_, KEY, SECRET] = process.argv;
