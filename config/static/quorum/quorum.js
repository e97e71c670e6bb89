// The site works without this file; it only adds keys, and comfort. No state lives here.
(() => {
  "use strict";
  const typing = (el) => el && (el.matches("textarea, select, input:not([type=checkbox]):not([type=radio])") || el.isContentEditable);
  // Where several elements share a key, a press goes to the first that is not chosen: yes, no, yes, …
  const press = (key) => {
    const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
    return all.find((el) => !el.checked) || all[0];
  };
  const help = () => document.querySelector("dialog[data-help]");

  // data-key="mod+enter" | "mod+s" | "a" | "1" … on any button, link, radio or checkbox.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    const mod = event.ctrlKey || event.metaKey;
    const key = (mod ? "mod+" : "") + event.key.toLowerCase();
    if (!mod && typing(event.target)) return;
    if (!mod && event.key === "?" && help()) { event.preventDefault(); help().showModal(); return; }
    if (document.querySelector("dialog[open]")) return;
    const target = press(key);
    if (!target || target.disabled) return;
    event.preventDefault();
    target.click();
    if (target.matches("input")) target.focus();
  });

  // A second press of the same submit button while the first is under way is not sent.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      form.dataset.sent = "yes";
      window.addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
    }
  });

  // data-opens="id" opens a dialog; a click on [data-copy] copies that element's text.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const copier = event.target.closest("[data-copy]");
    if (copier) navigator.clipboard?.writeText(document.getElementById(copier.dataset.copy).textContent.trim());
    // data-select-into="field id": take the text selected on the page into a field.
    const taker = event.target.closest("[data-select-into]");
    if (taker) {
      const chosen = String(window.getSelection()).trim();
      const field = document.getElementById(taker.dataset.selectInto);
      if (!chosen && field) field.focus();
      if (chosen && field) { field.value = chosen; field.dispatchEvent(new Event("input", { bubbles: true })); field.focus(); }
    }
  });
  document.addEventListener("mousedown", (event) => { if (event.target.closest("[data-select-into]")) event.preventDefault(); });

  // [data-needs-script] is shown where this file runs; <time data-clock> is told in the reader's own time zone.
  const dress = (part) => {
    for (const el of part.querySelectorAll("[data-needs-script]")) el.hidden = false;
    for (const el of part.querySelectorAll("time[data-clock]")) {
      const seconds = el.dataset.clock === "minutes" ? undefined : "2-digit";
      el.textContent = new Date(el.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: seconds, hour12: false });
    }
  };
  dress(document);
  document.addEventListener("htmx:load", (event) => dress(event.target.parentElement || document));

  // What scrolls sideways is reached by Tab, so that the arrow keys can scroll it.
  const reachable = () => {
    for (const el of document.querySelectorAll("pre, .scroll, .prose table")) {
      if (el.scrollWidth > el.clientWidth && !el.hasAttribute("tabindex")) el.tabIndex = 0;
    }
  };
  reachable();
  for (const change of ["toggle", "htmx:afterSettle"]) document.addEventListener(change, reachable, true);
  window.addEventListener("resize", reachable);

  // data-filter="id of a list": only the entries that hold what is typed. Enter there must not send the form.
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-filter]")) return;
    event.stopPropagation();
    const wanted = event.target.value.trim().toLowerCase();
    for (const entry of document.getElementById(event.target.dataset.filter).children) {
      entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
    }
  }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("[data-filter]")) event.preventDefault(); });

  // Keep text that was typed but not yet saved from being lost by leaving the page.
  let unsaved = false;
  document.addEventListener("input", (event) => { if (event.target.closest("form[data-draft]")) unsaved = true; });
  document.addEventListener("submit", () => { unsaved = false; });
  document.addEventListener("quorum:saved", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  // A writing form that comes back refused holds what was sent; what was typed since is put back into it. Then, as after
  // anything typed before htmx listened, the fields say so once more, so that preview and draft follow.
  const written = (part) => [...part.querySelectorAll("textarea")];
  let since = [];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const sent = detail.requestConfig?.formData;
    since = detail.target.matches("form[data-draft]") ? written(detail.target).filter((el) => el.value !== sent?.get(el.name)) : [];
  });
  document.addEventListener("htmx:load", ({ target }) => {
    for (const el of written(target)) {
      const old = since.find((field) => field.name === el.name);
      if (old) {
        el.value = old.value;
        el.focus();
        el.setSelectionRange(old.selectionStart, old.selectionEnd);
      }
      if (el.value !== el.defaultValue) el.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  // An answer that is not 2xx is shown, too: a lost lease (409) or a refusal (422) carries its reason in the page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([403, 409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  // Once an answer sends the browser on, nothing that waited behind it is sent: the draft of what was just handed in.
  let leaving = false;
  document.addEventListener("htmx:beforeOnLoad", (event) => { leaving ||= Boolean(event.detail.xhr.getResponseHeader("HX-Redirect")); });
  document.addEventListener("htmx:beforeRequest", (event) => { if (leaving) event.preventDefault(); });
  window.addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("htmx:sendError", () => {
    const place = document.getElementById("messages");
    if (place) place.innerHTML = '<p class="notice error"></p>', place.firstChild.textContent = document.body.dataset.offline || "No connection: your text is still here. Try again.";
  });
})();
