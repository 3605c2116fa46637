// Chooses the browser's time zone in <select name="timezone"> when nothing is chosen yet.
(() => {
  const list = document.querySelector("select[name=timezone]");
  if (!list || list.value) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const same = (option) => option.value === zone || (option.dataset.also || "").split(" ").includes(zone);
  const found = zone && [...list.options].find(same);
  if (found) found.selected = true;
})();
