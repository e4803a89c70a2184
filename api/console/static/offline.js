// A phone without a network gets the page that was kept for it. That page knows nobody; nothing else is ever kept here.
"use strict";
const KEPT = "kiteline-offline";
const PAGE = "/offline";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await kept(PAGE)) ?? Response.error()));
  } else if (new URL(request.url).pathname.startsWith("/console/")) {
    event.respondWith(kept(request).then((found) => found ?? fetch(request)));
  }
});

async function kept(what) {
  const cache = await caches.open(KEPT);
  return cache.match(what);
}
