"use strict";
// Everything that comes from the server is data: it is put on the page as text, never as markup.

const $ = (id) => document.getElementById(id);
const earlier = [];
let known = { model: null, learns: false };

/** An element with properties and children; text stays text. */
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const list = (texts) => make("ul", {}, ...texts.map((text) => make("li", {}, text)));
const titled = (title, texts) => texts && texts.length ? [make("h3", {}, title), list(texts)] : [];

async function call(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try { response = await fetch(path, options); } catch { throw new Error("The server does not answer."); }
  const text = await response.text();
  let value;
  try { value = JSON.parse(text); } catch { value = { error: text || response.statusText }; }
  if (!response.ok) throw new Error(value.hint ? `${value.error}; ${value.hint}` : value.error);
  return value;
}

/** Runs `work` with a button off, and shows what went wrong in `place`. */
async function during(button, place, work) {
  place.className = "soft";
  place.textContent = "…";
  button.disabled = true;
  try { place.textContent = (await work()) ?? ""; }
  catch (error) { place.className = "bad"; place.textContent = error.message; }
  finally { button.disabled = false; }
}

function chips(texts, chosen) {
  return make("div", { className: "chips" }, ...texts.map((text) => make("button", { type: "button", onclick: () => chosen(text) }, text)));
}

// ---- A question and what comes of it

function ask(question, sure = false) {
  $("start").hidden = true;
  const body = make("div");
  const status = make("p", { className: "soft" });
  status.setAttribute("role", "status");
  const card = make("article", {}, make("h2", {}, question), status, body);
  $("talk").append(card);
  card.scrollIntoView({ block: "start" });
  const turn = { question, earlier: earlier.slice(-2), body, status, attempts: [] };
  return propose(turn, sure);
}

async function propose(turn, sure) {
  turn.status.className = "soft";
  turn.status.textContent = known.model ? `${known.model} is writing …` : "…";
  try {
    const { question, earlier, attempts } = turn;
    const reply = await call("/api/draft", { question, earlier, attempts, sure });
    turn.status.textContent = "";
    if (reply.kind === "draft") showDraft(turn, reply);
    else showDoubt(turn, reply);
  } catch (error) {
    turn.status.className = "bad";
    turn.status.textContent = error.message;
    $("question").focus();
  }
}

function showDoubt(turn, reply) {
  const clarify = reply.kind === "clarify";
  const what = clarify ? reply.question : `Nothing here could answer that. Missing: ${reply.missing.join(", ")}`;
  const options = clarify ? chips(reply.options, (option) => ask(`${turn.question} (${option})`, true)) : null;
  const anyway = make("button", { type: "button", onclick: () => { turn.body.replaceChildren(); propose(turn, true); } }, "Draft it all the same");
  turn.body.replaceChildren(make("p", { className: "sentence" }, what), ...(options ? [options] : []), anyway);
  if (clarify && reply.unexplained.length && known.learns) {
    const word = reply.unexplained[0];
    const teach = make("button", { type: "button", onclick: () => { $("proposed").open = true; $("teach").elements.name.value = word; $("teach").elements.means.focus(); } }, `Teach what ${word} means`);
    turn.body.append(" ", teach);
  }
  anyway.focus();
}

function showDraft(turn, reply) {
  const sql = make("textarea", { className: "sql", value: reply.sql ?? "", rows: Math.min(12, (reply.sql ?? "").split("\n").length + 2), spellcheck: false });
  sql.setAttribute("aria-label", "SQL");
  const run = make("button", { type: "button", className: "main" }, "Run it");
  const status = make("p", { className: "soft" });
  status.setAttribute("role", "status");
  const result = make("div");
  const by = reply.by ? `Written by ${reply.by}. Nothing has run yet.` : "A beginning to go on from: no model was given. Nothing has run yet.";
  const { tables, terms, values } = reply.named;
  const named = [...tables.map((t) => `table ${t}`), ...terms.map((t) => `term ${t}`), ...values.map((v) => `value ${v}`)];
  const mended = (reply.attempts ?? []).map((attempt) => `${attempt.sql} — ${attempt.trouble}`);
  turn.body.replaceChildren(
    make("p", { className: "soft" }, by), sql,
    ...(reply.explanation ? [make("p", {}, reply.explanation)] : []),
    ...titled("It takes for granted", reply.assumptions),
    make("details", {}, make("summary", {}, "What the question names"), list(named.length ? named : ["nothing that is known"])),
    ...(mended.length ? [make("details", {}, make("summary", {}, `Mended before: ${mended.length}`), list(mended))] : []),
    make("div", { className: "chips" }, run), status, result,
  );
  const go = () => during(run, status, async () => {
    result.replaceChildren();
    const { question, earlier } = turn;
    let reply2;
    try { reply2 = await call("/api/run", { question, earlier, sql: sql.value }); }
    catch (error) { offerMending(turn, sql.value, error.message, result); throw error; }
    showAnswer(turn, sql.value, sql.value !== (reply.sql ?? ""), reply2, result, reply.explanation);
  });
  run.onclick = go;
  sql.onkeydown = (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); go(); } };
  (reply.by ? run : sql).focus();
}

function offerMending(turn, sql, trouble, place) {
  if (!known.model) return;
  const mend = make("button", { type: "button", onclick: () => {
    turn.attempts = [...turn.attempts, { sql, trouble }].slice(-2);
    propose(turn, true);
  } }, "Have it mended");
  place.append(mend);
}

function cell(value) {
  if (value === null) return make("td", { className: "null" }, "no value");
  if (typeof value === "object") return make("td", { className: "null" }, `${value.bytes} bytes`);
  return make("td", { className: typeof value === "number" ? "number" : "" }, String(value));
}

function table(rows) {
  const head = make("tr", {}, ...rows.columns.map((name) => { const th = make("th", {}, name); th.scope = "col"; return th; }));
  const body = rows.rows.map((row) => make("tr", {}, ...row.map(cell)));
  const scroll = make("div", { className: "rows", tabIndex: 0 }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", `${rows.rows.length} rows`);
  return scroll;
}

function chart(charts, title) {
  const data = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  const dark = make("source", { srcset: data(charts.dark), media: "(prefers-color-scheme: dark)" });
  return make("picture", {}, dark, make("img", { className: "chart", src: data(charts.light), alt: `Chart: ${title}. The table has the same rows.` }));
}

function showAnswer(turn, sql, edited, { answer, charts }, place, explained) {
  earlier.push({ question: turn.question, sql });
  place.replaceChildren(make("p", { className: "sentence" }, answer.sentence));
  if (answer.note) { place.append(make("p", { className: "bad" }, answer.note)); offerMending(turn, sql, answer.note, place); }
  if (answer.rows.rows.length) place.append(table(answer.rows));
  if (answer.rows.cut) place.append(make("p", { className: "soft" }, "There are more rows than these."));
  if (charts) place.append(chart(charts, answer.question));
  // What was told above of a draft that ran as it was is not told twice.
  if (edited || !explained) place.append(make("h3", {}, "What it does"), make("p", {}, answer.explanation), ...titled("It takes for granted", answer.assumptions));
  if (known.learns) place.append(keep(turn.question, sql, edited));
  if (answer.follow_ups.length) place.append(make("h3", {}, "Ask on"), chips(answer.follow_ups, (question) => ask(question)));
  $("question").focus({ preventScroll: true });
}

function keep(question, sql, corrected) {
  const status = make("p", { className: "soft" });
  status.setAttribute("role", "status");
  const button = make("button", { type: "button" }, corrected ? "Keep my correction" : "This is right, keep it");
  button.onclick = () => during(button, status, async () => {
    const { learnt } = await call("/api/learn", { kind: "example", question, sql, corrected });
    button.hidden = true;
    about();
    return `Learnt, in ${learnt}.`;
  });
  return make("div", {}, button, status);
}

// ---- What is known

async function about() {
  known = await call("/api/about");
  document.title = `Ask ${known.database}`;
  $("database").textContent = `Ask ${known.database}`;
  $("model").textContent = `${known.dialect}, read-only. ${known.model ? `SQL is written by ${known.model}.` : "No model: SQL is written by hand."}`;
  $("examples").replaceChildren(...chips(known.examples.slice(0, 6), (question) => ask(question)).childNodes);
  $("tables").replaceChildren(...known.tables.map((t) => make("details", {},
    make("summary", {}, t.name, t.about ? ` – ${t.about}` : ""),
    list(t.columns.map((c) => `${c.name} ${c.type}${c.about ? ` – ${c.about}` : ""}`)))));
  $("proposed-count").textContent = `(${known.proposals.length})`;
  $("proposals").replaceChildren(...known.proposals.map(proposal));
  $("lint-count").textContent = `(${known.findings.length})`;
  $("findings").replaceChildren(...known.findings.map((f) => make("li", {}, `${f.place}: ${f.evidence}. `, make("span", { className: "soft" }, f.mend))));
  $("teach").hidden = !known.learns;
}

function proposal(term) {
  const means = make("input", { value: term.means || term.sql || "", maxLength: 1000 });
  means.setAttribute("aria-label", `Meaning of ${term.names.join(", ")}`);
  const status = make("p", { className: "soft" });
  status.setAttribute("role", "status");
  const button = make("button", { type: "button" }, "Confirm");
  const name = term.names.join(", ");
  button.setAttribute("aria-label", `Confirm ${name}`);
  button.onclick = () => during(button, status, async () => {
    const { names, kind, target, value, sql, evidence } = term;
    await call("/api/learn", { kind: "term", of: kind, names, means: means.value, target, value, sql, evidence });
    await about();
    return "Learnt.";
  });
  return make("div", { className: "proposal" }, make("strong", {}, name), make("p", { className: "soft" }, term.evidence ?? ""), means,
    ...(known.learns ? [button] : []), status);
}

function teaching() {
  const form = $("teach");
  const kinds = () => {
    for (const kind of ["value", "formula"])
      for (const label of form.querySelectorAll(`.of-${kind}`)) label.hidden = form.elements.of.value !== kind;
  };
  form.elements.of.onchange = kinds;
  kinds();
  form.onsubmit = (event) => {
    event.preventDefault();
    const get = (name) => form.elements[name].value.trim() || null;
    const of = get("of");
    const lesson = { kind: "term", of, names: [get("name")], means: get("means") };
    if (of === "value") Object.assign(lesson, { target: get("target"), value: get("value") });
    if (of === "formula") lesson.sql = get("sql");
    during(form.querySelector("button"), form.querySelector("[role=status]"), async () => {
      await call("/api/learn", lesson);
      form.reset();
      kinds();
      await about();
      return "Learnt.";
    });
  };
}

$("ask").onsubmit = (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (!question) return;
  $("question").value = "";
  ask(question);
};
$("question").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("ask").requestSubmit(); }
};
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !["TEXTAREA", "INPUT", "SELECT"].includes(document.activeElement.tagName)) { event.preventDefault(); $("question").focus(); }
});
teaching();
about().then(() => $("question").focus(), (error) => { $("model").className = "bad"; $("model").textContent = error.message; });
