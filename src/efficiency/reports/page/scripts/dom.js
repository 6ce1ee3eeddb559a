// Elements and figures: everything that comes from data enters the page as text.

/** An element with properties (`class`, `data-…`, `aria-…`, `on…` or DOM properties) and children (nodes or text). */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name === "class" ? "class" : name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const formats = new Map();
function number(value, most, least = 0) {
  const key = `${most}/${least}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat("zh-CN", { maximumFractionDigits: most, minimumFractionDigits: least }));
  }
  return formats.get(key).format(value);
}

/** `value` to so many decimals with its sign; what rounds to nothing has none. */
function signed(value, digits) {
  const text = number(value, digits, digits);
  return /[1-9]/.test(text) ? (value > 0 ? "+" : "") + text : text.replace("-", "");
}

const ABSENT = "—";
const KINDS = {
  integer: (v) => number(v, 0),
  ordinal: (v) => number(v, 0),
  amount: (v) => number(v, Math.abs(v) >= 1000 ? 0 : 2),
  ratio: (v) => number(v, Math.abs(v) >= 1 ? 2 : 4, 2),
  // A score below the cut of a tier never looks as if it reached it.
  score: (v) => number(v, DATA.cuts.some((cut) => v < cut && v >= cut - 0.005 - 1e-9) ? 6 : 2, 2),
  signed: (v) => signed(v, 2),
  percent: (v) => `${number(v * 100, 1)}%`,
};
/** Kinds of values that stand flush right and whose first sort is from the top down. */
const NUMERIC = new Set([...Object.keys(KINDS), "confidence"]);

/** `value` as people read it. */
function shown(value, kind) {
  if (value === null || value === undefined || value === "") return ABSENT;
  if (kind === "confidence") return `${number(value * 100, 3)}%`;
  return kind in KINDS ? KINDS[kind](value) : String(value);
}

/** A badge with the tier's letter; a tier that is not known is a dash. */
function badge(tier, large = false) {
  if (!tier) return el("span", { class: "absent" }, ABSENT);
  return el("span", { class: `tier tier-${tier}${large ? " large" : ""}` }, tier);
}

/** Pairs of a label and what there is to say about it. */
function entries(pairs, name = "entries") {
  const list = el("dl", { class: name });
  for (const [label, value] of pairs) list.append(el("div", {}, el("dt", {}, label), el("dd", {}, value)));
  return list;
}
