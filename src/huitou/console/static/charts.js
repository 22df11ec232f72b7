// Charts read their numbers from a <script type="application/json"> and their colours from the page.
"use strict";

(() => {
  const drawn = new Map();
  const colour = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const numbers = new Intl.NumberFormat(document.documentElement.lang === "en" ? "en" : "zh-Hans-CN");
  const text = () => ({ color: colour("--quiet"), fontFamily: getComputedStyle(document.body).fontFamily });

  const kinds = {
    funnel(data) {
      return {
        grid: { left: 4, right: 112, top: 4, bottom: 4, containLabel: true },
        xAxis: { type: "value", show: false, max: data.people[0] || 1 },
        yAxis: { type: "category", data: data.names, inverse: true, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...text(), fontSize: 13 } },
        series: [{
          type: "bar", data: data.people, barWidth: "62%", showBackground: true,
          backgroundStyle: { color: colour("--surface-2"), borderRadius: 4 },
          itemStyle: { color: colour("--tea"), borderRadius: 4 },
          label: {
            show: true, position: "right", ...text(), fontSize: 12,
            formatter: (point) => numbers.format(point.value) + (data.shares[point.dataIndex] === null ? "" : `  ${(100 * data.shares[point.dataIndex]).toFixed(1)}%`),
          },
        }],
      };
    },
    hours(data) {
      return {
        grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
        xAxis: { type: "category", data: data.hours, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--line") } }, axisLabel: { ...text(), interval: 3 } },
        yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: colour("--line") } }, axisLabel: text() },
        series: [{ type: "bar", data: data.events, barWidth: "70%", itemStyle: { color: colour("--tea"), borderRadius: [3, 3, 0, 0] } }],
      };
    },
    conversions(data) {
      return {
        grid: { left: 4, right: 12, top: 24, bottom: 4, containLabel: true },
        xAxis: { type: "category", data: data.names, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--line") } }, axisLabel: { ...text(), hideOverlap: true } },
        yAxis: { type: "value", min: 0, splitLine: { lineStyle: { color: colour("--line") } }, axisLabel: { ...text(), formatter: (value) => `${+value.toFixed(2)}%` } },
        series: [{
          type: "line", data: data.shares.map((share) => 100 * share), symbolSize: 7, lineStyle: { width: 2 },
          itemStyle: { color: colour("--quiet") },
          label: { show: true, ...text(), formatter: (point) => `${point.value.toFixed(2)}%` },
        }],
      };
    },
  };

  function draw(box) {
    const source = document.getElementById(box.dataset.source);
    if (!source || !kinds[box.dataset.chart]) return;
    const data = JSON.parse(source.textContent);
    drawn.get(box)?.dispose();
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({ animation: false, aria: { enabled: false }, ...kinds[box.dataset.chart](data) });
    drawn.set(box, chart);
    box.dataset.drawn = "1";
  }
  function drawAll(root) {
    for (const box of drawn.keys()) if (!box.isConnected) { drawn.get(box).dispose(); drawn.delete(box); }
    for (const box of root.querySelectorAll("[data-chart]:not([data-drawn])")) draw(box);
  }
  document.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:load", () => drawAll(document));
  window.addEventListener("resize", () => { for (const chart of drawn.values()) chart.resize(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const box of [...drawn.keys()]) draw(box); });
})();
