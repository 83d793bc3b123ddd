// Sorts and filters the table of verdicts. The page is whole without this: all that is added here are controls.
(() => {
  "use strict";

  const table = document.querySelector("table.overview");
  if (!table || !table.tHead) return;
  const columns = [...table.tHead.rows[0].cells];
  const groups = [...table.tBodies].map((body) => ({
    body,
    head: body.querySelector("tr.claim"),
    rows: [...body.querySelectorAll("tr.under")],
  }));
  const words = (element) => (element ? element.textContent.toLowerCase() : "");
  const entries = groups.flatMap((group) =>
    group.rows.map((row) => ({ row, text: `${row.dataset.experiment.toLowerCase()} ${words(group.head)} ${words(row)}` })),
  );
  if (entries.length < 2) return;

  // What is shown. `sort` names a column; without it rows stand under their claims.
  const state = { q: "", verdicts: new Set(), experiment: "", protocol: "", sort: "", down: false };

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const protocols = (row) => row.dataset.protocols.split("\n");
  const names = {
    experiment: [...new Set(entries.map(({ row }) => row.dataset.experiment))],
    protocol: [...new Set(entries.flatMap(({ row }) => protocols(row)))],
  };
  const key = (row, column) => {
    const value = row.cells[column].dataset.key;
    return value === undefined ? null : Number(value);
  };

  // The controls

  const search = make("input", { type: "search", placeholder: "claim, method, metric …", autocomplete: "off" });
  const choice = (name, all) => {
    const options = names[name].map((value) => make("option", { value }, value));
    const select = make("select", {}, make("option", { value: "" }, all), ...options);
    select.addEventListener("change", () => change({ [name]: select.value }));
    return select;
  };
  const experiment = choice("experiment", "all");
  const protocol = choice("protocol", "all");
  const order = make("select", {}, make("option", { value: "" }, "claim"));
  for (const column of columns) {
    const { column: name } = column.dataset;
    const title = column.textContent.toLowerCase();
    order.append(make("option", { value: name }, title), make("option", { value: `${name}-` }, `${title}, reversed`));
  }
  order.addEventListener("change", () =>
    change({ sort: order.value.replace(/-$/, ""), down: order.value.endsWith("-") }),
  );
  search.addEventListener("input", () => change({ q: search.value }));

  const chips = new Map();
  const verdictColumn = columns.findIndex((column) => column.dataset.column === "verdict");
  const byVerdict = [...entries].sort((a, b) => key(a.row, verdictColumn) - key(b.row, verdictColumn));
  for (const { row } of byVerdict) {
    const { verdict } = row.dataset;
    if (chips.has(verdict)) continue;
    const count = entries.filter((entry) => entry.row.dataset.verdict === verdict).length;
    const badge = row.querySelector(".badge").cloneNode(true);
    const chip = make("button", { type: "button", class: "chip", "aria-pressed": "false" }, badge, ` ${count}`);
    chip.addEventListener("click", () => {
      const verdicts = new Set(state.verdicts);
      if (!verdicts.delete(verdict)) verdicts.add(verdict);
      change({ verdicts });
    });
    chips.set(verdict, chip);
  }

  const status = make("p", { role: "status", "aria-live": "polite", class: "count" });
  const reset = make("button", { type: "button", class: "plain" }, "Show all");
  reset.addEventListener("click", () => {
    change({ q: "", verdicts: new Set(), experiment: "", protocol: "" });
    search.focus();
  });
  const field = (name, control) => make("label", {}, make("span", {}, name), control);
  table.before(
    make(
      "div",
      { class: "filters", role: "search", "aria-label": "Verdicts" },
      make(
        "div",
        { class: "first" },
        make("div", { class: "chips", role: "group", "aria-label": "Verdict" }, ...chips.values()),
        make("div", { class: "shown" }, status, reset),
      ),
      make(
        "div",
        { class: "fields" },
        field("Search", search),
        field("Experiment", experiment),
        field("Protocol", protocol),
        field("Order by", order),
      ),
    ),
  );

  // A click goes from the column's order to the reversed one, and back to the claims.
  columns.forEach((column) => {
    const { column: name } = column.dataset;
    const button = make("button", { type: "button" }, ...column.childNodes);
    button.addEventListener("click", () => {
      if (state.sort !== name) change({ sort: name, down: false });
      else change(state.down ? { sort: "", down: false } : { down: true });
    });
    column.append(button);
  });

  // Showing

  const flat = make("tbody", { role: "rowgroup", class: "flat" });
  table.append(flat);

  const shown = ({ row, text }) =>
    (state.verdicts.size === 0 || state.verdicts.has(row.dataset.verdict)) &&
    (!state.experiment || row.dataset.experiment === state.experiment) &&
    (!state.protocol || protocols(row).includes(state.protocol)) &&
    state.q.toLowerCase().split(/\s+/).every((word) => text.includes(word));

  // Rows without a value stand last either way.
  const compare = (column) => (a, b) => {
    const [left, right] = [key(a.row, column), key(b.row, column)];
    if (left === null || right === null) return (left === null) - (right === null);
    return state.down ? right - left : left - right;
  };

  const show = () => {
    for (const entry of entries) entry.row.hidden = !shown(entry);
    const visible = entries.filter(({ row }) => !row.hidden);
    const sorted = columns.findIndex((column) => column.dataset.column === state.sort);
    table.classList.toggle("sorted", sorted >= 0);
    if (sorted >= 0) flat.append(...[...entries].sort(compare(sorted)).map(({ row }) => row));
    for (const { body, head, rows } of groups) {
      if (sorted < 0) head.after(...rows);
      body.hidden = sorted >= 0 || rows.every((row) => row.hidden);
    }
    flat.hidden = sorted < 0;
    columns.forEach((column, index) => {
      if (index !== sorted) column.removeAttribute("aria-sort");
      else column.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    });
    const claims = new Set(visible.map(({ row }) => row.dataset.claim));
    const experiments = new Set(visible.map(({ row }) => row.dataset.experiment));
    for (const part of document.querySelectorAll("details.claim")) part.hidden = !claims.has(part.id);
    for (const part of document.querySelectorAll("details.experiment")) {
      part.hidden = !experiments.has(part.dataset.experiment);
    }
    const all = visible.length === entries.length;
    status.textContent = all ? `${entries.length} verdicts` : `${visible.length} of ${entries.length} verdicts`;
    status.classList.toggle("some", !all);
    reset.hidden = all;
    search.value = state.q;
    experiment.value = state.experiment;
    protocol.value = state.protocol;
    order.value = state.sort && state.sort + (state.down ? "-" : "");
    for (const [verdict, chip] of chips) chip.setAttribute("aria-pressed", String(state.verdicts.has(verdict)));
  };

  // What is shown stands in the address, after "#?": it can be kept and passed on.

  const change = (changes) => {
    Object.assign(state, changes);
    const parts = new URLSearchParams();
    for (const name of ["q", "experiment", "protocol"]) if (state[name]) parts.set(name, state[name]);
    if (state.verdicts.size > 0) parts.set("verdict", [...state.verdicts].join(","));
    if (state.sort) parts.set("sort", state.sort + (state.down ? "-" : ""));
    const hash = parts.toString();
    history.replaceState(null, "", hash ? `#?${hash}` : "#");
    show();
  };

  const follow = () => {
    const { hash } = location;
    if (hash.startsWith("#?") || hash.length < 2) {
      const parts = new URLSearchParams(hash.slice(2));
      const one = (name, among) => (among.includes(parts.get(name)) ? parts.get(name) : "");
      const sort = parts.get("sort") || "";
      state.q = parts.get("q") || "";
      state.experiment = one("experiment", names.experiment);
      state.protocol = one("protocol", names.protocol);
      state.verdicts = new Set((parts.get("verdict") || "").split(",").filter((verdict) => chips.has(verdict)));
      state.sort = sort.replace(/-$/, "");
      if (!columns.some((column) => column.dataset.column === state.sort)) state.sort = "";
      state.down = state.sort !== "" && sort.endsWith("-");
      show();
      return;
    }
    // A link to evidence opens it, whatever is filtered.
    const target = document.getElementById(hash.slice(1));
    if (!target) return;
    if (target.hidden) {
      Object.assign(state, { q: "", verdicts: new Set(), experiment: "", protocol: "" });
      show();
    }
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  };

  const parts = [...document.querySelectorAll("details.claim, details.experiment")];
  const heading = document.getElementById("_evidence");
  if (heading && parts.length > 1) {
    const open = make("button", { type: "button", class: "plain" }, "Open all");
    open.addEventListener("click", () => {
      const opening = parts.some((part) => !part.open);
      for (const part of parts) part.open = opening;
    });
    const name = () => { open.textContent = parts.some((part) => !part.open) ? "Open all" : "Close all"; };
    for (const part of parts) part.addEventListener("toggle", name);
    heading.after(open);
  }

  show();
  follow();
  window.addEventListener("hashchange", follow);
  // A link to where the address already points changes nothing there, but the evidence may have been closed since.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) follow();
  });
})();
