// A register that is dropped is sent as if it had been chosen: by the same form.
"use strict";
(() => {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const place = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  form.classList.add("can-drop");
  // Beside the place, a file that is dropped would be opened instead of the page.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  window.addEventListener("dragover", () => place.classList.add("over"));
  for (const kind of ["dragleave", "drop"]) window.addEventListener(kind, () => place.classList.remove("over"));
  window.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  });
})();
