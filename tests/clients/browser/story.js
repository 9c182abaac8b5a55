// What the pages share: where the collector is, and the story in the words of Segment's specification.
const COLLECTOR = new URLSearchParams(location.search).get("collector");
const SHIRT = { product_id: "p-1", name: "Shirt", category: "Shirts", price: 19.9, currency: "EUR" };
const TWO = { ...SHIRT, quantity: 2, cart_id: "c-1" };
const TRACKED = [
  ["Product List Viewed", { category: "Shirts" }],
  ["Products Searched", { query: "shirt" }],
  ["Product Viewed", SHIRT],
  ["Product Added", TWO],
  ["Cart Viewed", { cart_id: "c-1", products: [TWO] }],
  ["Checkout Started", { cart_id: "c-1" }],
  ["Payment Info Entered", {}],
];
const ORDER = { order_id: "o-1", total: "39.80", currency: "EUR", products: [TWO] };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const told = () => { document.title = "told"; };
