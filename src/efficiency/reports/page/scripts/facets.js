// The filters: what is chosen, which rows pass, and how many each further choice would give.

const FACETS = [["tier", "本期等级"], ["before", "上期等级"], ["town", "镇办"], ["division", "行业"], ["cohort_name", "评价组"]];
const FACET_TITLES = Object.fromEntries(FACETS);

const NO_COHORT = "无评价组";

/** The value of a facet; an enterprise without a tier has one that says so. */
const facetValue = (row, key) => row[key] ?? (key === "cohort_name" ? NO_COHORT : DATA.unrated);
const isBorderline = (row) => typeof row.tier_confidence === "number" && row.tier_confidence < DATA.confident;

const searched = new WeakMap();

/** What the search looks at, in small letters. */
function searchText(row) {
  if (!searched.has(row)) {
    const texts = [row.name, row.uscc, row.town, row.industry_name, row.chain, row.reason, row.status_reason];
    searched.set(row, texts.filter(Boolean).join(" ").toLowerCase());
  }
  return searched.get(row);
}

/**
 * Rows of `view` that pass all filters of `state`, and for each facet value → rows that would pass if this value alone
 * were chosen there: its count follows the other filters.
 */
function filtered(view, state) {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = FACETS.map(([key]) => (state[key].length ? new Set(state[key]) : null));
  const counts = FACETS.map(() => new Map());
  const rows = [];
  for (const row of view.records) {
    if (state.borderline && !isBorderline(row)) continue;
    if (words.length && !words.every((word) => searchText(row).includes(word))) continue;
    const values = FACETS.map(([key]) => facetValue(row, key));
    const failed = values.flatMap((value, i) => (chosen[i] && !chosen[i].has(value) ? [i] : []));
    if (!failed.length) rows.push(row);
    for (const [i, value] of values.entries()) {
      if (!failed.length || (failed.length === 1 && failed[0] === i)) counts[i].set(value, (counts[i].get(value) ?? 0) + 1);
    }
  }
  return { rows, counts };
}

/** What is chosen, in words; empty where nothing is. */
function filterWords(state) {
  return [
    state.text && `搜索“${state.text}”`,
    ...FACETS.map(([key, title]) => state[key].length && `${title}：${state[key].join("、")}`),
    state.borderline && "只看临界",
  ].filter(Boolean).join("；");
}

/** The values of a facet, tiers in their order, others the most frequent first. */
function facetValues(key) {
  const counts = new Map();
  for (const row of everybody) counts.set(facetValue(row, key), (counts.get(facetValue(row, key)) ?? 0) + 1);
  const values = [...counts.keys()];
  if (key === "tier" || key === "before") return values.sort((a, b) => (a === DATA.unrated) - (b === DATA.unrated) || collator.compare(a, b));
  return values.sort((a, b) => counts.get(b) - counts.get(a) || collator.compare(a, b));
}

/** One facet: a group of boxes. `update(counts, chosen)` sets the counts and hides what would give nothing. */
function facet(key, title, onPick) {
  const list = el("div", { class: "options" });
  const boxes = new Map();
  const names = new Map(DATA.palette.map(({ tier, name }) => [tier, `${tier} ${name}`]));
  function add(value) {
    const count = el("span", { class: "number" });
    const box = el("input", { type: "checkbox", name: key, value, onchange: () => onPick([...boxes.values()].filter((one) => one.box.checked).map((one) => one.box.value)) });
    const label = el("label", {}, box, el("span", {}, names.get(value) ?? value), count);
    boxes.set(value, { box, label, count });
    list.append(label);
  }
  facetValues(key).forEach(add);
  return {
    element: el("fieldset", { class: "facet" }, el("legend", {}, title), list),
    several: [...boxes.keys()].filter((value) => value !== NO_COHORT).length > 1,
    update(counts, chosen) {
      for (const value of chosen) if (!boxes.has(value)) add(value);
      for (const [value, { box, label, count }] of boxes) {
        const found = counts.get(value) ?? 0;
        box.checked = chosen.includes(value);
        label.hidden = !found && !box.checked;
        count.textContent = number(found, 0);
      }
    },
  };
}

/**
 * Fills the form. `onChange(changed)` is called with what the reader has chosen anew; `update(state, counts, views)` shows
 * a state: counts of the facets, and of each view the rows that pass.
 */
function filterForm(form, onChange) {
  let waiting;
  const text = el("input", { type: "search", name: "text", placeholder: "企业名称、代码、行业或理由", autocomplete: "off",
    oninput: () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => onChange({ text: text.value }), 120);
    } });
  const borderline = el("input", { type: "checkbox", name: "borderline", onchange: () => onChange({ borderline: borderline.checked }) });
  const views = DATA.views.map((view) => {
    const box = el("input", { type: "radio", name: "view", value: view.id, onchange: () => onChange({ view: view.id, sort: null }) });
    const count = el("span", { class: "number" });
    return { id: view.id, box, count, label: el("label", {}, box, el("span", { class: "pill" }, `${view.title} `, count)) };
  });
  const facets = FACETS.map(([key, title]) => facet(key, title, (values) => onChange({ [key]: values })));
  const fold = el("details", { class: "facets-fold" }, el("summary", {}, "按等级、镇办、行业筛选"),
    el("div", { class: "facets" }, facets.filter((one) => one.several).map((one) => one.element)));
  fold.open = innerWidth > 640;
  form.append(
    el("fieldset", { class: "views" }, el("legend", { class: "hidden" }, "名单"), views.map((view) => view.label)),
    el("div", { class: "fields" },
      el("label", { class: "wider" }, el("span", {}, "搜索"), text),
      el("label", { class: "check" }, borderline, "只看临界"),
      el("button", { type: "button", class: "plain", onclick: () => onChange(NO_FILTERS) }, "清除筛选")),
    fold);
  form.addEventListener("submit", (event) => event.preventDefault());
  return {
    update(state, counts, passing) {
      if (text.value !== state.text) text.value = state.text;
      borderline.checked = state.borderline;
      for (const view of views) {
        view.box.checked = view.id === state.view;
        view.count.textContent = number(passing.get(view.id), 0);
      }
      for (const [i, one] of facets.entries()) one.update(counts[i], state[FACETS[i][0]]);
    },
  };
}
