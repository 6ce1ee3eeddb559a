// The sections beside the enterprises: overview, towns and industries, movement, method.

// -- 概况 ------------------------------------------------------------------------------------------------------------

function change({ value, previous, kind, unit }) {
  if (!isNumber(value)) return "本期无数据";
  if (!isNumber(previous)) return "无上期数据";
  if (value === previous) return "与上期持平";
  if (kind === "integer") return `较上期 ${signed(value - previous, 0)} ${unit}`;
  return previous ? `较上期 ${signed(((value - previous) / Math.abs(previous)) * 100, 1)}%` : `上期 ${number(previous, 2)}`;
}

function overview() {
  byId("headlines").append(...DATA.headlines.map((h) => el("div", { class: "headline" },
    el("span", { class: "label" }, `${h.label}(${h.unit})`), el("b", {}, shown(h.value, h.kind)), el("span", { class: "change" }, change(h)))));
  byId("lists").append(...DATA.lists.map((list) => el("a", { class: "list", href: `#view=list-${list.id}`, onclick: (event) => lookAt({ view: `list-${list.id}` }, event) },
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

// -- 镇办与行业, 等级变动 ------------------------------------------------------------------------------------------

const CHARTED = 12;

function groups() {
  const rated = DATA.tiers.length > 0;
  if (rated) byId("group-legend").append(...tierLegend());
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
    draw(place, DATA.charts.bars, `${group.words}数据见下表。`, { rows: stacked(charted.map((row) => ({ ...row, unit: "户" })), "户", widest) },
      (datum) => datum.label && lookAt({ [key]: [datum.label], tier: [datum.tier] }));
  }
}

const NAMED = 15;

/** Who has come into D and who has left it, by name. */
function crossings() {
  const kinds = [["新降入D类", (e) => e.tier === "D" && e.before && e.before !== "D"], ["退出D类", (e) => e.before === "D" && e.tier && e.tier !== "D"]];
  return kinds.map(([title, belongs]) => [title, everybody.filter(belongs)]).filter(([, found]) => found.length).map(([title, found]) =>
    el("div", { class: "fallen" }, el("h3", {}, `${title}(${found.length}户)`),
      found.slice(0, NAMED).map((e) => cardLink(e.uscc, e.name)), found.length > NAMED ? "等" : ""));
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
      ? el("button", { type: "button", class: "plain", "aria-label": `上期${before}、本期${now}：${n}户，查看名单`, onclick: () => lookAt({ before: [before], tier: [now] }) }, number(n, 0))
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

/** The tables of the method; its words stand in the page already. */
function methodTables() {
  for (const [i, section] of DATA.method.entries()) {
    if (!section.head) continue;
    const columns = section.head.map((title, at) => [at, title, section.kinds[at] === "text" ? "wrapped" : section.kinds[at]]);
    byId(`method-${i}`).append(plainTable(section.title, columns, section.rows));
  }
}
