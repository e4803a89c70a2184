// While the network is slow: that something is under way is said, that it failed is said, and nothing is sent twice.
"use strict";
(() => {
  const SHOWN_MS = 400;
  const LONG_MS = 8_000;
  const GIVEN_UP_MS = 60_000;
  const line = document.getElementById("under-way");
  const words = line.dataset;
  const under = new Set();
  let timers = [];
  let toFile = false;

  function begin(what, said) {
    if (!under.size) {
      timers = [
        setTimeout(() => { line.textContent = said; }, SHOWN_MS),
        setTimeout(() => { line.textContent = words.long; }, LONG_MS),
      ];
    }
    under.add(what);
  }
  function end(what) {
    under.delete(what);
    if (under.size) return;
    timers.forEach(clearTimeout);
    line.textContent = "";
  }

  // What is under way is not begun again: a second press of the same button, or of the same form's, does nothing.
  function hold(element, on) {
    const pressed = element.matches("form") ? element.querySelectorAll("[type=submit]") : [element];
    element.toggleAttribute("data-under-way", on);
    for (const one of pressed) {
      if (on) one.setAttribute("aria-disabled", "true");
      else one.removeAttribute("aria-disabled");
    }
  }
  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) document.getElementById("notices").replaceChildren();
    if (event.target.closest("[data-back]")) window.history.back();
    if (event.target.closest("a, button, summary")?.matches("[data-under-way], [aria-disabled=true]")) stop(event);
    toFile = Boolean(event.target.closest("[download], [data-file]"));
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-under-way]")) stop(event);
  }, true);

  // Parts of a page, where a person asked for them; what pages renew by themselves is quiet.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (!detail.requestConfig.triggeringEvent?.isTrusted || detail.elt.matches("input")) return;
    document.getElementById("notices").replaceChildren();
    hold(detail.elt, true);
    begin(detail.xhr, detail.requestConfig.verb === "get" ? words.reading : words.sending);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!under.has(detail.xhr)) return;
    end(detail.xhr);
    hold(detail.elt, false);
  });

  // Whole pages. One that becomes a file never leaves this one, so nothing would say that it came.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || toFile) return;
    hold(form, true);
    begin(form, words.sending);
    setTimeout(letGo, GIVEN_UP_MS, form);
  });
  window.addEventListener("beforeunload", () => {
    if (toFile) return;
    begin("page", words.reading);
    setTimeout(end, GIVEN_UP_MS, "page");
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-under-way]").forEach(letGo);
    end("page");
  });
  function letGo(form) {
    hold(form, false);
    end(form);
  }
})();
