// What pages do in the browser beside htmx: forms' tokens, the menu, news, and where the keyboard goes.
"use strict";
(() => {
  const body = document.body;

  document.addEventListener("htmx:configRequest", (event) => {
    const { detail } = event;
    if (detail.verb !== "get") detail.headers["X-Form-Token"] = body.dataset.formToken;
    if (event.target.matches("[data-pick]")) detail.parameters.q = event.target.value;
  });
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, () => notice(body.dataset.away, "bad"));
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    const place = event.detail.elt.querySelector("[data-focus]") ?? event.detail.elt.closest("[data-focus]");
    if (place) place.focus();
  });

  document.addEventListener("click", (event) => {
    const menu = event.target.closest(".menu-button");
    if (menu) {
      const open = document.getElementById("navigation").classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
    }
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-close]")) close(event.target.closest("form"));
    const news = event.target.closest(".news");
    if (news) renew(news.closest("[data-live]"));
    for (const open of document.querySelectorAll("details.ways[open]")) {
      if (!open.contains(event.target) || event.target.closest(".ways li")) open.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const ways = event.target.closest("details.ways[open]");
    if (ways) {
      ways.open = false;
      ways.querySelector("summary").focus();
      return;
    }
    // The keyboard may stand at what opened the form still: it comes to the form a moment after that is seen.
    const opener = event.target.closest("[hx-target='next .slot']");
    const form = event.target.closest("form.command") ?? opener?.closest(":has(> .slot)")?.querySelector("form.command");
    if (form) close(form);
  });

  function close(form) {
    const slot = form.closest(".slot");
    if (!slot) {
      window.history.back();
      return;
    }
    slot.replaceChildren();
    slot.parentElement.querySelector("a.button, button")?.focus();
  }

  function notice(text, kind) {
    const line = document.createElement("div");
    line.className = `notice ${kind}`;
    line.textContent = text;
    const away = document.createElement("button");
    away.type = "button";
    away.className = "plain";
    away.dataset.dismiss = "";
    away.textContent = body.dataset.dismiss;
    line.append(away);
    document.getElementById("notices").replaceChildren(line);
  }

  // Where nobody is signed in, nothing of whoever was is left for a page without a network to show.
  if ("nobody" in body.dataset) {
    for (const name of ["kiteline.arrivals", "kiteline.mark"]) window.localStorage.removeItem(name);
  }

  // News: who fills in a form, or has the keyboard in a part, is told quietly; else the part is renewed.
  function renew(part) {
    // Each part asks by itself: those that ask by the body wait for one another, and of several only the last is heard.
    htmx.ajax("GET", part.dataset.live, { source: part, target: part, swap: "outerHTML" });
  }
  function heard(which, tell = true) {
    for (const part of document.querySelectorAll(which)) {
      const button = part.querySelector(".news");
      const busy = part.contains(document.activeElement) || part.querySelector("[data-open], .done, details[open]");
      if (!busy || !button) renew(part);
      else if (tell) button.hidden = false;
    }
  }
  // Of what no feed tells: looked at now and then, by the same manners, while somebody sees the page.
  for (const seconds of new Set(Array.from(document.querySelectorAll("[data-every]"), (part) => part.dataset.every))) {
    window.setInterval(() => {
      if (!document.hidden) heard(`[data-every="${seconds}"]`, false);
    }, Number(seconds) * 1000);
  }
  body.addEventListener("kiteline:operated", () => heard("[data-every]"));
  if (body.dataset.news && document.querySelector("[data-live]")) {
    // The address says where the page stands: what happened before the stream began is told too.
    let source;
    const listen = () => {
      source = new EventSource(body.dataset.news);
      source.addEventListener("news", () => heard("[data-live]"));
    };
    listen();
    window.addEventListener("pagehide", () => source.close());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) listen();
    });
  }
})();
