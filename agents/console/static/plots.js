/* Plots drawn by hand as SVG, as wide as their place. Each has a label that says it in words. */
import { h, s } from "./dom.js";
import { brief, count, date, hour, percent, span } from "./format.js";

const widthOf = (place) => Math.max(280, place.clientWidth);

function svg(place, width, height, label, ...children) {
  place.replaceChildren(s("svg", { role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` }, ...children));
}

const text = (x, y, value, attributes) => s("text", { x, y, ...attributes }, value);
const titled = (element, title) => { element.append(s("title", {}, title)); return element; };

/** A round number at or above a largest value, for an axis. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 3, 4, 5, 10].map((each) => each * power).find((each) => each >= value) ?? 10 * power;
}

/** Stacked bars by time: series of [begin, { recipe: fired }, held]. */
export function activity(place, { series, names, colour, over, zone }) {
  const width = widthOf(place), height = 170, left = 34, bottom = 22, top = 8;
  const wide = (width - left) / series.length, high = height - bottom - top;
  const sums = series.map(([, fired]) => names.reduce((sum, name) => sum + (fired[name] ?? 0), 0));
  const most = ceiling(Math.max(...sums, 1)), y = (value) => top + high * (1 - value / most);
  const said = over === "month" ? date : hour;
  const parts = [0, most / 2, most].filter(Number.isInteger).map((value) => s("g", { class: "axis" },
    s("line", { x1: left, x2: width, y1: y(value), y2: y(value) }), text(left - 6, y(value) + 4, brief(value), { "text-anchor": "end" })));
  series.forEach(([begin, fired, held], number) => {
    let base = 0;
    const group = s("g", { class: "stack" });
    group.append(s("rect", { class: "hit", x: left + number * wide, y: top, width: wide, height: high }));
    for (const name of names) {
      const value = fired[name] ?? 0;
      if (!value) continue;
      group.append(s("rect", { x: left + number * wide + wide * 0.14, width: Math.max(1, wide * 0.72), y: y(base + value), height: Math.max(1, y(base) - y(base + value) - 0.5), rx: Math.min(2, wide / 6), class: "mark", "data-colour": colour(name) }));
      base += value;
    }
    const by = names.filter((name) => fired[name]).map((name) => `${name} ${fired[name]}`).join("\n");
    parts.push(titled(group, `${said(begin, zone)}: ${sums[number]} sent, ${held} held back or ended early\n${by}`));
  });
  const every = Math.ceil(series.length / Math.max(2, Math.floor(width / 90)));
  series.forEach(([begin], number) => {
    if (number % every === 0) parts.push(text(left + number * wide, height - 6, said(begin, zone), { class: "tick" }));
  });
  const total = sums.reduce((sum, each) => sum + each, 0);
  svg(place, width, height, `${count(total)} triggers sent; at most ${Math.max(...sums)} in one bar.`, ...parts);
}

/** What is taken away from candidates until the sent ones are left. Rows: { name, about, number, sort }; `sort`
 * total (what is left), closed or refused (what goes). Where it is narrow the names stand above the bars. */
export function waterfall(place, rows) {
  const width = widthOf(place), narrow = width < 520, line = narrow ? 40 : 30, from = narrow ? 0 : 216, right = narrow ? 0 : 112;
  const room = width - from - right, all = rows[0].number, height = rows.length * line + 4;
  const x = (value) => from + (room * value) / all, shift = narrow ? 20 : 4, high = narrow ? 14 : line - 12;
  let left = all;
  const parts = rows.map((row, number) => {
    const top = number * line + 3, total = row.sort === "total", begin = total ? 0 : left - row.number, said = { class: total ? "strong" : "label" };
    const bar = (name, low, upTo, least) => s("rect", { class: name, x: x(low), y: top + shift, width: Math.max(least, x(upTo) - x(low)), height: high, rx: 3 });
    const group = s("g", { class: `row ${row.sort}` }, text(0, top + (narrow ? 14 : 17), row.name, said),
      total ? null : bar("ghost", 0, begin, 0), bar("mark", begin, begin + row.number, 1.5),
      text(width - 46, top + (narrow ? 14 : 17), count(row.number), { ...said, "text-anchor": "end" }),
      text(width, top + (narrow ? 14 : 17), percent(row.number, all), { class: "tick", "text-anchor": "end" }));
    if (!total) left -= row.number;
    return titled(group, `${row.about ?? row.name}: ${count(row.number)} of ${count(all)} (${percent(row.number, all)})`);
  });
  const sent = rows.at(-1).number;
  svg(place, width, height, `Of ${count(all)} steps decided ${count(sent)} were sent, ${percent(sent, all)}.`, ...parts);
}

/** How often something took how long; `bounds` (ms) are those of the buckets. */
export function histogram(place, { bounds, buckets, p50, p99, count: all }, name) {
  const width = widthOf(place), height = 132, bottom = 20, top = 20, high = height - bottom - top;
  const first = Math.max(0, Math.min(5, buckets.findIndex(Boolean) - 1));
  const last = Math.max(first + 7, buckets.findLastIndex(Boolean) + 1);
  const shown = buckets.slice(first, last + 1), most = Math.max(...shown, 1), wide = width / shown.length;
  const parts = shown.map((value, number) => {
    const tall = value ? Math.max(2, (high * value) / most) : 0, bound = bounds[first + number];
    const bar = s("rect", { class: "mark", x: number * wide + 1, width: Math.max(1, wide - 2), y: top + high - tall, height: tall, rx: 2 });
    return titled(s("g", { class: "stack" }, s("rect", { class: "hit", x: number * wide, y: top, width: wide, height: high }), bar), `up to ${span(bound)}: ${count(value)}`);
  });
  parts.push(s("line", { class: "base", x1: 0, x2: width, y1: top + high, y2: top + high }));
  const every = Math.ceil(shown.length / Math.max(2, Math.floor(width / 52)));
  shown.forEach((_, number) => {
    if (number % every === every - 1) parts.push(text((number + 1) * wide, height - 5, span(bounds[first + number]), { class: "tick", "text-anchor": number === shown.length - 1 ? "end" : "middle" }));
  });
  const at = (ms) => {
    const place_ = bounds.findIndex((bound) => ms <= bound), low = place_ ? bounds[place_ - 1] : 0;
    return (place_ - first + (ms - low) / (bounds[place_] - low)) * wide;
  };
  for (const [said, value] of [["p50", p50], ["p99", p99]]) {
    if (value === null) continue;
    parts.push(s("line", { class: "quantile", x1: at(value), x2: at(value), y1: 12, y2: top + high }),
      text(at(value), 10, said, { class: "tick", "text-anchor": at(value) > width - 20 ? "end" : "middle" }));
  }
  svg(place, width, height, all ? `${name}: p50 ${span(p50)}, p99 ${span(p99)}, of ${count(all)}.` : `${name}: none yet.`, ...parts);
}

/** Samples of [time, age] (ms) as a line with its area. */
export function line(place, samples, zone) {
  const width = widthOf(place), height = 120, left = 56, bottom = 20, top = 8, high = height - bottom - top;
  const begin = samples[0][0], end = Math.max(samples.at(-1)[0], begin + 60_000);
  const largest = Math.max(...samples.map(([, age]) => age), 1000), unit = largest < 120_000 ? 1000 : largest < 7_200_000 ? 60_000 : 3_600_000;
  const most = ceiling(largest / unit) * unit;
  const x = (t) => left + ((width - left) * (t - begin)) / (end - begin), y = (age) => top + high * (1 - age / most);
  const points = samples.map(([t, age]) => `${x(t).toFixed(1)},${y(age).toFixed(1)}`);
  const parts = [0, most / 2, most].map((value) => s("g", { class: "axis" }, s("line", { x1: left, x2: width, y1: y(value), y2: y(value) }),
    text(left - 6, y(value) + 4, span(value), { "text-anchor": "end" })));
  parts.push(s("path", { class: "area", d: `M${x(begin)},${y(0)} L${points.join(" L")} L${x(samples.at(-1)[0])},${y(0)} Z` }),
    s("path", { class: "line", d: `M${points.join(" L")}` }));
  for (const share of [0, 0.5, 1]) {
    const t = begin + share * (end - begin);
    parts.push(text(x(t), height - 5, hour(t, zone), { class: "tick", "text-anchor": share === 1 ? "end" : share ? "middle" : "start" }));
  }
  svg(place, width, height, `Age of the watermark in the last minutes: at most ${span(largest)}, now ${span(samples.at(-1)[1])}.`, ...parts);
}

/** Members of an audience at the end of each stretch of time, as a line with its area. */
export function sizes(place, { name, series, begins, over, zone }) {
  const width = Math.max(200, place.clientWidth), height = 84, left = 34, bottom = 18, top = 6, high = height - bottom - top;
  const most = ceiling(Math.max(...series, 1)), said = over === "month" ? date : hour, last = series.length - 1;
  const x = (number) => left + ((width - left - 2) * number) / Math.max(1, last), y = (value) => top + high * (1 - value / most);
  const points = series.map((value, number) => `${x(number).toFixed(1)},${y(value).toFixed(1)}`);
  const parts = [0, most].map((value) => s("g", { class: "axis" }, s("line", { x1: left, x2: width, y1: y(value), y2: y(value) }),
    text(left - 6, y(value) + 4, brief(value), { "text-anchor": "end" })));
  parts.push(s("path", { class: "area", d: `M${x(0)},${y(0)} L${points.join(" L")} L${x(last)},${y(0)} Z` }), s("path", { class: "line", d: `M${points.join(" L")}` }));
  const wide = (width - left) / series.length;
  series.forEach((value, number) => parts.push(titled(s("g", { class: "stack" }, s("rect", { class: "hit", x: left + number * wide, y: top, width: wide, height: high })), `${said(begins[number], zone)}: ${count(value)}`)));
  for (const number of [0, last]) parts.push(text(x(number), height - 4, said(begins[number], zone), { class: "tick", "text-anchor": number ? "end" : "start" }));
  svg(place, width, height, `${name}: ${count(series[0])} members at first, ${count(series[last])} now, at most ${count(Math.max(...series))}.`, ...parts);
}

/** Named numbers as bars in HTML, which wrap as text does. */
export function bars(place, entries) {
  const most = Math.max(...entries.map(([, number]) => number), 1);
  place.replaceChildren(h("ul", { class: "bars" }, entries.map(([name, number]) => {
    const fill = h("span", { class: "fill" });
    fill.style.width = `${(100 * number) / most}%`;
    return h("li", {}, h("span", {}, name), h("span", { class: "track", "aria-hidden": "true" }, fill), h("b", {}, count(number)));
  })));
}

/** A small line without axes, for a figure or a table. */
export function spark(values) {
  const width = 96, height = 24, most = Math.max(...values, 1);
  const points = values.map((value, number) => `${((number * width) / Math.max(1, values.length - 1)).toFixed(1)},${(height - 2 - ((height - 4) * value) / most).toFixed(1)}`);
  return s("svg", { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    s("path", { class: "area", d: `M0,${height} L${points.join(" L")} L${width},${height} Z` }), s("path", { class: "line", d: `M${points.join(" L")}` }));
}
