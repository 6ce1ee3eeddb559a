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

/** Resolves after the browser has drawn what is there; where nothing is drawn, as in a hidden tab, a moment later. */
function afterPaint() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 300);
  });
}

/** Runs the charts' library, which waits in the page as text so that the first picture does not wait for it. */
async function chartLibrary() {
  await afterPaint();
  const script = document.createElement("script");
  script.textContent = byId("library").textContent;
  document.head.append(script);
}

/** A colour of the page by name, as one that follows the screen. */
const following = (name) => `var(--${name})`;

/**
 * `spec` with colours that follow the screen, so that charts follow a dark screen and print as on paper. Its marks are not
 * named one by one: the chart is a picture with a name, and its figures stand in a table.
 */
function coloured(spec) {
  if (typeof spec === "string") return DATA.colours[spec] ? following(DATA.colours[spec]) : spec;
  if (Array.isArray(spec)) return spec.map((one) => coloured(one));
  if (!spec || typeof spec !== "object") return spec;
  const inks = Array.isArray(spec.domain) && Array.isArray(spec.range)
    && spec.domain.map((tier, i) => DATA.palette.find((one) => one.tier === tier && one.ink === spec.range[i]));
  const changed = Object.fromEntries(Object.entries(spec).map(([key, value]) => [key, coloured(value)]));
  if (inks && inks.length && inks.every(Boolean)) changed.range = inks.map(({ tier }) => following(`ink-${tier}`));
  if (spec.mark?.type) changed.mark.aria = false;
  return changed;
}

const waiting = [];

/** Height of a chart in `place`: bars need room for each of their rows. */
function chartHeight(place, spec, datasets) {
  if (spec.usermeta?.step) return new Set(datasets.rows.map((row) => row.label)).size * spec.usermeta.step;
  return isNarrow(place) ? Math.min(spec.height, 380) : spec.height;
}

const isNarrow = (place) => place.clientWidth < 520;

/** Draws `spec` in `place` when the charts' library is there: see `drawNow`. Room for it is kept from now on. */
function draw(place, spec, label, datasets, onPick) {
  place.style.minHeight = `${chartHeight(place, spec, datasets)}px`;
  waiting.push([place, spec, label, datasets, onPick]);
}

async function drawAll() {
  for (const chart of waiting.splice(0)) await drawNow(...chart);
}

/** Draws `spec` in `place`; `onPick(datum)` is called for a click on a mark. Resolves to Vega's view. */
async function drawNow(place, spec, label, datasets, onPick) {
  const words = spec.description ?? label;
  const config = { ...coloured(DATA.charts.config), aria: false };
  config.axis = { ...config.axis, gridColor: following("grid"), ...(isNarrow(place) ? { labelLimit: 112 } : {}) };
  const complete = { ...coloured(spec), description: words, datasets, config, height: chartHeight(place, spec, datasets) };
  // `ast`: expressions are interpreted, not compiled, so that the page needs no permission to make code from text.
  const { view } = await vegaEmbed(place, complete, {
    mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip,
  });
  // Vega names the place; the picture in it is what has a name to be read.
  for (const name of ["role", "aria-label", "aria-roledescription"]) place.removeAttribute(name);
  const picture = place.querySelector("svg");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", words);
  picture.removeAttribute("aria-roledescription");
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
  path.setAttribute("fill", DATA.colours[mark.colour] ? following(DATA.colours[mark.colour]) : mark.colour);
  svg.append(path);
  return svg;
}

/** More points than this can neither be told apart nor drawn quickly. */
const MOST_POINTS = 3000;

/** At most MOST_POINTS of `points`: those on a list and those that pass the filters first, an even sample of the others. */
function thinned(points) {
  if (points.length <= MOST_POINTS) return points;
  const others = DATA.marks.at(-1).title;
  const even = (of, most) => (of.length <= most ? of : Array.from({ length: most }, (_, i) => of[Math.floor((i * of.length) / most)]));
  const narrowed = points.some((point) => !point.hit);
  const first = points.filter((point) => (narrowed ? point.hit : point.mark !== others));
  const rest = points.filter((point) => (narrowed ? !point.hit : point.mark === others));
  const kept = even(first, Math.max(MOST_POINTS - rest.length, MOST_POINTS * 0.75));
  return [...even(rest, MOST_POINTS - kept.length), ...kept];
}

/** The quadrant: every enterprise with both scores. `update(hits)` dims who is not among them. */
async function quadrantChart(enterprises, pick) {
  if (!DATA.charts.quadrant) {
    byId("quadrant-figure").hidden = true;
    return { update() {}, point() {} };
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
  const data = () => ({ points: thinned(present()), chosen: [] });
  const view = await drawNow(byId("quadrant"), DATA.charts.quadrant, label, data(), (d) => d.uscc && pick(d.uscc));
  const refresh = () => view.data("points", thinned(present())).runAsync();
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
    + "用键盘时，在“图中企业”里选，或在名单中移到企业名称，图中即圈出该企业。"
    + (drawn.length > MOST_POINTS ? `企业较多，图中至多画${number(MOST_POINTS, 0)}户，清单内和选中的优先，其余均匀抽取。` : "");
  const choose = (uscc) => view.data("chosen", points.filter((point) => point.uscc === uscc)).runAsync();
  const finder = quadrantFinder(points, choose);
  return {
    update(found) {
      const same = !hits && !found;
      hits = found;
      finder.offer(points.filter((point) => !found || found.has(point.uscc)));
      return same ? undefined : refresh();
    },
    point: finder.point,
  };
}

const OFFERED = 1000;

/**
 * The points as a list by quadrant, for whoever has no mouse: the one chosen is ringed in the chart and said in words.
 * `offer(points)` makes the list, up to a bound; `point(code)` says and rings the enterprise of a code.
 */
function quadrantFinder(points, choose) {
  const { lines: [land, energy], corners } = DATA.charts.quadrant.usermeta;
  const byCode = new Map(points.map((point) => [point.uscc, point]));
  const told = el("p", { class: "told", role: "status" });
  const corner = (point) => corners.find(([, right, top]) => (point.land_score >= land) === (right === 1) && (point.energy_score >= energy) === (top === 1))[0];
  const tell = (uscc) => {
    const point = byCode.get(uscc);
    choose(uscc);
    const [name, ...lines] = point ? point.words.split("\n") : [];
    told.replaceChildren(...(point ? [cardLink(uscc, name), `：${[corner(point), ...lines].join("；")}`] : []));
  };
  const list = el("select", { name: "quadrant-enterprise", onchange: () => tell(list.value) });
  byId("quadrant-find").replaceChildren(el("label", {}, el("span", {}, "图中企业"), list), told);
  return {
    offer(found) {
      const offered = found.slice(0, OFFERED);
      const groups = corners.map(([words]) => [words, offered.filter((point) => corner(point) === words)]);
      list.replaceChildren(
        el("option", { value: "" }, found.length > OFFERED ? `选一户企业(前${number(OFFERED, 0)}户，其余请先筛选)` : "选一户企业"),
        ...groups.filter(([, own]) => own.length).map(([words, own]) => el("optgroup", { label: `${words}(${number(own.length, 0)}户)` },
          own.map((point) => el("option", { value: point.uscc }, point.words.split("\n")[0])))));
    },
    point(uscc) {
      list.value = byCode.has(uscc) ? uscc : "";
      tell(uscc);
    },
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
