"use strict";
(() => {
  const root = document.documentElement;
  const el = (name, set, ...children) => {
    const made = Object.assign(document.createElement(name), set);
    made.append(...children);
    return made;
  };
  const keep = (value) => {
    try {
      if (value) localStorage.setItem("tassist-theme", value);
      return localStorage.getItem("tassist-theme");
    } catch {
      return value;
    }
  };
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const kept = keep();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;

  const theme = () => {
    const button = el("button", { type: "button" });
    const say = () => (button.textContent = dark() ? "Light" : "Dark");
    button.addEventListener("click", () => {
      root.dataset.theme = keep(dark() ? "light" : "dark") || root.dataset.theme;
      say();
    });
    say();
    document.querySelector("header > div").append(button);
  };

  const value = (row, column) => {
    const cell = row.cells[column];
    const given = cell.dataset.v;
    if (given === undefined) return cell.textContent.trim().toLowerCase();
    return given === "" ? -Infinity : Number(given);
  };
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  const table = (made) => {
    const body = made.tBodies[0];
    const rows = [...body.rows];
    const size = 25;
    let shown = rows;
    let page = 0;
    const told = el("span", { role: "status" });
    const back = el("button", { type: "button", textContent: "Back" });
    const on = el("button", { type: "button", textContent: "Next" });
    const show = () => {
      const pages = Math.max(1, Math.ceil(shown.length / size));
      page = Math.min(page, pages - 1);
      const start = page * size;
      body.replaceChildren(...shown.slice(start, start + size));
      told.textContent = shown.length ? `${start + 1}–${Math.min(start + size, shown.length)} of ${shown.length}` : "nothing fits";
      back.disabled = page === 0;
      on.disabled = page >= pages - 1;
      back.hidden = on.hidden = pages < 2;
    };
    [...made.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = el("button", { type: "button", textContent: head.textContent });
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : head.classList.contains("n");
        made.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort((a, b) => order(value(a, column), value(b, column)) * (down ? -1 : 1));
        find();
      });
      head.replaceChildren(button);
    });
    const input = el("input", { type: "search", placeholder: "Filter", ariaLabel: `Filter ${made.dataset.table}` });
    const find = () => {
      const wanted = input.value.trim().toLowerCase().split(/\s+/);
      shown = rows.filter((row) => wanted.every((word) => row.textContent.toLowerCase().includes(word)));
      page = 0;
      show();
    };
    input.addEventListener("input", find);
    back.addEventListener("click", () => (page--, show()));
    on.addEventListener("click", () => (page++, show()));
    if (rows.length > 8) made.parentElement.before(el("div", { className: "tools" }, input, told, back, on));
    show();
    addEventListener("beforeprint", () => body.replaceChildren(...shown));
    addEventListener("afterprint", show);
    const jump = () => {
      const row = rows.find((one) => one.id && "#" + one.id === location.hash);
      if (!row) return;
      input.value = "";
      shown = rows;
      page = Math.floor(rows.indexOf(row) / size);
      show();
      row.querySelectorAll("details").forEach((one) => (one.open = true));
      row.scrollIntoView();
    };
    addEventListener("hashchange", jump);
    if (rows.some((row) => row.id)) jump();
  };

  const tip = el("div", { className: "tip", hidden: true });
  const say = el("div", { className: "sr", role: "status" });
  const chart = (figure) => {
    const svg = figure.querySelector("svg");
    if (!svg) return;
    const points = [...svg.querySelectorAll("[data-i]")];
    const numbers = figure.querySelector("table");
    if (!points.length || !numbers) return;
    let at = -1;
    const mark = (point) => {
      points.forEach((one) => one.classList.toggle("on", one === point));
      tip.hidden = !point;
      if (!point) return;
      at = points.indexOf(point);
      const [index, line] = point.dataset.i.split(".").map(Number);
      const row = numbers.tBodies[0].rows[numbers.tBodies[0].rows.length - 1 - index];
      tip.textContent = `${row.cells[0].textContent}: ${row.cells[line + 1].textContent} ${numbers.tHead.rows[0].cells[line + 1].textContent.toLowerCase()}`;
      const box = point.getBoundingClientRect();
      tip.style.left = Math.max(4, Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, innerWidth - tip.offsetWidth - 4)) + "px";
      tip.style.top = Math.max(4, box.top - tip.offsetHeight - 6) + "px";
    };
    svg.addEventListener("pointermove", (event) => {
      const own = event.target.closest("[data-i]");
      if (own) return mark(own);
      const near = points.map((one) => [one, one.getBoundingClientRect()]).map(([one, box]) => [Math.hypot(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2), one]);
      const [far, one] = near.reduce((a, b) => (b[0] < a[0] ? b : a));
      mark(far < 40 ? one : null);
    });
    svg.addEventListener("pointerleave", () => mark(null));
    svg.addEventListener("blur", () => mark(null));
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") return mark(null);
      if (!step) return;
      event.preventDefault();
      mark(points[(at + step + points.length) % points.length]);
      say.textContent = tip.textContent;
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    theme();
    document.body.append(tip, say);
    document.querySelectorAll("table[data-table]").forEach(table);
    document.querySelectorAll("figure.chart").forEach(chart);
    document.querySelectorAll(".more").forEach((more) => {
      let open;
      addEventListener("beforeprint", () => ([open, more.open] = [more.open, true]));
      addEventListener("afterprint", () => (more.open = open));
    });
    addEventListener("scroll", () => (tip.hidden = true), { passive: true });
  });
})();
