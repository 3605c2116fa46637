// Says how many characters are left of a <textarea data-most>; the server has the last word.
(() => {
  for (const area of document.querySelectorAll("textarea[data-most]")) {
    const most = Number(area.dataset.most), told = document.getElementById(area.id + "-count");
    if (!told) continue;
    const spoken = told.cloneNode();  // says it when typing pauses: a screen reader is not to repeat each number
    spoken.id += "-spoken";
    spoken.className = "unseen";
    spoken.setAttribute("role", "status");
    told.setAttribute("aria-hidden", "true");
    told.after(spoken);
    let pause = 0;
    const say = () => {
      const left = most - [...area.value].length, number = Math.abs(left), words = left < 0 ? "over" : "left";
      const text = told.dataset[words + (number === 1 ? "One" : "Many")].replace("{count}", number);
      told.textContent = text;
      told.classList.toggle("error", left < 0);
      clearTimeout(pause);
      // Only near the end: who has written three words of two thousand needs no count read out.
      pause = setTimeout(() => { spoken.textContent = left < Math.max(20, most / 10) ? text : ""; }, 1000);
    };
    area.addEventListener("input", say);
    addEventListener("pageshow", say);
  }
})();
