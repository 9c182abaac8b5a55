/* What the demo shop sells, and how it looks. Data only: the pictures are markup written here. */
export const CURRENCY = "EUR";

export const GOODS = [
  {
    id: "tent-sarek-2", name: "Tent Sarek 2", category: "tents", price: 449, hue: 152,
    about: "Two people, two doors, 1.9 kg. Stands in a storm, and in a garden.",
    picture: '<path class="d" d="M12 96 60 22l48 74z"/><path class="l" d="M60 22 108 96H84z"/><path class="w" d="M60 50 78 96H44z"/><path class="s" d="M60 22V14M6 98h108"/>',
  },
  {
    id: "backpack-tour-45", name: "Backpack Tour 45", category: "backpacks", price: 169, hue: 24,
    about: "45 litres, a back that breathes, and a rain cover in the lid.",
    picture: '<path class="s" d="M46 28c0-14 28-14 28 0"/><rect class="d" x="32" y="26" width="56" height="76" rx="18"/><rect class="l" x="38" y="62" width="44" height="34" rx="9"/><path class="w" d="M38 40h44v8H38z"/><path class="s" d="M60 62v12"/>',
  },
  {
    id: "hiking-boot-dolomit", name: "Hiking boot Dolomit", category: "shoes", price: 219, hue: 200,
    about: "Leather, resoled twice without complaint. Break it in on the stairs.",
    picture: '<path class="d" d="M36 20h30v38c14 6 40 6 42 30H30c-2-24 6-40 6-68z"/><path class="l" d="M30 88h78v10c0 4-3 6-7 6H37c-5 0-7-3-7-7z"/><path class="s" d="m52 34 14 4m-16 8 16 4m-16 8 20 4"/>',
  },
  {
    id: "gas-stove-spark", name: "Gas stove Spark", category: "cooking", price: 44.9, hue: 350,
    about: "A litre boils in three minutes. Folds into a cup.",
    picture: '<rect class="d" x="36" y="68" width="48" height="36" rx="10"/><path class="l" d="M36 82h48v10H36z"/><path class="s" d="M60 68V54M36 52h48M40 52l-6-10m46 10 6-10"/><path class="w" d="M60 12c12 12 14 20 8 30H52c-8-10 2-14 8-30z"/>',
  },
  {
    id: "bottle-1-l-steel", name: "Bottle 1 l, steel", category: "cooking", price: 27.9, hue: 260,
    about: "One litre, one piece, no taste of anything.",
    picture: '<rect class="l" x="50" y="10" width="20" height="16" rx="4"/><path class="d" d="M48 28h24c0 10 10 12 10 26v42c0 6-4 10-10 10H48c-6 0-10-4-10-10V54c0-14 10-16 10-26z"/><path class="w" d="M46 62h10v30H46z"/>',
  },
  {
    id: "rain-jacket-skagen", name: "Rain jacket Skagen", category: "jackets", price: 129, hue: 48,
    about: "Three layers, taped seams, a hood that turns with the head.",
    picture: '<path class="d" d="M42 18h36l30 22-12 22-12-8v52H36V54l-12 8-12-22z"/><path class="l" d="M42 18c2 18 34 18 36 0l-6-6H48z"/><path class="s" d="M60 32v74M44 78h8m16 0h8"/>',
  },
];

export const CATEGORIES = [...new Set(GOODS.map((each) => each.category))];

export const product = (id) => GOODS.find((each) => each.id === id);

/** The part of a product that events carry. */
export function told({ id, name, category, price }) {
  return { id, name, category, price, url: `${location.origin}/shop/product/${id}` };
}

export function picture({ hue, picture: shapes, name }) {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 120 120" class="picture hue-${hue}" role="img">${shapes}</svg>`;
  holder.content.firstChild.setAttribute("aria-label", name);
  return holder.content.firstChild;
}

const money = new Intl.NumberFormat("en", { style: "currency", currency: CURRENCY });
export const price = (value) => money.format(value);
