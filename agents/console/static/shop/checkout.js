/* The checkout: contact, shipping, payment, with a card that is declined for those who want to see that. */
import { h } from "../dom.js";
import { change, lines, order, sums, the } from "./basket.js";
import { price } from "./goods.js";
import { total } from "./views.js";

const STAGES = ["contact", "shipping", "payment"];
const ACCEPTED = "4242";

/** The view of the stage that is reached; each stage is told once it is done. */
export function view({ tell, go }) {
  if (!lines().length) {
    const empty = h("p", {}, "There is nothing to pay. ", h("a", { href: "/shop/" }, "To the shop"));
    return { title: "Checkout", kind: "checkout", content: [h("h1", { tabindex: "-1" }, "Checkout"), empty] };
  }
  const stage = the().checkout ?? STAGES[0];
  const steps = h("ol", { class: "steps", "aria-label": "Steps of the checkout" }, STAGES.map((name) =>
    h("li", { "aria-current": name === stage ? "step" : null }, name)));
  const on = (next) => {
    tell("checkout.advanced", { stage: next });
    change({ checkout: next });
    go("/checkout");
  };
  const form = { contact: contact(on), shipping: shipping(on), payment: payment(tell, go) }[stage];
  return {
    title: "Checkout", kind: stage === "payment" ? "payment" : "checkout",
    content: [h("h1", { tabindex: "-1" }, "Checkout"), steps, h("div", { class: "sides" }, form, total())],
    told: (send) => stage === STAGES[0] && send("checkout.started"),
  };
}

const field = (text, attributes) => h("label", {}, text, h("input", { required: true, ...attributes }));

function form(text, submit, ...content) {
  const onsubmit = (event) => {
    event.preventDefault();
    submit(new FormData(event.target), event.target);
  };
  return h("form", { class: "form", onsubmit }, content, h("button", { class: "main" }, text));
}

/** What is typed here stays on the page. */
function contact(on) {
  return form("On to shipping", () => on("shipping"),
    field("E-mail", { type: "email", name: "email", autocomplete: "email", value: "anna@example.com" }),
    field("Name", { name: "name", autocomplete: "name", value: "Anna Berg" }));
}

function shipping(on) {
  return form("On to payment", () => on("payment"),
    field("Street", { name: "street", autocomplete: "street-address", value: "Fjellveien 1" }),
    field("Town", { name: "town", autocomplete: "address-level2", value: "Bergen" }),
    h("label", {}, "Country", h("select", { name: "country" }, ["Norway", "Germany", "France"].map((name) => h("option", {}, name)))));
}

function payment(tell, go) {
  const card = (value, text) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "card", value, checked: value === ACCEPTED }), h("span", {}, text));
  const problem = h("p", { class: "problem", role: "alert" });
  const pay = (data) => {
    if (data.get("card") === ACCEPTED) {
      tell("order.placed", { order: order() });
      go("/done");
      return;
    }
    tell("payment.failed", { code: "card_declined" });
    problem.textContent = "Your bank declined this card. Nothing was charged: try another one, or come back later.";
  };
  return form(`Pay ${price(sums().total)}`, pay,
    h("fieldset", {}, h("legend", {}, "Card"), card(ACCEPTED, "•••• 4242, works"), card("0002", "•••• 0002, is declined")), problem);
}
