/* Numbers, times and durations as people read them. Times and durations come in ms. */
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

export const count = (number) => whole.format(number);
export const brief = (number) => (number < 10_000 ? whole : short).format(number);
export const percent = (part, all) => {
  if (!all) return "–";
  const share = (100 * part) / all;
  return `${share > 0 && share < 0.95 ? share.toFixed(1) : Math.round(share)} %`;
};

/** 34 ms · 1.2 s · 5 min · 3 h · 2 d */
export function span(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${trim(ms / 3_600_000)} h`;
  return `${trim(ms / 86_400_000)} d`;
}
const trim = (number) => number.toFixed(number < 10 ? 1 : 0).replace(/[.,]0$/, "");

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

const formats = new Map();
function formatted(t, zone, key, options) {
  const name = `${key} ${zone}`;
  if (!formats.has(name)) {
    let format;
    try {
      format = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    } catch {
      format = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
    }
    formats.set(name, format);
  }
  return formats.get(name).format(t);
}

export const clock = (t, zone) => formatted(t, zone, "clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const hour = (t, zone) => formatted(t, zone, "hour", { hour: "2-digit", minute: "2-digit" });
export const day = (t, zone) => formatted(t, zone, "day", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const date = (t, zone) => formatted(t, zone, "date", { day: "numeric", month: "short" });
export const moment = (t, zone) => formatted(t, zone, "moment", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
