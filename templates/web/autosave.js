// Keeps a draft of a <textarea data-autosave> while it is written: `draft=…` to this page's address + "/draft".
// Two seconds after the last key, when the field is left, and when the page goes away. Sending a form ends it.
(() => {
  const area = document.querySelector("textarea[data-autosave]");
  if (!area || !area.form) return;
  const told = document.getElementById(area.id + "-saved");
  const where = location.pathname.replace(/\/$/, "") + "/draft";
  let kept = area.value, pause = 0, busy = false, ended = false;

  async function save(last) {
    clearTimeout(pause);
    // One at a time, so that an older draft never arrives after a newer one; the last one cannot wait.
    if (ended || area.value === kept || (busy && !last)) return;
    const draft = area.value, before = kept;
    kept = draft;
    busy = true;
    let good = false, refused = false;
    try {
      const body = new URLSearchParams({ draft });
      const answer = await fetch(where, { method: "POST", body, keepalive: true, redirect: "error" });
      good = answer.ok;
      refused = answer.status >= 400 && answer.status < 500;  // the same again would be refused again
    } catch { /* told below */ }
    busy = false;
    if (!good && kept === draft) kept = before;
    if (told && !ended) told.textContent = good ? told.dataset.saved : told.dataset.unsaved;
    if (area.value !== kept && !refused) pause = setTimeout(save, good ? 2000 : 15000);
  }

  area.addEventListener("input", () => {
    if (told) told.textContent = "";
    clearTimeout(pause);
    pause = setTimeout(save, 2000);
  });
  area.addEventListener("blur", (event) => {
    const to = event.relatedTarget;  // whoever goes to the button is about to send the form: no draft is to overtake it
    if (!(to && to.type === "submit" && to.form === area.form)) save();
  });
  document.addEventListener("submit", () => { ended = true; clearTimeout(pause); });
  addEventListener("pagehide", () => save(true));
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });
  addEventListener("pageshow", () => { ended = false; });
})();
