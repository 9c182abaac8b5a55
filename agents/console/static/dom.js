/* Elements made of data. Text only ever becomes a text node: nothing in it is interpreted. */
const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((each) => each !== null && each !== undefined).map((each) =>
    each instanceof Node ? each : document.createTextNode(String(each))));
  return element;
}

/** An HTML element: h("p", { class: "note" }, "text", another). Attributes named on… are listeners. */
export const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const s = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

export const $ = (id) => document.getElementById(id);

/** A table: names of its columns, rows of cells of which the first is the row's head. On a phone its rows become
 * cards (console.css), so the roles are said. */
export function table(columns, rows) {
  const cell = (value, column, head) => h(head ? "th" : "td", { ...(head ? { scope: "row", role: "rowheader" } : { role: "cell" }), "data-column": columns[column] }, value);
  return h("table", { role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((name) => h("th", { scope: "col", role: "columnheader" }, name)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, row.map((value, column) => cell(value, column, column === 0))))));
}

/** Calls `draw` when `data` differs from the last call's: what is focused or selected survives. */
export function onChange(draw) {
  let last;
  return (...data) => {
    const key = JSON.stringify(data);
    if (key !== last) {
      last = key;
      draw(...data);
    }
  };
}
