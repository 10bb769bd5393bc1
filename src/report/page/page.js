"use strict";
// Draws the page from the data block. Text of the data only ever becomes text nodes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const COLOURS = ["--act-now", "--evaluate", "--nurture", "--educate", "--bar"];
  const BANDS = ["High", "Medium", "Low", "Very Low"];
  const STEPS = [
    "Call this week: tele or account-based sales.",
    "Reach through several marketing channels, and hand over when intent rises.",
    "Keep in awareness campaigns; look again when the fit is scored anew.",
    "Educate, and watch for a change in fit or intent.",
    "Not scored: complete what is known about the company first.",
  ];
  const PAGE_ROWS = 50;
  const ID = 0, NAME = 1, TIER = 2, CORPORATE = 3, PLACE = 4, INDUSTRY = 5, DOMAIN = 6, COHORTS = 7, SCORES = 8;
  const FIT = 0, INTENT = 1, CHANCE = 2, CLUSTER = 3, RANK = 4, OWNS = 5, BANDS_AT = 6;
  const EMPLOYEES = 0, EVENTS = 1, REASONS = 2;
  const FIT_FALL = 0, INTENT_FALL = 1, FIT_WHY = 2, INTENT_WHY = 3, BEFORE = 4, CLOSEST = 5;
  const state = { product: 0, sort: "rank", down: false, page: 0, cell: null, shown: [] };

  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const money = (value) => value === null ? "\u2013" : (data.currency ? data.currency + " " : "") + short.format(value);
  // Sums of what the data holds by tier; null where the reader may not see it.
  const sum = (values) => values.some((value) => value === null) ? null : values.reduce((a, b) => a + b, 0);
  const tiers = Object.entries(data.totals.tiers);
  const overTiers = (name) => sum(tiers.map(([, tier]) => tier[name]));
  const tenth = (value) => (Math.floor(value * 10 + 1e-6) / 10).toFixed(1);
  const signed = (value) => (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(2);
  const percent = (value) => (100 * value).toFixed(value < 0.0995 ? 1 : 0) + " %";

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") made.className = value;
      else if (name.startsWith("--")) made.style.setProperty(name, value);
      else if (name === "on") for (const [event, call] of Object.entries(value)) made.addEventListener(event, call);
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function drawn(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const product = () => data.products[state.product];
  const score = (account) => account[SCORES][state.product];
  const cellName = (of, index) => of[BANDS_AT] === null ? "\u2013" : data.products[index].labels[Math.floor(of[BANDS_AT] / 4)][of[BANDS_AT] % 4];
  // What only cards show is a line an account, after one of texts. It is looked at when the first card is opened.
  let lines = null, texts = null;
  function details(account) {
    if (lines === null) {
      lines = byId("details").textContent.split("\n");
      texts = JSON.parse(lines[0]);
    }
    return JSON.parse(lines[data.accounts.indexOf(account) + 1]);
  }
  const pill = (cluster) =>
    element("span", { class: "pill" }, element("i", { "--colour": `var(${COLOURS[cluster]})` }), data.clusters[cluster]);

  // Theme: as the system says until somebody chooses.
  const themes = ["auto", "light", "dark"];
  function showTheme(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    byId("theme").textContent = `Theme: ${theme}`;
    byId("theme").dataset.now = theme;
  }
  byId("theme").addEventListener("click", () => {
    showTheme(themes[(themes.indexOf(byId("theme").dataset.now) + 1) % themes.length]);
  });

  function showHeader() {
    byId("subtitle").textContent = `As of ${data.as_of} \u00b7 ${whole.format(data.accounts_total)} accounts \u00b7 ${data.spec}`;
    byId("footer").textContent =
      `Model ${data.model}, propensity ${data.version}. Numbers count all ${whole.format(data.accounts_total)} accounts; ` +
      `the table holds the ${whole.format(data.accounts.length)} best.` +
      (data.previous ? ` Compared with the run as of ${data.previous}.` : "");
  }

  const ofProduct = (figure) => sum(tiers.map(([, tier]) => tier.products[product().name]?.[figure] ?? 0));
  function showTiles() {
    const year = `fiscal year ${data.fiscal_year[0].slice(0, 7)} to ${data.fiscal_year[1].slice(0, 7)}`;
    const tiles = [
      ["SMB customers", whole.format(data.totals.customers), `${whole.format(data.totals.left_out_corporate)} more may be corporate`],
      ["Act Now, not yet owners", whole.format(product().to_call), product().label],
      ["Expiring agreements", whole.format(overTiers("expiring_agreements")), year],
    ];
    if (overTiers("expiring_revenue") !== null) {
      tiles.push(["Expiring revenue", money(overTiers("expiring_revenue")), year],
        ["Open expiring revenue", money(overTiers("open_expiring_revenue")), `${whole.format(overTiers("open_agreements"))} not ended yet`],
        ["Potential revenue", money(ofProduct("potential")), `${product().label}, if those who do not own it bought`]);
    }
    byId("tiles").replaceChildren(
      ...tiles.map(([name, value, note]) =>
        element("div", { class: "tile" }, element("dt", {}, name), element("dd", {}, value, element("small", {}, note)))),
    );
  }

  function showProducts() {
    const choose = (index, focus) => {
      state.product = (index + data.products.length) % data.products.length;
      state.cell = null;
      showAll();
      if (focus) byId("products").children[state.product].focus();
    };
    byId("products").replaceChildren(
      ...data.products.map((item, index) =>
        element("button", {
          type: "button", role: "radio", "aria-checked": String(index === state.product), tabindex: index === state.product ? 0 : -1,
          on: {
            click: () => choose(index, true),
            keydown: (event) => {
              const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
              if (step) { event.preventDefault(); choose(index + step, true); }
            },
          },
        }, item.label)),
    );
  }

  function showHeat() {
    const { grid, labels } = product();
    const most = Math.max(1, ...grid.flat().map((cell) => cell[0]));
    const head = element("tr", {}, element("th", { scope: "col" }, "fit \\ intent"),
      ...BANDS.map((band) => element("th", { scope: "col" }, band)));
    const rows = grid.map((cells, fit) =>
      element("tr", {}, element("th", { scope: "row" }, BANDS[fit]),
        ...cells.map(([count, value], intent) => {
          const share = count === 0 ? 0.04 : 0.12 + 0.8 * Math.sqrt(count / most);
          const chosen = state.cell && state.cell[0] === fit && state.cell[1] === intent;
          return element("td", {}, element("button", {
            type: "button", class: share > 0.82 ? "strong" : null, "--share": share.toFixed(3), "aria-pressed": String(Boolean(chosen)),
            "aria-label": `Fit ${BANDS[fit]}, intent ${BANDS[intent]}, ${labels[fit][intent]}: ${whole.format(count)} accounts${value === null ? "" : `, bought for ${money(value)} in 12 months`}. Show them.`,
            on: { click: () => { state.cell = chosen ? null : [fit, intent]; state.page = 0; showHeat(); showAccounts(); byId("heat").querySelectorAll("button")[fit * 4 + intent].focus(); } },
          }, element("span", { class: "cell-top" }, element("span", {}, labels[fit][intent])),
          element("b", {}, whole.format(count)), element("span", { class: "money" }, value > 0 ? money(value) : "")));
        })));
    const table = element("table", { class: "heat" }, element("caption", { class: "unseen" }, `Accounts by fit and intent for ${product().label}`),
      element("colgroup", {}, element("col", { class: "names" })), element("thead", {}, head), element("tbody", {}, ...rows));
    byId("heat").replaceChildren(table);
    byId("evidence").replaceChildren(...["Fit", "Intent"].map((what, index) =>
      element("li", {}, element("b", {}, `${what}: `), product().evidence[index])));
    const bought = grid[0][0][1] === null ? "" : ", and what they bought of it in 12 months";
    byId("grid-note").textContent = `${product().label}: accounts${bought}`;
  }

  function showTiers() {
    byId("cluster-legend").replaceChildren(
      ...data.clusters.slice(0, 4).map((name, index) =>
        element("li", {}, element("i", { "--colour": `var(${COLOURS[index]})` }), name)));
    const rows = product().tiers;
    const most = Math.max(1, ...rows.map((counts) => counts.reduce((a, b) => a + b, 0)));
    byId("tiers").replaceChildren(...rows.map((counts, tier) => {
      const total = counts.reduce((a, b) => a + b, 0);
      const bars = counts.map((count, cluster) => {
        const bar = element("i", { "--colour": `var(${COLOURS[cluster]})` });
        bar.style.width = `${(100 * count) / most}%`;
        return count > 0 ? bar : null;
      });
      const words = counts.map((count, cluster) => `${data.clusters[cluster]} ${count}`).filter((_, cluster) => counts[cluster] > 0).join(", ");
      return element("div", { class: "tier-row" }, element("span", {}, data.tiers[tier]),
        element("span", { class: "stack", role: "img", "aria-label": words || "none", title: words }, ...bars),
        element("span", { class: "count" }, whole.format(total)));
    }));
  }

  function showMoney() {
    byId("money-panel").hidden = overTiers("expiring_revenue") === null;
    if (byId("money-panel").hidden) return;
    const figures = [["potential", "Potential"], ["expected", "Expected"], ["upsell", "Upsell to owners"]];
    const count = (value) => element("td", { class: "number" }, whole.format(value));
    const amount = (value) => element("td", { class: "number" }, money(value));
    const row = (name, kind, of) => element("tr", { class: kind }, element("th", { scope: "row" }, name),
      count(of("owners")), count(of("act_now")), ...figures.map(([figure]) => amount(of(figure))));
    const names = data.tiers.filter((name) => name in data.totals.tiers);
    const rows = names.map((name) => row(name, null, (figure) => data.totals.tiers[name].products[product().name]?.[figure] ?? 0));
    byId("money").replaceChildren(
      element("caption", { class: "unseen" }, `Potential revenue of ${product().label} by tier`),
      element("thead", {}, element("tr", {}, ...["Tier", "Owners", "Act Now, not yet owners", ...figures.map(([, name]) => name)].map((name, index) =>
        element("th", { scope: "col", class: index > 0 ? "number" : null }, name)))),
      element("tbody", {}, ...rows, row("All", "total", ofProduct)));
    byId("money-note").textContent = `${product().label}: 12 months${data.currency ? ` in ${data.currency}` : ""}; potential is what customers would spend if they bought, expected is that times the probability`;
  }

  function showMoves() {
    const moves = product().moves;
    if (!moves) { byId("moved").replaceChildren(); return; }
    const names = data.clusters.slice(0, 4);
    const head = element("tr", {}, element("th", { scope: "col" }, "from \\ to"), ...names.map((name) => element("th", { scope: "col" }, name)));
    const rows = names.map((name, from) => element("tr", {}, element("th", { scope: "row" }, name),
      ...names.map((_, to) => element("td", { class: moves.between[from][to] === 0 ? "none" : from === to ? null : to < from ? "up" : "down" }, whole.format(moves.between[from][to])))));
    byId("moved").replaceChildren(
      element("h3", {}, `Moved since ${data.previous} (${whole.format(moves.arrived)} new, ${whole.format(moves.gone)} gone)`),
      element("table", { class: "moves" }, element("thead", {}, head), element("tbody", {}, ...rows)));
  }

  const COLUMNS = [
    { key: "rank", name: "Cell", class: "", value: (a) => score(a)[RANK] ?? 99 },
    { key: "name", name: "Account", class: "", value: (a) => (a[NAME] ?? a[ID]).toLowerCase() },
    { key: "cluster", name: "Cluster", class: "", value: (a) => score(a)[CLUSTER] },
    { key: "fit", name: "Fit", class: "number", value: (a) => score(a)[FIT] },
    { key: "intent", name: "Intent", class: "number", value: (a) => score(a)[INTENT] },
    { key: "chance", name: "Likely to buy", class: "number optional", value: (a) => score(a)[CHANCE] },
    { key: "tier", name: "Tier", class: "optional", value: (a) => a[TIER] },
    { key: "place", name: "Place", class: "optional", value: (a) => (a[PLACE] ?? "").toLowerCase() },
  ];
  const best = (a, b) => {
    const [x, y] = [score(a), score(b)];
    return (x[RANK] ?? 99) - (y[RANK] ?? 99) || y[FIT] - x[FIT] || y[INTENT] - x[INTENT] || (a[ID] < b[ID] ? -1 : 1);
  };

  function selected() {
    const words = byId("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const [cluster, tier, cohort] = ["cluster", "tier", "cohort"].map((id) => byId(id).value);
    const hide = byId("owners").checked;
    const found = data.accounts.filter((account) => {
      const of = score(account);
      if (cluster !== "" && of[CLUSTER] !== Number(cluster)) return false;
      if (tier !== "" && account[TIER] !== Number(tier)) return false;
      if (cohort !== "" && !account[COHORTS].includes(Number(cohort))) return false;
      if (hide && of[OWNS]) return false;
      if (state.cell && (of[BANDS_AT] !== state.cell[0] * 4 + state.cell[1])) return false;
      if (words.length === 0) return true;
      const text = [account[ID], account[NAME], account[PLACE], account[INDUSTRY], account[DOMAIN]].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const column = COLUMNS.find((column) => column.key === state.sort);
    return found.sort((a, b) => {
      if (state.sort === "rank") return state.down ? best(b, a) : best(a, b);
      const [x, y] = [column.value(a), column.value(b)];
      const order = x < y ? -1 : x > y ? 1 : 0;
      return (state.down ? -order : order) || best(a, b);
    });
  }

  function showAccounts() {
    state.shown = selected();
    const pages = Math.max(1, Math.ceil(state.shown.length / PAGE_ROWS));
    state.page = Math.min(state.page, pages - 1);
    byId("accounts").tHead.replaceChildren(element("tr", {}, ...COLUMNS.map((column) => {
      const sorted = column.key === state.sort;
      return element("th", { scope: "col", class: column.class, "aria-sort": sorted ? (state.down ? "descending" : "ascending") : null },
        element("button", { type: "button", on: { click: () => {
          state.down = sorted ? !state.down : column.class.includes("number");
          state.sort = column.key; state.page = 0; showAccounts();
          byId("accounts").tHead.querySelectorAll("button")[COLUMNS.indexOf(column)].focus();
        } } }, column.name, sorted ? (state.down ? " \u2193" : " \u2191") : ""));
    })));
    const rows = state.shown.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS).map((account) => {
      const of = score(account);
      const meter = (value) => {
        const bar = element("i", {});
        bar.style.width = `${value}%`;
        return element("span", { class: "meter optional", "aria-hidden": "true" }, bar);
      };
      return element("tr", {},
        element("td", {}, cellName(of, state.product)),
        element("td", {}, element("button", { type: "button", class: "open", on: { click: () => showCard(account) } }, account[NAME] ?? account[ID]),
          element("small", {}, [account[ID], account[INDUSTRY]].filter(Boolean).join(" \u00b7 "))),
        element("td", {}, pill(of[CLUSTER]), of[OWNS] ? element("small", {}, "owns it") : ""),
        element("td", { class: "number" }, tenth(of[FIT]), meter(of[FIT])),
        element("td", { class: "number" }, tenth(of[INTENT]), meter(of[INTENT])),
        element("td", { class: "number optional" }, percent(of[CHANCE])),
        element("td", { class: "optional" }, data.tiers[account[TIER]]),
        element("td", { class: "optional" }, account[PLACE] ?? ""));
    });
    byId("accounts").tBodies[0].replaceChildren(...rows);
    const cell = state.cell ? `, fit ${BANDS[state.cell[0]]} and intent ${BANDS[state.cell[1]]}` : "";
    byId("accounts-note").textContent = `${whole.format(state.shown.length)} of ${whole.format(data.accounts.length)} listed for ${product().label}${cell}`;
    byId("page-note").textContent = `Page ${state.page + 1} of ${pages}`;
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page >= pages - 1;
  }

  // A waterfall as a table: every row a step from what the average account has to what this one has.
  function waterfall(title, fall) {
    const [base, margin, ...steps] = fall;
    const rows = [["Average account", base, 0, base, "start"]];
    let at = base;
    for (let place = 0; place < steps.length; place += 2) {
      rows.push([data.groups[steps[place]], steps[place + 1], at, at + steps[place + 1], "step"]);
      at += steps[place + 1];
    }
    if (steps.length === 0) rows.push(["No evidence moves this score", 0, at, at, "step"]);
    const rest = margin - at;
    if (rest !== 0) rows.push(["All other evidence", rest, at, margin, "step"]);
    rows.push(["This account", margin, 0, margin, "total"]);
    const ends = rows.flatMap((row) => [row[2], row[3]]);
    const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
    const span = Math.max(high - low, 1);
    return element("table", { class: "fall" }, element("caption", {}, title),
      element("tbody", {}, ...rows.map(([name, value, from, to, kind]) => {
        const bar = element("i", { class: kind !== "step" ? null : value >= 0 ? "raise" : "lower" });
        bar.style.left = `${(100 * (Math.min(from, to) - low)) / span}%`;
        bar.style.width = `${(100 * Math.abs(to - from)) / span}%`;
        return element("tr", { class: kind === "total" ? "total" : null }, element("th", { scope: "row" }, name),
          element("td", {}, element("span", { class: "track", "aria-hidden": "true" }, bar)),
          element("td", { class: "number" }, signed(value / 100)));
      })));
  }

  function showCard(account) {
    const of = score(account);
    const more = details(account), reasons = more[REASONS][state.product];
    byId("card-name").textContent = account[NAME] ?? account[ID];
    byId("card-facts").textContent = [
      account[ID], data.tiers[account[TIER]], account[PLACE], account[INDUSTRY],
      more[EMPLOYEES] === null ? null : `${whole.format(more[EMPLOYEES])} people`, account[DOMAIN],
      account[CORPORATE] ? "may be corporate" : null,
    ].filter(Boolean).join(" \u00b7 ");
    const why = (places) => places.length === 0 ? null : element("ul", { class: "why" }, ...places.map((place) => element("li", {}, texts[place])));
    const scores = element("table", { class: "scores" },
      element("thead", {}, element("tr", {}, ...["Product", "Cell", "Cluster", "Fit", "Intent", "Likely to buy", ""].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...account[SCORES].map((each, index) => {
        const before = more[REASONS][index][BEFORE], now = cellName(each, index);
        const moved = before ? ` (was ${tenth(before[0])})` : "";
        const movedIntent = before ? ` (was ${tenth(before[1])})` : "";
        return element("tr", { "aria-current": index === state.product ? "true" : null },
          element("th", { scope: "row" }, data.products[index].label), element("td", {}, now + (before && (before[2] ?? "\u2013") !== now ? `, was ${before[2] ?? "\u2013"}` : "")),
          element("td", {}, pill(each[CLUSTER])), element("td", {}, tenth(each[FIT]) + moved), element("td", {}, tenth(each[INTENT]) + movedIntent),
          element("td", {}, percent(each[CHANCE])), element("td", {}, each[OWNS] ? "owns it" : ""));
      })));
    const step = of[OWNS] ? `Owns ${product().label} already: look after the renewal, and at the other products.` : STEPS[of[CLUSTER]];
    const events = more[EVENTS].map(([day, text]) =>
      element("li", { class: day >= data.as_of ? "ahead" : null }, element("time", { datetime: day }, day), texts[text]));
    byId("card-body").replaceChildren(
      element("div", { class: "next" }, element("b", {}, `Next step for ${product().label}`), step),
      reasons[CLOSEST] === null ? "" : element("p", {}, `Closest to these best customers: ${texts[reasons[CLOSEST]]}.`),
      element("h3", {}, `What makes the scores for ${product().label}, in log-odds`),
      element("div", { class: "falls" },
        element("div", {}, waterfall(`Fit ${tenth(of[FIT])}`, reasons[FIT_FALL]), why(reasons[FIT_WHY]) ?? ""),
        element("div", {}, waterfall(`Intent ${tenth(of[INTENT])}`, reasons[INTENT_FALL]), why(reasons[INTENT_WHY]) ?? "")),
      element("h3", {}, "All products"), scores,
      events.length > 0 ? element("h3", {}, "In time") : "", events.length > 0 ? element("ul", { class: "time" }, ...events) : "",
      account[COHORTS].length > 0 ? element("h3", {}, "Cohorts") : "",
      element("div", { class: "tags" }, ...account[COHORTS].map((cohort) => element("span", { class: "pill" }, data.cohorts[cohort][0]))));
    byId("card").showModal();
    byId("card").scrollTop = 0;
    byId("card-name").focus();
  }
  byId("close").addEventListener("click", () => byId("card").close());
  byId("card").addEventListener("click", (event) => { if (event.target === byId("card")) byId("card").close(); });

  const FRAME = { left: 44, top: 10, width: 420, height: 230 };
  function chart(label, x, y, to) {
    const svg = drawn("svg", { viewBox: "0 0 480 284", class: "chart", role: "img", "aria-label": label });
    for (let tick = 0; tick <= 4; tick += 1) {
      const [right, up] = [FRAME.left + (FRAME.width * tick) / 4, FRAME.top + FRAME.height - (FRAME.height * tick) / 4];
      svg.append(drawn("line", { class: "rule", x1: FRAME.left, x2: FRAME.left + FRAME.width, y1: up, y2: up }),
        drawn("text", { x: FRAME.left - 6, y: up + 4, "text-anchor": "end" }, (100 * to * tick / 4).toFixed(to < 0.2 ? 1 : 0)),
        drawn("text", { x: right, y: FRAME.top + FRAME.height + 16, "text-anchor": "middle" }, (100 * to * tick / 4).toFixed(to < 0.2 ? 1 : 0)));
    }
    svg.append(drawn("line", { class: "even", x1: FRAME.left, y1: FRAME.top + FRAME.height, x2: FRAME.left + FRAME.width, y2: FRAME.top }),
      drawn("text", { x: FRAME.left + FRAME.width / 2, y: 280, "text-anchor": "middle" }, x),
      drawn("text", { x: 0, y: 0, "text-anchor": "middle", transform: `translate(12 ${FRAME.top + FRAME.height / 2}) rotate(-90)` }, y));
    return svg;
  }
  const at = (x, y, to) => `${(FRAME.left + FRAME.width * Math.min(1, x / to)).toFixed(1)},${(FRAME.top + FRAME.height * (1 - Math.min(1, y / to))).toFixed(1)}`;

  function showWorth() {
    const models = [["fit", product().quality[0]], ["intent", product().quality[1]]].filter(([, quality]) => quality);
    byId("worth").hidden = models.length === 0;
    if (models.length === 0) return;
    const gains = chart(`Gains for ${product().label}: ${models.map(([name, quality]) => `${name} finds ${percent(quality.gains[0][1])} of outcomes in the first tenth`).join(", ")}`,
      "best share of the list, %", "share of outcomes found, %", 1);
    for (const [name, { gains: line }] of models) {
      const low = line.map(([depth, , bottom]) => at(depth, bottom, 1)), high = line.map(([depth, , , top]) => at(depth, top, 1));
      gains.append(drawn("polygon", { class: `${name} band`, points: [at(0, 0, 1), ...low, ...high.reverse()].join(" ") }),
        drawn("polyline", { class: name, points: [at(0, 0, 1), ...line.map(([depth, gain]) => at(depth, gain, 1))].join(" ") }));
    }
    byId("lift").replaceChildren(gains);
    byId("lift-note").replaceChildren(...models.flatMap(([name, { auc, gains: line }], index) => [index > 0 ? " \u00b7 " : "", `${name}: AUC ${auc[0].toFixed(3)} (${auc[1].toFixed(3)} to ${auc[2].toFixed(3)}), lift ${(line[0][1] / line[0][0]).toFixed(1)} in the first tenth`]));
    const highest = Math.max(0.02, ...models.flatMap(([, { reliability }]) => reliability.flatMap(([, said, came]) => [said, came])));
    const to = Math.min(1, Math.ceil(highest * 1.08 * 20) / 20);
    const reliable = chart(`Reliability for ${product().label}: what was said against what came true`, "said, %", "came true, %", to);
    for (const [name, { reliability }] of models) {
      const most = Math.max(...reliability.map(([rows]) => rows));
      reliable.append(drawn("polyline", { class: name, points: reliability.map(([, said, came]) => at(said, came, to)).join(" ") }));
      for (const [rows, said, came] of reliability) {
        const [x, y] = at(said, came, to).split(",");
        reliable.append(drawn("circle", { class: name, cx: x, cy: y, r: (2.5 + 3 * Math.sqrt(rows / most)).toFixed(1) }));
      }
    }
    byId("reliability").replaceChildren(reliable);
    byId("reliability-note").replaceChildren(element("span", { class: "legend" },
      ...models.map(([name]) => element("span", {}, element("i", { "--colour": `var(${name === "fit" ? "--act-now" : "--evaluate"})` }), name))));
  }

  function showCohorts() {
    const counted = data.cohorts.map((cohort, index) => [cohort, index]).filter(([cohort]) => cohort[1] > 0);
    byId("cohorts-panel").hidden = counted.length === 0;
    byId("cohorts-note").textContent = `${data.catalogue}: ${counted.length} with customers, ${data.cohorts.length - counted.length} empty or without a public rule`;
    byId("cohorts").replaceChildren(...counted.map(([[name, count], index]) =>
      element("button", { type: "button", "aria-label": `${name}: ${whole.format(count)} customers. Show them.`, on: { click: () => {
        byId("cohort").value = String(index); state.page = 0; showAccounts(); byId("accounts-heading").focus(); byId("accounts-heading").scrollIntoView();
      } } }, element("span", {}, name), element("b", {}, whole.format(count)))));
  }

  function showFilters() {
    const options = (id, names) => byId(id).replaceChildren(element("option", { value: "" }, "All"),
      ...names.map(([name, value]) => element("option", { value: String(value) }, name)));
    options("cluster", data.clusters.map((name, index) => [name, index]));
    options("tier", data.tiers.map((name, index) => [name, index]));
    options("cohort", data.cohorts.map(([name, count], index) => [name, index, count]).filter(([, , count]) => count > 0));
    byId("cohort").parentElement.hidden = byId("cohort").options.length === 1;
    const again = () => { state.page = 0; showAccounts(); };
    ["search", "cluster", "tier", "cohort", "owners"].forEach((id) => byId(id).addEventListener("input", again));
    byId("clear").addEventListener("click", () => {
      ["search", "cluster", "tier", "cohort"].forEach((id) => { byId(id).value = ""; });
      byId("owners").checked = false; state.cell = null; showHeat(); again(); byId("search").focus();
    });
    byId("previous").addEventListener("click", () => { state.page -= 1; showAccounts(); });
    byId("next").addEventListener("click", () => { state.page += 1; showAccounts(); });
  }

  function showAll() {
    state.page = 0;
    showTiles(); showProducts(); showHeat(); showTiers(); showMoney(); showMoves(); showAccounts(); showWorth();
  }

  showTheme("auto");
  showHeader();
  showFilters();
  showAll();
  showCohorts();
  document.documentElement.dataset.ready = "true";
})();
