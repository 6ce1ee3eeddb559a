// The page: keeps filters, table, quadrant, card and address in step.

let state = noState();
const dialog = byId("card");
const count = el("p", { class: "count", role: "status" });
const table = sortableTable((sort) => {
  state = { ...state, sort };
  putAddress(state);
});
const form = filterForm(byId("filters"), (changed) => setState({ ...state, ...changed }));
let quadrant = { update() {}, point() {} };

const viewOf = (id) => DATA.views.find((one) => one.id === id);
const fileTitle = () => [viewOf(state.view).title, filterWords(state) && "筛选"].filter(Boolean).join("_");

/** Shows the list and filters of `wanted` in form, table and quadrant, and puts them into the address. */
function setState(wanted) {
  state = wanted;
  const view = viewOf(state.view);
  const { rows, counts } = filtered(view, state);
  const passing = new Map(DATA.views.map((one) => [one.id, one === view ? rows.length : filtered(one, state).rows.length]));
  form.update(state, counts, passing);
  const narrowed = rows.length < view.records.length;
  const words = filterWords(state);
  count.textContent = `${view.title}：${narrowed ? `符合条件 ${number(rows.length, 0)} 户，共 ` : "共 "}${number(view.records.length, 0)} 户。`
    + `${words ? `筛选条件：${words}。` : ""}${view.note}`;
  table.show(view.columns, rows, `${view.title}(${DATA.period})`, view.records, state.sort);
  putAddress(state);
  markQuadrant();
}

/** Dims in the quadrant who is not in the table, and rings the open card's enterprise. */
function markQuadrant() {
  const rows = table.order();
  const everyone = state.view === DATA.views[0].id && rows.length === DATA.views[0].records.length && !DATA.views[0].rows;
  quadrant.update(everyone ? null : new Set(rows.map((row) => row.uscc)));
  if (state.card) quadrant.point(state.card);
}

/** Shows who is chosen by `changed` alone, and goes there. */
function lookAt(changed, event) {
  event?.preventDefault();
  setState({ ...noState(), ...changed });
  byId("enterprises").scrollIntoView();
  byId("enterprises").focus({ preventScroll: true });
}

// -- 企业卡片 ---------------------------------------------------------------------------------------------------------

/** Opens the card of `code`; `push` makes that a step that the browser's back button undoes. */
function openCard(code, push = true) {
  state = { ...state, card: code };
  putAddress(state, push);
  const order = table.order().map((row) => row.uscc);
  const at = order.indexOf(code);
  fillCard(dialog, DATA.byCode.get(code), entryOf.get(code), at < 0 ? [null, null] : [order[at - 1], order[at + 1]]);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  byId("card-title").focus({ preventScroll: true });
  quadrant.point(code);
}

function closed() {
  const code = state.card;
  if (!code) return;
  state = { ...state, card: null };
  putAddress(state);
  document.querySelector(`#table a[data-card="${CSS.escape(code)}"]`)?.focus();
}

/** Shows what the address names: after opening, going back, or when somebody has changed it by hand. */
function followAddress() {
  const wanted = stateOf(location.hash);
  if (!wanted) return;
  if (addressOf({ ...wanted, card: null }) !== addressOf({ ...state, card: null })) setState(wanted);
  if (wanted.card) openCard(wanted.card, false);
  else if (dialog.open) {
    state = wanted;
    dialog.close();
  }
}

function followLinks(event) {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  if (link.dataset.card) {
    event.preventDefault();
    openCard(link.dataset.card);
    return;
  }
  // A heading is gone to without losing list and filters from the address.
  const place = byId(link.hash.slice(1));
  if (!place) return;
  event.preventDefault();
  place.scrollIntoView();
  place.focus({ preventScroll: true });
}

// -- 显示与打印 --------------------------------------------------------------------------------------------------------

function lookSwitch() {
  const root = document.documentElement;
  const choice = byId("look");
  choice.value = root.dataset.look ?? "";
  choice.addEventListener("change", () => {
    if (choice.value) root.dataset.look = choice.value;
    else delete root.dataset.look;
    try {
      localStorage.setItem("look", choice.value);
    } catch {
      // A browser that keeps nothing for files: the choice holds until the page is closed.
    }
  });
}

/** Paper has no folds: what is folded on the screen is printed open, and folded again. */
function unfoldForPrint() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
}

async function start() {
  document.body.append(tip);
  unfoldForPrint();
  lookSwitch();
  byId("table").append(
    el("div", { class: "above" }, count, el("button", { type: "button", class: "plain save", onclick: () => download(fileTitle(), table.columns(), table.order()) }, "下载CSV")),
    el("p", { class: "note find-note" }, "表格随滚动逐段显示，请用上方搜索框查找企业；浏览器自带的查找只看得到已显示的行。"),
    table.element);
  // What the pointer does by hovering over a point, moving through the list does without one.
  byId("table").addEventListener("focusin", ({ target }) => target.dataset?.card && quadrant.point(target.dataset.card));
  document.addEventListener("click", followLinks);
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  window.addEventListener("hashchange", followAddress);
  setState(stateOf(location.hash) ?? state);
  if (state.card) openCard(state.card, false);
  overview();
  document.documentElement.dataset.filled = "yes";
  await afterPaint();
  groups();
  movement();
  methodTables();
  // What was filled in above has moved the heading that the address names.
  if (!stateOf(location.hash)) byId(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView({ behavior: "instant" });
  await chartLibrary();
  await drawAll();
  quadrant = await quadrantChart(everybody.filter((e) => e.status === "ranked"), openCard);
  markQuadrant();
  document.documentElement.dataset.ready = "yes";
}

start();
