// Charts: Vega draws, the page supplies data, words and what a click does.

const tip = el("div", { class: "tip", hidden: true, role: "presentation" });

/** Vega's tooltip: the datum's own words, beside the pointer, never outside the window. */
function tooltip(_handler, event, _item, value) {
  tip.hidden = !value?.words;
  if (tip.hidden) return;
  const [first, ...lines] = value.words.split("\n");
  tip.replaceChildren(el("strong", {}, first), ...lines.map((line) => el("div", {}, line)));
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const x = event.clientX + 14 + width > innerWidth ? event.clientX - width - 14 : event.clientX + 14;
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 4))}px`;
}

/** Draws `spec` in `place`; `onPick(datum)` is called for a click on a mark. Resolves to Vega's view. */
async function draw(place, spec, label, datasets, onPick) {
  const narrow = place.clientWidth < 520;
  const config = structuredClone(DATA.charts.config);
  if (narrow) config.axis.labelLimit = 112;
  const bars = spec.usermeta?.step && new Set(datasets.rows.map((row) => row.label)).size * spec.usermeta.step;
  const complete = { ...spec, datasets, config, height: bars ?? (narrow ? Math.min(spec.height, 380) : spec.height) };
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", label);
  // `ast`: expressions are interpreted, not compiled, so that the page needs no permission to make code from text.
  const { view } = await vegaEmbed(place, complete, {
    mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip,
  });
  view.addEventListener("click", (_event, item) => item?.datum && onPick?.(item.datum));
  return view;
}

/** The symbol of a list in the legend, drawn from the path that Vega takes. */
function symbol(mark) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const shapes = {
    diamond: "M0,-1L1,0L0,1L-1,0Z", "triangle-up": "M0,-0.9L1,0.8L-1,0.8Z", "triangle-down": "M0,0.9L1,-0.8L-1,-0.8Z",
    circle: "M-0.8,0A0.8,0.8,0,1,1,0.8,0A0.8,0.8,0,1,1,-0.8,0Z", square: "M-0.8,-0.8H0.8V0.8H-0.8Z",
    cross: "M-0.3,-1H0.3V-0.3H1V0.3H0.3V1H-0.3V0.3H-1V-0.3H-0.3Z", stroke: "M-1,-0.25H1V0.25H-1Z",
  };
  svg.setAttribute("viewBox", "-1.2 -1.2 2.4 2.4");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shapes[mark.shape] ?? mark.shape);
  path.setAttribute("fill", mark.colour);
  svg.append(path);
  return svg;
}

/** The quadrant: every enterprise with both scores. `update(hits)` dims who is not among them. */
async function quadrantChart(enterprises, pick) {
  if (!DATA.charts.quadrant) {
    byId("quadrant-figure").hidden = true;
    return { update() {}, choose() {}, point() {} };
  }
  const others = DATA.marks.at(-1).title;
  const titles = new Set(DATA.marks.map((mark) => mark.title));
  const off = new Set();
  let hits = null;
  const points = enterprises.filter((e) => isNumber(e.land_score) && isNumber(e.energy_score)).map((e) => ({
    uscc: e.uscc, land_score: e.land_score, energy_score: e.energy_score, hit: true,
    mark: titles.has(e.list_title) ? e.list_title : others,
    words: [e.name, `${e.town} · ${e.division}`, `土地得分 ${shown(e.land_score, "score")}(${e.land_tier ?? ABSENT})`,
      `能源得分 ${shown(e.energy_score, "score")}(${e.energy_tier ?? ABSENT})`,
      `综合等级 ${e.tier ?? ABSENT}${e.list_title ? ` · 建议${e.list_title}` : ""}`].join("\n"),
  }));
  const background = DATA.background.map(([land, energy]) => ({ land_score: land, energy_score: energy, hit: true, mark: others }));
  // Whoever is on a list is drawn above the others.
  const drawn = [...background, ...points].sort((a, b) => (b.mark === others) - (a.mark === others));
  const present = () => drawn.filter((p) => !off.has(p.mark)).map((p) => ({ ...p, hit: !hits || hits.has(p.uscc) }));
  const label = `散点图：${points.length}户企业的土地得分和能源得分，各企业的得分见下方名单`;
  const view = await draw(byId("quadrant"), DATA.charts.quadrant, label, { points: present(), chosen: [] }, (d) => d.uscc && pick(d.uscc));
  const refresh = () => view.data("points", present()).runAsync();
  for (const mark of DATA.marks) {
    const count = drawn.filter((point) => point.mark === mark.title).length;
    if (!count) continue;
    const box = el("input", { type: "checkbox", checked: true, onchange: () => {
      off[box.checked ? "delete" : "add"](mark.title);
      refresh();
    } });
    byId("quadrant-legend").append(el("label", {}, box, symbol(mark), `${mark.title} ${number(count, 0)}`));
  }
  byId("quadrant-note").textContent =
    `虚线为分界线(${DATA.lines})；越靠右上越省地、省能。点一下某点即看该企业；上方筛选未选中的企业变淡。`
    + "用键盘时，在“图中企业”里选，或在名单中移到企业名称，图中即圈出该企业。";
  const choose = (uscc) => view.data("chosen", points.filter((point) => point.uscc === uscc)).runAsync();
  const finder = quadrantFinder(points, choose);
  return {
    update(found) {
      hits = found;
      return refresh();
    },
    choose,
    point: finder,
  };
}

/**
 * The points as a list by quadrant, for whoever has no mouse: the one chosen is ringed in the chart and told in words.
 * Returns a function that tells and rings the enterprise of a code.
 */
function quadrantFinder(points, choose) {
  const { lines: [land, energy], corners } = DATA.charts.quadrant.usermeta;
  const told = el("p", { class: "told", role: "status" });
  const corner = (point) => corners.find(([, right, top]) => (point.land_score >= land) === (right === 1) && (point.energy_score >= energy) === (top === 1))[0];
  const tell = (uscc) => {
    const point = points.find((one) => one.uscc === uscc);
    choose(uscc);
    told.replaceChildren(...(point
      ? [el("a", { href: `#${uscc}` }, point.words.split("\n")[0]), `：${[corner(point), ...point.words.split("\n").slice(1)].join("；")}`] : []));
  };
  const groups = corners.map(([words]) => [words, points.filter((point) => corner(point) === words)]);
  const list = el("select", { name: "quadrant-enterprise", onchange: () => tell(list.value) }, el("option", { value: "" }, "选一户企业"), groups.filter(([, own]) => own.length).map(([words, own]) =>
    el("optgroup", { label: `${words}(${number(own.length, 0)}户)` },
      own.map((point) => el("option", { value: point.uscc }, point.words.split("\n")[0])))));
  byId("quadrant-find").replaceChildren(el("label", {}, el("span", {}, "图中企业"), list), told);
  return (uscc) => {
    list.value = points.some((point) => point.uscc === uscc) ? uscc : "";
    tell(uscc);
  };
}

const isNumber = (value) => typeof value === "number";

/** Rows of a chart stacked by tier: `groups` are objects with `label` and a figure for each tier. */
function stacked(groups, unit, widest) {
  return groups.flatMap((group) => {
    const total = DATA.palette.reduce((sum, { tier }) => sum + (group[tier] ?? 0), 0);
    return DATA.palette.map(({ tier, name }, order) => {
      const value = group[tier] ?? 0;
      const share = total ? value / total : 0;
      const room = widest ? value / widest : share;
      return {
        label: group.label, tier, value, order,
        inside: room >= 0.042 ? (widest ? number(value, 0) : `${number(share * 100, 0)}%`) : "",
        words: `${group.label}\n${tier}类(${name})：${number(value, 0)}${unit ?? group.unit}，占${number(share * 100, 1)}%`,
      };
    });
  });
}

function tierLegend() {
  return DATA.palette.map(({ tier, name }) => el("span", {}, badge(tier), name));
}
