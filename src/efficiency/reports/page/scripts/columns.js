// The page's data: columns as columns.py packs them, and objects that read them.

/** Values of a packed column. */
function unpack(column) {
  if (Array.isArray(column)) return column;
  if ("from" in column) return Array.from({ length: column.count }, (_, i) => column.from + i);
  return column.at.map((i) => (i < 0 ? null : column.of[i]));
}

/** Packed columns → one object a row, with its position as `at`; what no column says is undefined. */
function records(columns) {
  class Row {
    constructor(at) {
      this.at = at;
    }
  }
  let count = 0;
  for (const [name, column] of Object.entries(columns)) {
    const values = unpack(column);
    count = Math.max(count, values.length);
    Object.defineProperty(Row.prototype, name, { get() { return values[this.at]; } });
  }
  return Array.from({ length: count }, (_, i) => new Row(i));
}

const byId = (id) => document.getElementById(id);
const DATA = JSON.parse(byId("data").textContent);
const everybody = records(DATA.enterprises);
DATA.byCode = new Map(everybody.map((enterprise) => [enterprise.uscc, enterprise]));

/** Enterprise's code → its row of the list that it is on: what the enterprise says, and what the list says of it. */
const entryOf = new Map();
for (const view of DATA.views) {
  if (!view.rows) {
    view.records = everybody.filter((enterprise) => view.status.includes(enterprise.status));
    continue;
  }
  const { uscc, ...own } = Object.fromEntries(Object.entries(view.rows).map(([name, column]) => [name, unpack(column)]));
  view.records = uscc.map((code, i) => {
    const entry = Object.create(DATA.byCode.get(code));
    for (const name in own) entry[name] = own[name][i];
    entryOf.set(code, entry);
    return entry;
  });
}

let parsedDetails;

/** What only cards show: `indicators`, each with a finder of an enterprise's row, and `verifications` by code. */
function details() {
  if (parsedDetails) return parsedDetails;
  parsedDetails = JSON.parse(byId("details").textContent);
  for (const indicator of parsedDetails.indicators) {
    const rows = records(indicator.rows);
    const byWho = new Map(rows.map((row) => [row.who, row]));
    indicator.of = (enterprise) => byWho.get(enterprise.at);
  }
  return parsedDetails;
}
