"use strict";
// Every text of the model is put here as text: nothing makes HTML, and the policy would not let it.
const SECONDS = 2, KEPT = 60;
const version = { "x-checkrail-version": document.body.dataset.version };
const at = (id) => document.getElementById(id);
const number = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits });

// rates of the last seconds, from the counts of the server

const rates = [];
let before = null;

function show(stats, now) {
  const { success, fail } = stats.inference_stats;
  const seen = { now, count: success.count + fail.count, ns: success.ns + fail.ns, failed: fail.count };
  at("requests").textContent = number(seen.count);
  at("rows").textContent = number(stats.inference_count);
  if (before && seen.count >= before.count) {
    const count = seen.count - before.count;
    const rate = count / ((now - before.now) / 1000);
    at("rate").textContent = number(rate, 1);
    at("latency").textContent = count ? `${number((seen.ns - before.ns) / count / 1e6, 2)} ms` : "–";
    at("failed").textContent = count ? `${number(100 * (seen.failed - before.failed) / count, 1)} %` : "–";
    rates.push(rate);
    if (rates.length > KEPT) rates.shift();
    const top = Math.max(1, ...rates);
    const points = rates.map((each, i) => `${2 * (KEPT - rates.length + i)},${39 - 38 * each / top}`);
    document.querySelector("polyline").setAttribute("points", points.join(" "));
  }
  before = seen;
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch("v2/models/stats", { headers: version, cache: "no-store" });
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      show((await answer.json()).model_stats[0], performance.now());
      at("heard").textContent = "";
    } catch (error) {
      for (const id of ["rate", "latency", "failed"]) at(id).textContent = "–";
      at("heard").textContent = `No figures: ${error.message}`;
      before = null;
    }
  }
  setTimeout(look, SECONDS * 1000);
}
look();

// one row

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function literal(text, datatype) {
  if (datatype === "BYTES") return JSON.stringify(text);
  const value = text.trim();
  if (value === "") return "null";
  // digits as they were typed: a number of JavaScript holds 53 bits
  return datatype === "BOOL" || NUMBER.test(value) ? value : JSON.stringify(text);
}

function element(name, text, parent, kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = kind;
  return parent.appendChild(made);
}

const written = (value) => Array.isArray(value) ? `[${value.map(written).join(", ")}]` : String(value);

function table(values, answer) {
  const body = element("tbody", "", element("table", "", answer));
  for (const [name, value] of values) {
    const row = element("tr", "", body);
    const head = element("th", name, row);
    head.scope = "row";
    head.dir = "auto"; // a name in another direction turns nothing else around
    element("td", written(value), row);
  }
}

async function score(form) {
  const answer = at("answer");
  const inputs = JSON.parse(form.dataset.inputs);
  const fields = inputs.map(({ name, datatype }, i) =>
    `${JSON.stringify(name)}: ${literal(form.elements[i].value, datatype)}`);
  const headers = { ...version, "content-type": "application/json" };
  const heard = await fetch("predict", { method: "POST", headers, body: `{"rows": [{${fields.join(", ")}}]}` });
  const text = await heard.text();
  answer.replaceChildren();
  if (!heard.ok) {
    element("p", JSON.parse(text).error, answer, "refused");
    return;
  }
  // the digits of the answer, where the browser tells them
  const told = JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context ? context.source : value);
  const { label, probabilities, ...others } = told.predictions[0];
  if (typeof probabilities === "object" && Object.keys(others).length === 0) {
    const best = element("p", "Label ", answer);
    element("b", String(label), best);
    table(Object.entries(probabilities), answer);
  } else {
    table(Object.entries(told.predictions[0]), answer);
  }
  if (told.sha256 !== document.querySelector("header code").textContent) {
    element("p", `Answered by version ${told.version}: this page is of another one.`, answer, "refused");
  }
}

at("row")?.addEventListener("submit", (event) => {
  event.preventDefault();
  score(event.target).catch((error) => {
    at("answer").replaceChildren();
    element("p", `No answer: ${error.message}`, at("answer"), "refused");
  });
});
