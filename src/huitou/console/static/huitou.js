// The little the pages need beyond htmx: the CSRF token, confirmations, dropping files.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (field && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = field.value;
});

// A widget whose answer never came says so in its own place.
for (const kind of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(kind, (event) => {
    const box = event.target.closest(".widget, .lazy");
    if (!box) return;
    const template = document.getElementById("no-answer");
    if (template) box.replaceChildren(template.content.cloneNode(true));
  });
}

// A part of a page that was filtered says so in the address, so that Back finds it as it was left.
document.addEventListener("htmx:load", (event) => {
  const part = event.target.closest?.("[data-address]");
  if (part && part.dataset.address.split("#")[0] !== location.pathname + location.search)
    history.replaceState(history.state, "", part.dataset.address);
});

// Parts that come later push down what the address points to: it is brought back until the reader moves.
let moved = false;
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"])
  window.addEventListener(kind, () => { moved = true; }, { passive: true, once: true });
document.addEventListener("htmx:afterSettle", () => {
  if (!moved && location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});

// <button data-dialog="id"> opens <dialog id>; without scripts the button is not shown as needed.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
});

// A form that was sent once is not sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post") || form.hasAttribute("data-download")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  for (const button of form.querySelectorAll("button:not([name])")) button.setAttribute("aria-busy", "true");
});
// A link to a page that takes some seconds to work out says that it was heard.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-slow]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) link.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const waiting of document.querySelectorAll("button[aria-busy], a[aria-busy]")) waiting.removeAttribute("aria-busy");
});

// Filters apply as soon as one is chosen.
document.addEventListener("change", (event) => event.target.closest("form[data-applies]")?.requestSubmit());

document.addEventListener("dragover", (event) => {
  const drop = event.target.closest?.(".drop");
  if (drop) { event.preventDefault(); drop.classList.add("over"); }
});
document.addEventListener("dragleave", (event) => event.target.closest?.(".drop")?.classList.remove("over"));
document.addEventListener("drop", (event) => {
  const drop = event.target.closest?.(".drop");
  if (!drop) return;
  event.preventDefault();
  drop.classList.remove("over");
  const field = drop.querySelector("input[type=file]");
  if (field && event.dataTransfer.files.length) field.files = event.dataTransfer.files;
});
