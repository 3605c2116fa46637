// "Exit this page": hides the page at once and puts a neutral site in its place; Shift pressed three times does the
// same. Without this script the link is a link. What was visited before stays in the history: nothing here hides that.
(() => {
  const leave = document.querySelector("a.leave");
  if (!leave) return;
  const told = document.getElementById("leave-told");
  let presses = 0, alone = false, forget = 0;

  function go(event) {
    if (event) event.preventDefault();
    document.documentElement.hidden = true;
    document.title = leave.hostname;
    location.replace(leave.href);
  }

  function count(number) {
    clearTimeout(forget);
    presses = number;
    if (told) told.textContent = number === 1 ? leave.dataset.two : number === 2 ? leave.dataset.one : "";
    if (number) forget = setTimeout(count, 5000, 0);
  }

  leave.addEventListener("click", go);
  document.addEventListener("keydown", (event) => {
    // A capital letter is Shift with something: only Shift by itself counts.
    if (event.key !== "Shift") { alone = false; if (presses) count(0); } else if (!event.repeat) alone = true;
  }, true);
  document.addEventListener("pointerdown", () => { alone = false; }, true);
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    alone = false;
    if (presses === 2) go(); else count(presses + 1);
  }, true);
  addEventListener("pageshow", (event) => {
    if (event.persisted) { document.documentElement.hidden = false; count(0); }
  });
})();
