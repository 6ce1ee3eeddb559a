// The page: reads the data, fills the sections, and keeps filters, table, quadrant and card in step.

const DATA = JSON.parse(byId("data").textContent);

/** Objects out of columns. */
function records(columns) {
  const names = Object.keys(columns);
  const count = Math.max(0, ...names.map((name) => columns[name].length));
  return Array.from({ length: count }, (_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
}

const everybody = records(DATA.enterprises);
DATA.byCode = new Map(everybody.map((enterprise) => [enterprise.uscc, enterprise]));
const entryOf = new Map();
for (const view of DATA.views) {
  if (!view.rows) {
    view.records = everybody.filter((enterprise) => view.status.includes(enterprise.status));
    continue;
  }
  view.records = records(view.rows).filter((row) => DATA.byCode.has(row.uscc)).map((row) => {
    entryOf.set(row.uscc, row);
    return { ...DATA.byCode.get(row.uscc), ...row };
  });
}

// -- 概况 ------------------------------------------------------------------------------------------------------------

function change({ value, previous, kind, unit }) {
  if (!isNumber(value)) return "本期无数据";
  if (!isNumber(previous)) return "无上期数据";
  if (value === previous) return "与上期持平";
  if (kind === "integer") return `较上期 ${signed(value - previous, 0)} ${unit}`;
  return previous ? `较上期 ${signed(((value - previous) / Math.abs(previous)) * 100, 1)}%` : `上期 ${number(previous, 2)}`;
}

function overview() {
  byId("title").textContent = `${DATA.title}(${DATA.period})`;
  byId("meta").textContent = `办法：${DATA.policy} · 生成时间：${DATA.created} · 评价编号：${DATA.evaluation}`;
  byId("story").textContent = DATA.story;
  byId("proposal").textContent = DATA.proposal;
  byId("headlines").append(...DATA.headlines.map((h) => el("div", { class: "headline" },
    el("span", { class: "label" }, `${h.label}(${h.unit})`), el("b", {}, shown(h.value, h.kind)), el("span", { class: "change" }, change(h)))));
  byId("lists").append(...DATA.lists.map((list) => el("a", { class: "list", href: "#enterprises", onclick: () => setFilters({ view: `list-${list.id}` }) },
    el("strong", {}, list.title), el("b", {}, number(list.enterprises, 0), el("small", {}, " 户")),
    el("span", {}, `用地 ${shown(list.land ?? 0, "integer")} 亩`), el("span", {}, `能耗 ${shown(list.energy ?? 0, "integer")} 吨标准煤`),
    el("span", { class: list.review ? "alert" : "" }, list.review ? `临界 ${list.review} 户` : "无临界"))));
  const place = byId("tiers");
  if (!DATA.tiers.length) {
    place.append(el("p", {}, "本期没有企业评级，或本办法只排名、不划分等级。"));
    return;
  }
  const chart = el("div", { class: "chart" });
  const columns = [["tier", "等级", "tier"], ["name", "含义", "text"], ["enterprises", "户数", "integer"], ["share", "占比", "percent"],
    ["land", "用地(亩)", "integer"], ["energy", "综合能耗(吨标准煤)", "integer"]];
  const total = Object.fromEntries(["enterprises", "land", "energy", "share"].map((key) => [key, DATA.tiers.reduce((sum, tier) => sum + tier[key], 0)]));
  place.append(el("div", { class: "legend" }, tierLegend()), chart, plainTable("等级分布", columns, DATA.tiers, { ...total, tier: "合计", name: " " }));
  const letters = DATA.letters.map(({ letter, name, enterprises }) => `${letter} ${name} ${number(enterprises, 0)}户`);
  if (letters.length) place.append(el("p", { class: "note" }, `另有不参加评级的：${letters.join("、")}`));
  const measures = [["enterprises", "户数", "户"], ["land", "用地", "亩"], ["energy", "综合能耗", "吨标准煤"]];
  const groups = measures.map(([key, label, unit]) => ({ label, unit, ...Object.fromEntries(DATA.tiers.map((tier) => [tier.tier, tier[key]])) }));
  draw(chart, DATA.charts.shares, "条形图：各等级占户数、用地和能耗的比重，数据见下表", { rows: stacked(groups) });
}

// -- 企业与清单 ------------------------------------------------------------------------------------------------------

const NO_FILTERS = { text: "", town: "", division: "", tier: "", before: "", cohort_name: "", borderline: false };
let filters = { view: DATA.views[0].id, ...NO_FILTERS };
const table = sortableTable();
const count = el("p", { class: "count", role: "status" });
let quadrant = { update() {}, choose() {}, point() {} };

function select(name, label, options) {
  return el("label", {}, el("span", {}, label), el("select", { name, onchange: (event) => setFilters({ [name]: event.target.value }) },
    el("option", { value: "" }, "全部"), options.map(([value, words]) => el("option", { value }, words))));
}

/** The values of `key` and how many enterprises have each, the most frequent first. */
function choices(key) {
  const counts = new Map();
  for (const enterprise of everybody) if (enterprise[key]) counts.set(enterprise[key], (counts.get(enterprise[key]) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0])).map(([value, n]) => [value, `${value}(${n})`]);
}

function filterForm() {
  const form = byId("filters");
  const tiers = DATA.palette.map(({ tier, name }) => [tier, `${tier} ${name}`]);
  const unrated = ["未评级", "未评级"];
  let waiting;
  const search = el("input", { type: "search", name: "text", placeholder: "企业名称、代码、行业或理由", autocomplete: "off",
    oninput: (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => setFilters({ text: event.target.value }), 120);
    } });
  const views = el("fieldset", { class: "views" }, el("legend", { class: "hidden" }, "名单"),
    DATA.views.map((view) => el("label", {}, el("input", { type: "radio", name: "view", value: view.id, onchange: () => setFilters({ view: view.id }) }),
      el("span", {}, `${view.title} ${number(view.records.length, 0)}`))));
  const cohorts = choices("cohort_name");
  form.append(views,
    el("div", { class: "fields" },
      el("label", { class: "wider" }, el("span", {}, "搜索"), search),
      select("town", "镇办", choices("town")), select("division", "行业", choices("division")),
      cohorts.length > 1 ? select("cohort_name", "评价组", cohorts) : null,
      select("tier", "本期等级", [...tiers, unrated]), select("before", "上期等级", [...tiers, unrated]),
      el("label", { class: "check" }, el("input", { type: "checkbox", name: "borderline", onchange: (event) => setFilters({ borderline: event.target.checked }) }), "只看临界"),
      el("button", { type: "button", class: "plain", onclick: () => setFilters(NO_FILTERS) }, "清除筛选")));
  form.addEventListener("submit", (event) => event.preventDefault());
}

function matches(row, words) {
  const { town, division, cohort_name: cohort, tier, before, borderline } = filters;
  if (town && row.town !== town) return false;
  if (division && row.division !== division) return false;
  if (cohort && row.cohort_name !== cohort) return false;
  if (tier && (row.tier ?? "未评级") !== tier) return false;
  if (before && (row.before ?? "未评级") !== before) return false;
  if (borderline && !(isNumber(row.tier_confidence) && row.tier_confidence < DATA.confident)) return false;
  if (!words.length) return true;
  const text = [row.name, row.uscc, row.town, row.industry_name, row.chain, row.reason, row.status_reason].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Applies the filters, those in `changed` anew, to the form, the table and the quadrant. */
function setFilters(changed) {
  filters = { ...filters, ...changed };
  const form = byId("filters");
  for (const [name, value] of Object.entries(filters)) {
    const control = form.elements[name];
    if (!control) continue;
    if (control.type === "checkbox") control.checked = value;
    else if (control.value !== value) control.value = value;
  }
  const view = DATA.views.find((one) => one.id === filters.view);
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = view.records.filter((row) => matches(row, words));
  const narrowed = rows.length < view.records.length;
  count.textContent = `${view.title}：${narrowed ? `符合条件 ${number(rows.length, 0)} 户，共 ` : "共 "}${number(view.records.length, 0)} 户。${view.note}`;
  table.show(view.columns, rows, `${view.title}(${DATA.period})`);
  const everyone = view === DATA.views[0] && !narrowed && !view.rows;
  quadrant.update(everyone ? null : new Set(rows.map((row) => row.uscc)));
}

function lookAt(changed) {
  setFilters({ view: DATA.views[0].id, ...NO_FILTERS, ...changed });
  byId("enterprises").scrollIntoView();
  byId("enterprises").focus({ preventScroll: true });
}

// -- 镇办与行业, 等级变动 ------------------------------------------------------------------------------------------------

const CHARTED = 12;

function groups() {
  const rated = DATA.tiers.length > 0;
  if (rated) byId("group-legend").append(...tierLegend());
  byId("group-note").textContent = DATA.group_note;
  for (const group of DATA.groups) {
    const columns = [["label", group.title, "text"], ["registered", "名录企业", "integer"], ["ranked", "参评", "integer"],
      ...DATA.palette.map(({ tier }) => [tier, `${tier}类`, "integer"]), ["land", "用地(亩)", "amount"], ["energy", "综合能耗(吨标准煤)", "amount"],
      ["tax_per_mu", "亩均税收(万元/亩)", "ratio"], ["revenue_per_tce", "单位能耗营业收入(万元/吨标准煤)", "ratio"]];
    const key = group.by === "town" ? "town" : "division";
    const charted = group.rows.filter((row) => row.ranked).slice(0, CHARTED);
    const words = `各${group.title}等级分布(户)${group.rows.length > CHARTED ? `，参评最多的${CHARTED}个` : ""}`;
    const own = sortableTable();
    const place = el("div", { class: "chart" });
    const cut = group.total > group.rows.length ? `，前${group.rows.length}个` : "";
    byId("group-list").append(el("div", { class: "group" }, el("h3", {}, words), rated ? place : null,
      el("details", {}, el("summary", {}, `${group.title}数据表(${number(group.total, 0)}个${cut})`), own.element)));
    own.show(columns, group.rows, `各${group.title}情况`);
    if (!rated || !charted.length) continue;
    const widest = Math.max(...charted.map((row) => DATA.palette.reduce((sum, { tier }) => sum + row[tier], 0)));
    draw(place, DATA.charts.bars, `${words}，数据见下表`, { rows: stacked(charted.map((row) => ({ ...row, unit: "户" })), "户", widest) },
      (datum) => datum.label && lookAt({ [key]: datum.label, tier: datum.tier }));
  }
}

const NAMED = 15;

/** Who has come into D and who has left it, by name. */
function crossings() {
  const kinds = [["新降入D类", (e) => e.tier === "D" && e.before && e.before !== "D"], ["退出D类", (e) => e.before === "D" && e.tier && e.tier !== "D"]];
  return kinds.map(([title, belongs]) => [title, everybody.filter(belongs)]).filter(([, found]) => found.length).map(([title, found]) =>
    el("div", { class: "fallen" }, el("h3", {}, `${title}(${found.length}户)`),
      found.slice(0, NAMED).map((e) => el("a", { href: `#${e.uscc}` }, e.name)), found.length > NAMED ? "等" : ""));
}

function movement() {
  const place = byId("moves");
  if (!DATA.movement) {
    place.append(el("p", {}, `${DATA.without_movement}。`));
    return;
  }
  const { states, rows } = DATA.movement;
  const most = Math.max(1, ...rows.flatMap((row, i) => row.counts.filter((_, j) => i !== j)));
  const cell = (row, i, n, j) => {
    const kind = i === j ? "same" : j < i ? "up" : "down";
    const before = row.before, now = states[j];
    const known = j < states.length - 1;
    const moved = known && i < states.length - 1;
    const button = n && known && DATA.views[0].id === "ranked"
      ? el("button", { type: "button", class: "plain", "aria-label": `上期${before}、本期${now}：${n}户，查看名单`, onclick: () => lookAt({ before, tier: now }) }, number(n, 0))
      : n ? number(n, 0) : "·";
    const td = el("td", { class: moved ? `move ${kind}` : "move" }, button);
    if (moved && kind !== "same" && n) td.style.setProperty("--weight", `${Math.round(20 + 60 * n / most)}%`);
    return td;
  };
  place.append(
    el("div", { class: "pair" },
      el("div", {}, el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "等级变动矩阵" }, el("table", { class: "matrix" },
        el("caption", {}, "行为上期等级，列为本期等级，单位：户；点数字看名单"),
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "上期＼本期"), states.map((state) => el("th", { scope: "col" }, state)), el("th", { scope: "col" }, "合计"))),
        el("tbody", {}, rows.map((row, i) => el("tr", {}, el("th", { scope: "row" }, row.before), row.counts.map((n, j) => cell(row, i, n, j)),
          el("td", { class: "move" }, number(row.counts.reduce((a, b) => a + b, 0), 0)))))))),
      el("div", {}, el("p", { class: "key" }, el("span", { class: "swatch up" }), "升档", el("span", { class: "swatch down" }), "降档"),
        crossings(),
        DATA.movers.length ? el("ul", { class: "movers" }, DATA.movers.map((line) => el("li", {}, line))) : null,
        DATA.movers.length ? el("p", { class: "note" }, DATA.parts_note) : null)));
}

// -- 方法与数据 -------------------------------------------------------------------------------------------------------

function method() {
  for (const [i, section] of DATA.method.entries()) {
    const inner = [entries(section.entries)];
    if (section.head) {
      const columns = section.head.map((title, at) => [at, title, section.kinds[at] === "text" ? "wrapped" : section.kinds[at]]);
      inner.push(plainTable(section.title, columns, section.rows));
    }
    byId("method-list").append(i === 0
      ? el("p", { class: "notice" }, section.entries[0][1])
      : el("details", {}, el("summary", {}, section.title), inner));
  }
  for (const [label, value] of DATA.trace) byId("trace").append(el("div", {}, el("dt", {}, label), el("dd", { class: "code" }, value)));
}

// -- 企业卡片 ---------------------------------------------------------------------------------------------------------

const dialog = byId("card");

/** Opens the card that the address names, or closes it where it names none. */
function followAddress() {
  const code = decodeURIComponent(location.hash.slice(1));
  const enterprise = DATA.byCode.get(code);
  if (!enterprise) {
    if (dialog.open) dialog.close();
    return;
  }
  const order = table.order().map((row) => row.uscc);
  const at = order.indexOf(code);
  fillCard(dialog, enterprise, entryOf.get(code), at < 0 ? [null, null] : [order[at - 1], order[at + 1]]);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  byId("card-title").focus({ preventScroll: true });
  quadrant.point(code);
}

function closed() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!DATA.byCode.has(code)) return;
  history.replaceState(null, "", location.href.split("#")[0]);
  const link = document.querySelector(`a[href="#${CSS.escape(code)}"]`);
  link?.focus();
}

async function start() {
  document.body.append(tip);
  overview();
  byId("limited").textContent = DATA.limited ?? "";
  byId("limited").hidden = !DATA.limited;
  filterForm();
  byId("table").append(count, table.element);
  // What the pointer does by hovering over a point, moving through the list does without one.
  byId("table").addEventListener("focusin", ({ target }) => target.hash && quadrant.point(decodeURIComponent(target.hash.slice(1))));
  setFilters({});
  groups();
  movement();
  method();
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  // Paper has no folds: what is folded on the screen is printed open.
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((fold) => (fold.open = true)));
  window.addEventListener("hashchange", followAddress);
  followAddress();
  quadrant = await quadrantChart(everybody.filter((e) => e.status === "ranked"), (code) => (location.hash = code));
  setFilters({});
  followAddress();
  document.documentElement.dataset.ready = "yes";
}

start();
