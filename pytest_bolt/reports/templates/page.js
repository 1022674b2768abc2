"use strict";
(() => {
  const table = document.getElementById("verdicts");
  const form = document.getElementById("filter");
  const count = document.getElementById("count");

  const openTarget = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.querySelector("summary").focus({ preventScroll: true });
      target.scrollIntoView();
    }
  };

  const foldForPrint = () => {
    const closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
    addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }), { once: true });
  };

  const detailsOf = (row) => document.getElementById(row.dataset.details);

  const filterRows = (rows, names) => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set([...form.querySelectorAll("[name=verdict]:checked")].map((box) => box.value));
    let shown = 0;
    for (const row of rows) {
      const name = names.get(row);
      const hidden = !verdicts.has(row.dataset.verdict) || !words.every((word) => name.includes(word));
      row.hidden = hidden;
      detailsOf(row).hidden = hidden;
      shown += hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length} benchmarks shown`;
  };

  const keyOf = (row, column, numeric) => {
    const cell = row.cells[column];
    const value = cell.dataset.value ?? cell.textContent;
    return numeric ? (value === "" ? null : Number(value)) : value;
  };

  const ordered = (first, second, numeric) => {
    if (first === null || second === null) return null;
    return numeric ? first - second : first.localeCompare(second, "en", { numeric: true });
  };

  const sortBy = (header, rows) => {
    const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const numeric = header.dataset.sort === "number";
    const column = header.cellIndex;
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    const keyed = rows.map((row) => [keyOf(row, column, numeric), row]);
    keyed.sort(([first], [second]) => {
      const found = ordered(first, second, numeric);
      if (found !== null) return direction * found;
      return (first === null) - (second === null); // what has no number stays last
    });
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  };

  const addButton = (header, rows) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sortBy(header, rows));
    header.replaceChildren(button);
  };

  if (table) {
    const rows = [...table.tBodies[0].rows];
    const names = new Map(rows.map((row) => [row, detailsOf(row).querySelector(".id").textContent.toLowerCase()]));
    const filter = () => filterRows(rows, names);
    for (const header of table.tHead.rows[0].cells) addButton(header, rows);
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  }
  addEventListener("hashchange", openTarget);
  addEventListener("beforeprint", foldForPrint);
  openTarget();
})();
