// Says what time it is in the zone that is chosen, so that whoever chose it sees at once whether it is theirs.
(() => {
  const list = document.querySelector("select[name=timezone]"), told = document.getElementById("timezone-now");
  if (!list || !told) return;
  const lang = document.documentElement.lang;
  const say = () => {
    let text = "";
    try {
      const time = list.value && new Intl.DateTimeFormat(lang, { timeStyle: "short", timeZone: list.value }).format();
      text = time && told.dataset.now.replace("{time}", time);
    } catch { /* a zone that this browser does not know: the form says what it was */ }
    if (told.textContent !== text) told.textContent = text;
  };
  list.addEventListener("change", () => { told.setAttribute("role", "status"); say(); });
  addEventListener("pageshow", say);
  setInterval(say, 15000);
})();
