// The address after `#`: list, filters, order and the open card, so that a copied address shows the same again.

const NO_FILTERS = { text: "", tier: [], before: [], town: [], division: [], cohort_name: [], borderline: false };
const noState = () => ({ view: DATA.views[0].id, ...NO_FILTERS, sort: null, card: null });

/** `state` as the part of an address after `#`; what is as usual is left out. */
function addressOf(state) {
  const parts = new URLSearchParams();
  if (state.view !== DATA.views[0].id) parts.append("view", state.view);
  if (state.text) parts.append("text", state.text);
  for (const key in NO_FILTERS) if (Array.isArray(NO_FILTERS[key])) for (const value of state[key]) parts.append(key, value);
  if (state.borderline) parts.append("borderline", "1");
  if (state.sort) parts.append("sort", `${state.sort[1] < 0 ? "-" : ""}${state.sort[0]}`);
  if (state.card) parts.append("card", state.card);
  return parts.toString();
}

/** The state that an address names; null where it names a place of the page, as a heading's does. */
function stateOf(hash) {
  const text = hash.replace(/^#/, "");
  if (text && byId(text)) return null;
  const state = noState();
  if (DATA.byCode.has(text)) return { ...state, card: text };
  const parts = new URLSearchParams(text);
  const view = DATA.views.find((one) => one.id === parts.get("view"));
  if (view) state.view = view.id;
  state.text = parts.get("text") ?? "";
  for (const key in NO_FILTERS) if (Array.isArray(NO_FILTERS[key])) state[key] = [...new Set(parts.getAll(key))];
  state.borderline = parts.has("borderline");
  const [, down, key] = /^(-?)(\w+)$/.exec(parts.get("sort") ?? "") ?? [];
  state.sort = key ? [key, down ? -1 : 1] : null;
  state.card = DATA.byCode.has(parts.get("card")) ? parts.get("card") : null;
  return state;
}

/** Puts `state` into the address; `push` makes it a step that the browser's back button undoes. */
function putAddress(state, push = false) {
  const hash = addressOf(state);
  const address = location.href.split("#")[0] + (hash && `#${hash}`);
  if (address === location.href) return;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

/** A link to an enterprise's card; a click keeps list, filters and order. */
function cardLink(code, words) {
  return el("a", { href: `#card=${code}`, "data-card": code }, words);
}
