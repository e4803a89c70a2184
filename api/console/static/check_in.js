// Checking in where networks are poor: what was entered is kept on the phone and sent later, once.
"use strict";
(() => {
  const place = document.querySelector("[data-check-in]");
  if (!place) return;
  const QUEUE = "kiteline.check-ins";
  const ARRIVALS = "kiteline.arrivals";
  const MOST_KEPT = 500;
  const MARK = "kiteline.mark";
  const LONGEST_MS = 3 * 86_400_000;
  const AGAIN_MS = 10_000;
  const offline = "offline" in place.dataset;
  const words = JSON.parse(document.getElementById("check-in-words").textContent);
  const aside = place.dataset.now ? Date.parse(place.dataset.now) - Date.now() : 0;
  const read = (name, otherwise) => JSON.parse(localStorage.getItem(name) ?? "null") ?? otherwise;
  const write = (name, value) => localStorage.setItem(name, JSON.stringify(value));
  const list = fresh(read(ARRIVALS, null));
  const mark = place.dataset.mark ?? read(MARK, null);
  const seal = place.dataset.seal ?? list?.seal;
  let form = [...place.querySelectorAll("form[data-code], form[data-person]")].find((one) => ours(one));
  let formToken = document.body.dataset.formToken ?? null;
  let sending = false;

  forgetOld();
  if (offline) showOffline();
  else keepForLater();
  if (form) begin();
  showQueue();
  send();
  window.addEventListener("online", send);
  setInterval(send, AGAIN_MS);

  // A form, and the key of what it will record: made at the beginning, kept until there was an answer.
  function begin() {
    const waiting = form.dataset.code && mine().find((one) => one.code === form.dataset.code);
    if (waiting) form.hidden = true;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const entered = Object.fromEntries(new FormData(form));
      const key = entered.key || crypto.randomUUID();
      const at = new Date(Date.now() + aside);
      entered.occurred_at = `${at.toISOString().slice(0, 19)}Z`;
      const item = form.dataset.code ? scanned(entered, key) : await named(entered, key);
      write(QUEUE, [...read(QUEUE, []).filter((one) => one.key !== key), item]);
      write(MARK, mark);
      if (form.dataset.code) form.hidden = true;
      else renewForm();
      tell("", words.sending);
      showQueue();
      send();
    });
  }
  function scanned({ number, occurred_at }, key) {
    return { mark, key, code: form.dataset.code, number: number || "", occurred_at, at: Date.now(), label: place.dataset.place ?? "" };
  }
  async function named({ venue, name, identity_number, occurred_at }, key) {
    const sealed = await sealedFor({ venue, name: name.trim(), identity_number: identity_number.trim(), occurred_at }, key);
    return { mark, key, sealed, at: Date.now(), label: masked(name.trim()) };
  }
  function renewForm() {
    for (const name of ["name", "identity_number"]) form.elements[name].value = "";
    form.elements.key.value = crypto.randomUUID();
    form.elements.name.focus();
  }
  function masked(name) {
    const letters = [...name];
    if (letters.length < 3) return `${letters[0] ?? ""}*`;
    return `${letters[0]}${"*".repeat(letters.length - 2)}${letters.at(-1)}`;
  }

  // Of others nothing legible is kept: sealed for the deployment alone, bound to the key of this recording.
  async function sealedFor(body, key) {
    const [version, point] = seal.split(".");
    const curve = { name: "ECDH", namedCurve: "P-256" };
    const theirs = await crypto.subtle.importKey("raw", bytes(point), curve, false, []);
    const own = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
    const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256);
    const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
    const utf8 = new TextEncoder();
    const made = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8.encode("kiteline check-in") };
    const aes = await crypto.subtle.deriveKey(made, base, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const how = { name: "AES-GCM", iv, additionalData: utf8.encode(key) };
    const content = await crypto.subtle.encrypt(how, aes, utf8.encode(JSON.stringify(body)));
    const raw = await crypto.subtle.exportKey("raw", own.publicKey);
    return `${version}.${text([...new Uint8Array(raw), ...iv, ...new Uint8Array(content)])}`;
  }
  function bytes(base64) {
    return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  }
  function text(all) {
    return btoa(String.fromCharCode(...all));
  }

  // Sending: everything of whoever is signed in, until each was answered.
  async function send() {
    const items = mine();
    if (sending || !items.length) return;
    sending = true;
    try {
      if (!(await known())) return;
      const answer = await fetch("/check-ins/send", {
        method: "POST",
        redirect: "manual",
        headers: { "Content-Type": "application/json", "X-Form-Token": formToken },
        body: JSON.stringify({ items: items.map(({ label, at, ...item }) => item) }),
      });
      if (answer.type === "opaqueredirect" || answer.status === 403) askToSignIn();
      else if (answer.ok) answered((await answer.json()).items);
      else tell("", words.kept);
    } catch {
      tell("", words.kept, words.kept_long);
    } finally {
      sending = false;
      showQueue();
    }
  }
  async function known() {
    if (!offline) return true;
    const answer = await fetch("/check-ins/who", { redirect: "manual" });
    if (answer.type === "opaqueredirect" || !answer.ok) {
      askToSignIn();
      return false;
    }
    const said = await answer.json();
    formToken = said.form_token;
    return said.mark === mark;
  }
  function answered(results) {
    for (const { key, outcome, detail } of results) {
      if (outcome === "later") {
        tell("", words.kept);
        continue;
      }
      const item = read(QUEUE, []).find((one) => one.key === key);
      write(QUEUE, read(QUEUE, []).filter((one) => one.key !== key));
      if (outcome === "recorded") {
        tell("good", `✓ ${words.done}${item?.label ? ` · ${item.label}` : ""}`, item?.code ? words.done_help : "");
      } else {
        tell("bad", `${words.refused}${item?.label ? ` · ${item.label}` : ""}`, detail);
        if (form && item?.code) form.hidden = false;
      }
    }
  }
  function mine() {
    return read(QUEUE, []).filter((one) => one.mark === mark);
  }
  function forgetOld() {
    const all = read(QUEUE, []);
    const young = all.filter((one) => Date.now() - one.at < LONGEST_MS);
    if (young.length < all.length) write(QUEUE, young);
  }

  // What is shown.
  function tell(kind, first, then = "") {
    const line = document.createElement("div");
    line.className = `notice ${kind}`;
    const strong = document.createElement("strong");
    strong.textContent = first;
    line.append(strong, ...(then ? [document.createElement("br"), then] : []));
    for (const one of place.querySelectorAll(".told")) one.replaceChildren(line.cloneNode(true));
  }
  function askToSignIn() {
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = words.sign_in;
    tell("", words.kept);
    for (const one of place.querySelectorAll(".told .notice")) one.append(document.createElement("br"), link.cloneNode(true));
  }
  function showQueue() {
    for (const queue of place.querySelectorAll(".queue")) {
      const items = mine().filter((one) => one.sealed);
      queue.hidden = !items.length;
      queue.querySelector("ul").replaceChildren(...items.map((one) => lineOf(one.label)));
    }
  }
  function lineOf(label) {
    const line = document.createElement("li");
    line.textContent = label;
    return line;
  }

  // For when there is no network: the page that knows nobody, and for an office today's list, with masked names.
  async function keepForLater() {
    write(MARK, mark);
    if (seal) await keepArrivals();
    if (!("serviceWorker" in navigator) || !window.caches) return;
    try {
      await navigator.serviceWorker.register("/offline.js", { scope: place.dataset.scope });
      const cache = await caches.open("kiteline-offline");
      const wanted = place.dataset.files.split(" ");
      const had = (await cache.keys()).map((one) => new URL(one.url).pathname);
      await cache.put("/offline", await fetch(place.dataset.shell, { credentials: "omit" }));
      await cache.addAll(wanted.filter((one) => !had.includes(one)));
      for (const old of had) if (old.startsWith("/console/") && !wanted.includes(old)) await cache.delete(old);
      place.dataset.ready = "";
    } catch {
      // Without a network just now: what was kept before stays.
    }
  }
  async function keepArrivals() {
    // Kept from the first page on; a later one does not take its place.
    if (place.querySelector("#arrivals[data-later]")) return;
    const groups = [];
    for (const group of place.querySelectorAll("#arrivals ul")) {
      const title = group.dataset.list;
      groups.push({ title, lines: await linesFrom(group, title) });
    }
    const venues = [...(form?.elements.venue?.options ?? [])].map((one) => [one.value, one.text]);
    const until = Date.now() + Number(place.dataset.session) * 1000;
    write(ARRIVALS, { day: place.dataset.now.slice(0, 10), until, seal, venues, groups });
  }
  // Who stands on a page of a list, and on the pages after it: as many as a worker looks through.
  async function linesFrom(group, title) {
    const lines = [];
    while (group) {
      lines.push(...[...group.children].map((line) => [...line.children].map((one) => one.textContent.trim()).join(" · ")));
      const next = group.nextElementSibling?.querySelector("a[rel=next]");
      if (!next || lines.length >= MOST_KEPT) break;
      try {
        const answer = await fetch(`${next.getAttribute("href").split("#")[0]}&part=list`, { credentials: "same-origin" });
        const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
        group = [...page.querySelectorAll("ul")].find((one) => one.dataset.list === title);
      } catch {
        break;
      }
    }
    return lines;
  }
  function fresh(kept) {
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    if (kept && kept.day === today && Date.now() < kept.until) return kept;
    localStorage.removeItem(ARRIVALS);
    return null;
  }
  function ours(one) {
    return !offline || ("code" in one.dataset) === location.pathname.startsWith("/c/");
  }
  function showOffline() {
    const member = location.pathname.startsWith("/c/");
    const role = mark === null || (!member && !list) ? "nobody" : member ? "member" : "worker";
    for (const one of place.querySelectorAll("[data-for]")) {
      if (one.dataset.for === role) one.hidden = false;
      else one.remove();
    }
    if (role === "nobody") {
      form = undefined;
    } else if (member) {
      form.dataset.code = decodeURIComponent(location.pathname.slice("/c/".length));
      form.elements.number.value = new URLSearchParams(location.search).get("n") ?? "";
      if (mine().some((one) => one.code === form.dataset.code)) tell("", words.kept, words.kept_long);
    } else {
      for (const [value, name] of list.venues) form.elements.venue.add(new Option(name, value));
      form.elements.key.value = crypto.randomUUID();
      const arrivals = place.querySelector("#arrivals");
      for (const { title, lines } of list.groups) {
        const head = document.createElement("h3");
        head.textContent = title;
        const all = document.createElement("ul");
        all.className = "plain-list";
        all.append(...lines.map(lineOf));
        arrivals.append(head, all);
      }
    }
  }
})();
