// The enterprise's card: everything that the page knows of one enterprise, under the address #card=<its code>.

/** How far a score reaches, beside its figure: the full width is one and a half times the weight. */
function meter(score, weight) {
  if (!isNumber(score) || !weight) return null;
  const share = Math.max(0, Math.min(1, score / (weight * 1.5)));
  const bar = el("span", { class: "meter", "aria-hidden": "true" }, el("span", { class: score >= weight ? "reached" : "" }));
  bar.firstChild.style.width = `${share * 100}%`;
  return bar;
}

function indicatorTable(e) {
  const rows = details().indicators.flatMap((indicator) => {
    const row = indicator.of(e);
    if (!row) return [];
    const side = (name) => (indicator.same[name] ? e[indicator.same[name]] : row[name]);
    return [{ ...indicator, numerator: side("numerator"), denominator: side("denominator"), value: row.value, benchmark: row.benchmark,
      scope: row.benchmark_scope, score: row.score, note: row.score_note, own: row.benchmark_own_share }];
  });
  if (!rows.length) return null;
  const body = rows.map((row) => el("tr", {},
    el("th", { scope: "row" }, row.title, el("small", {}, `${row.unit || "比值"} · ${row.dimension}`),
      el("small", {}, `${row.numerator_title} ${shown(row.numerator, "amount")} ÷ ${row.denominator_title} ${shown(row.denominator, "amount")}`)),
    el("td", { class: "ratio" }, shown(row.value, "ratio")),
    el("td", { class: "ratio" }, shown(row.benchmark, "ratio"), el("small", {}, row.scope ?? ""),
      isNumber(row.own) ? el("small", {}, `本企业占${number(row.own * 100, 0)}%`) : null),
    el("td", { class: "score" }, shown(row.score, "score"), el("small", {}, `权重 ${shown(row.weight, "amount")}`), meter(row.score, row.weight)),
    el("td", { class: "prose" }, row.note ?? "")));
  const noted = rows.some((row) => row.note);
  if (!noted) for (const row of body) row.lastChild.remove();
  const titles = ["指标", "指标值", "基准值", "得分", ...(noted ? ["说明"] : [])];
  return el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "各项指标" }, el("table", { class: "indicators" },
    el("caption", { class: "hidden" }, "各项指标"),
    el("thead", {}, el("tr", {}, titles.map((title) => el("th", { scope: "col", class: ["指标", "说明"].includes(title) ? null : "score" }, title)))),
    el("tbody", {}, body)));
}

function standing(e) {
  if (e.status !== "ranked") {
    return el("div", { class: "standing" },
      el("p", { class: "status" }, e.status_name ?? "未参评"), el("p", {}, e.status_reason ?? "原因未注明"),
      e.letter_name ? el("p", {}, `公布类别：${e.letter_name}`) : null,
      el("p", { class: "note" }, "未评等级不等同于D类。"));
  }
  const tile = (title, ...content) => el("div", { class: "tile" }, el("span", { class: "label" }, title), ...content);
  const changed = isNumber(e.change) ? el("small", {}, `较上期 ${shown(e.change, "signed")}`) : null;
  const firm = isNumber(e.tier_confidence) && e.tier_confidence < DATA.confident;
  return el("div", { class: "tiles" },
    tile("综合等级", badge(e.tier, true), el("small", {}, e.before ? `上期 ${e.before}` : "无上期等级")),
    tile("综合得分", el("b", {}, shown(e.score, "score")), changed),
    tile("名次", el("b", {}, shown(e.rank, "ordinal")), el("small", {}, `${e.cohort_name ?? ""}共${number(ranked(e.cohort_name), 0)}户`), interval(e)),
    tile("土地效率", badge(e.land_tier, true), el("small", {}, points(e, "land"))),
    tile("能源效率", badge(e.energy_tier, true), el("small", {}, points(e, "energy"))),
    tile(`等级稳健度(${DATA.moved})`, el("b", {}, shown(e.tier_confidence, "confidence")), firm ? el("small", { class: "alert" }, "临界,建议复核") : null,
      isNumber(e.agreement) && DATA.methods ? el("small", {}, `${DATA.methods}种口径中${Math.round(e.agreement * DATA.methods)}种为${e.tier}类`) : null));
}

/** Between which ranks it lies in the draws. */
const interval = (e) => e.rank_interval ? el("small", {}, `90%把握在第${e.rank_interval}名`) : null;

/** A dimension's score, and the uncapped one by which its tier is ranked where that differs. */
function points(e, dimension) {
  const [score, full] = [e[`${dimension}_score`], e[`${dimension}_score_uncapped`]];
  const apart = isNumber(score) && isNumber(full) && Math.abs(full - score) >= 0.005;
  return `${shown(score, "score")}分${apart ? `，不封顶${shown(full, "score")}` : ""}`;
}

const ranked = (cohort) => DATA.cohorts[cohort] ?? 0;

function listed(e, entry) {
  if (!entry) return null;
  const names = (entry.partners ?? "").split("\n").filter(Boolean);
  const partners = names.map((name, i) => {
    const code = entry.partner_codes?.[i];
    const [called, ...words] = name.replace(/^\d+\. /, "").split("：");
    return el("li", {}, DATA.byCode.has(code) ? cardLink(code, called) : called, words.length ? `：${words.join("：")}` : "");
  });
  return el("section", { class: "proposal" },
    el("h3", {}, `建议清单：${e.list_title}(第${entry.priority}位)`),
    el("p", {}, entry.reason),
    entry.would_be_title ? el("p", {}, el("strong", {}, `待核实：拟列${entry.would_be_title}，缺 `), entry.missing) : null,
    entry.next_tier_needs ? el("p", { class: "lines" }, el("strong", {}, "升档所需："), entry.next_tier_needs) : null,
    entry.need ? el("p", { class: "lines" }, el("strong", {}, "达到基准所需："), entry.need.replaceAll("\n", "；")) : null,
    partners.length ? el("div", {}, el("strong", {}, "建议并转对象："), el("ol", {}, partners)) : null,
    el("p", { class: "note" }, "建议名单，经人工核实确认后方可作为处置依据。"));
}

/** The verifications of the enterprise's list: tick and label, what was looked at, the cells, what is missing. */
function verified(e) {
  const rows = details().verifications[e.uscc];
  if (!rows) return null;
  return el("section", {}, el("h3", {}, "核查事项(☑ 已核实 ☐ 未核实 — 未测算)"),
    entries(rows.map(([mark, label, looked, cells, missing]) => [`${mark} ${label}`, [looked, cells && `依据 ${cells}`, missing].filter(Boolean).join("；")])));
}

/** Label and value of everything that is known among `fields`. */
function known(e, fields) {
  return fields.filter(([key]) => e[key] !== null && e[key] !== undefined).map(([key, title, kind, unit]) => [title, `${shown(e[key], kind)}${unit ? ` ${unit}` : ""}`]);
}

function part(title, pairs, name) {
  return pairs.length ? el("section", {}, el("h3", {}, title), entries(pairs, name)) : null;
}

/** Fills the dialog with the card of `e`; `entry` is its line on a list, `neighbours` the codes before and after it. */
function fillCard(dialog, e, entry, [previous, next]) {
  const step = (code, words) => el("a", { class: "plain", href: code ? `#card=${code}` : null, "data-card": code, role: code ? null : "link", "aria-disabled": code ? null : "true" }, words);
  const changes = known(e, DATA.parts.map(([key, title]) => [key, title, "signed", "分"])).filter(([, words]) => !/^[+-]?0\.00 /.test(words));
  const table = indicatorTable(e);
  dialog.replaceChildren(
    el("div", { class: "card-bar" }, step(previous, "‹ 上一户"), step(next, "下一户 ›"),
      el("button", { type: "button", class: "plain", onclick: () => window.print() }, "打印"),
      el("button", { type: "button", class: "plain close", onclick: () => dialog.close(), "aria-label": "关闭卡片" }, "关闭 ✕")),
    el("div", { class: "card-body" },
      el("h2", { id: "card-title", tabIndex: -1 }, e.name),
      el("p", { class: "meta" }, [e.uscc, e.town, e.industry_name, e.scale, e.chain && `产业链：${e.chain}`].filter(Boolean).join(" · ")),
      standing(e),
      listed(e, entry),
      verified(e),
      table && el("section", {}, el("h3", {}, "各项指标与基准"), table),
      part("得分的形成", known(e, [
        ["base", "指标合计得分", "score"], ["factor", "修正系数", "ratio"], ["adjustments", "加减分", "signed"],
        ["adjustment_labels", "加减分项"], ["tier_initial", "初评等级"], ["override_labels", "调档事由"], ["protection", "受保护"], ["d_streak", "连续D类期数", "ordinal"],
      ]), "facts"),
      part("较上期得分变化的原因", changes, "facts"),
      part("评价期合计", known(e, DATA.totals.map(([key, title, unit]) => [key, title, "amount", unit])), "facts"),
      part("走访与其他", known(e, [
        ["months_since_visit", "距最近走访", "ordinal", "个月"], ["tech_level", "科技含量"], ["willingness", "发展意愿"], ["investment", "计划总投资", "amount", "万元"],
        ["energy_level", "能效水平"], ["below_baseline", "能效低于基准水平的产品"],
        ["months_without_revenue", "连续无营业收入", "ordinal", "个月"], ["months_without_electricity", "连续无用电", "ordinal", "个月"],
        ["incident_documents", "未整改事项"], ["open_incidents", "未整改事项数", "ordinal"], ["problems", "待改正数据问题", "ordinal"],
      ]), "facts"),
      el("p", { class: "note" }, `${DATA.period} · 办法：${DATA.policy} · 评价编号 ${DATA.evaluation}`)));
}
