// Flows and figures in the browser: charts of the numbers in the tables beside them, copying a table, the months' slider.
"use strict";
(() => {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const COLOURS = ["#0b57b7", "#b35c00", "#17663a", "#7a3e9d", "#0f7c86", "#8a6d00", "#a8325e", "#4e5969"];
  let charts = [];

  // The words of a chart are those of its table: heads of columns and rows.
  const heads = (table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = (table) => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent.trim());

  function common() {
    return {
      animation: !still,
      color: COLOURS,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 14 },
      tooltip: { renderMode: "richText", confine: true },
    };
  }

  // Places keep the order of their codes on both sides; the two sides are other nodes, even of one place.
  function flow(told, narrow) {
    const origins = [...new Set(told.flow.map((one) => one[0]))].sort();
    const destinations = [...new Set(told.flow.map((one) => one[1]))].sort();
    // Each origin has a colour, which its flows keep; whoever cannot tell colours apart has the places and the table.
    const from = (code, index) => ({ name: `from ${code}`, depth: 0, itemStyle: { color: COLOURS[index % COLOURS.length] } });
    const to = (code) => ({ name: `to ${code}`, depth: 1, itemStyle: { color: "#667085" } });
    const said = (name) => told.names[name.split(" ")[1]];
    return {
      ...common(),
      tooltip: {
        ...common().tooltip,
        formatter: ({ data, value, name }) => (data.source ? `${said(data.source)} → ${said(data.target)}  ${value}` : `${said(name)}  ${value}`),
      },
      series: [{
        type: "sankey",
        layoutIterations: 0,
        nodeGap: 14,
        left: 8, right: narrow ? 90 : 150, top: 8, bottom: 8,
        emphasis: { focus: "adjacency" },
        label: { formatter: ({ name }) => said(name), width: narrow ? 80 : 140, overflow: "truncate" },
        lineStyle: { color: "source", opacity: 0.3 },
        data: [...origins.map(from), ...destinations.map(to)],
        links: told.flow.map(([from, to, value]) => ({ source: `from ${from}`, target: `to ${to}`, value })),
      }],
    };
  }

  function months() {
    const table = document.getElementById("months-table");
    const said = heads(table);
    return {
      ...common(),
      tooltip: { ...common().tooltip, trigger: "axis" },
      legend: { top: 0 },
      grid: { left: 8, right: 16, top: 40, bottom: 8, containLabel: true },
      xAxis: { type: "category", data: rows(table) },
      yAxis: { type: "value", minInterval: 1 },
      series: [2, 3].map((index) => ({
        type: "line", name: said[index], data: column(table, index), symbol: index === 2 ? "circle" : "rect", symbolSize: 8,
        lineStyle: { type: index === 2 ? "solid" : "dashed", width: 2 },
      })),
    };
  }

  function marks(name, narrow) {
    const table = document.getElementById(`${name}-table`);
    const said = heads(table);
    return {
      ...common(),
      tooltip: { ...common().tooltip, trigger: "axis", axisPointer: { type: "shadow" } },
      legend: { top: 0 },
      grid: { left: 8, right: 16, top: 40, bottom: 24, containLabel: true },
      xAxis: { type: "category", data: rows(table), axisLabel: { interval: 0, width: Math.floor((narrow ? window.innerWidth - 110 : table.offsetWidth - 80) / rows(table).length), fontSize: narrow ? 10 : 13, overflow: "break" } },
      yAxis: { type: "value", minInterval: 1 },
      series: said.slice(1).map((side, index) => ({ type: "bar", name: side, data: column(table, index + 1), barMaxWidth: 36 })),
    };
  }

  const column = (table, index) => [...table.tBodies[0].rows].map((row) => count(row.cells[index]));

  function count(cell) {
    const digits = cell.textContent.replace(/[,\s]/g, "");
    return /^\d/.test(digits) ? Number(digits) : null;
  }

  function draw() {
    for (const chart of charts) chart.dispose();
    charts = [];
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
    const data = document.getElementById("flows-data");
    if (!data || !window.echarts) return;
    const told = JSON.parse(data.dataset.told);
    const narrow = window.innerWidth < 700;
    for (const place of document.querySelectorAll("[data-chart]")) {
      const kind = place.dataset.chart;
      place.hidden = false;
      const chart = window.echarts.init(place, null, { renderer: "canvas" });
      chart.setOption(kind === "flow" ? flow(told, narrow) : kind === "months" ? months() : marks(kind, narrow));
      charts.push(chart);
    }
  }

  async function copy(button) {
    const table = document.getElementById(button.dataset.copy);
    const lines = [...table.rows].map((row) =>
      [...row.cells].map((cell) => {
        const text = cell.textContent.trim().replace(/\s+/g, " ");
        return cell.matches("td.number") ? text.replaceAll(",", "") : text;
      }).join("\t"));
    const text = [...lines, table.dataset.moment].join("\n");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard for pages here: the table is selected, and the keyboard copies it.
      getSelection().selectAllChildren(table);
      return;
    }
    const said = button.textContent;
    button.textContent = button.dataset.copied;
    document.getElementById("notices").textContent = "";
    window.setTimeout(() => { button.textContent = said; }, 3000);
  }

  function slider() {
    const slide = document.getElementById("slide");
    const month = document.getElementById("month");
    if (!slide || !slide.hidden) return;
    const last = month.options.length - 1;
    const say = () => slide.setAttribute("aria-valuetext", month.selectedOptions[0].textContent);
    slide.hidden = false;
    slide.addEventListener("input", () => { month.selectedIndex = last - Number(slide.value); say(); });
    slide.addEventListener("change", () => slide.form.requestSubmit());
    month.addEventListener("change", () => { slide.value = String(last - month.selectedIndex); say(); slide.form.requestSubmit(); });
    for (const name of ["level", "measure", "public"]) {
      slide.form.elements[name].addEventListener("change", () => slide.form.requestSubmit());
    }
    say();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (document.querySelector("[data-chart][hidden]")) draw();
  });
  let waiting = 0;
  window.addEventListener("resize", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => { for (const chart of charts) chart.resize(); }, 150);
  });
  slider();
  draw();
})();
