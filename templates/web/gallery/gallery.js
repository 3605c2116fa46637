// The pages work without this: it opens every email at once, and keeps the chosen view from page to page.
const views = document.querySelectorAll(".view input");
for (const view of views) {
  const kept = "rekindle-" + view.name;
  try {
    view.checked = (sessionStorage.getItem(kept) ?? (view.defaultChecked ? view.id : "")) === view.id;
    view.addEventListener("change", () => sessionStorage.setItem(kept, view.id));
  } catch { /* a browser that keeps nothing for files */ }
}
const all = document.getElementById("all");
const mails = document.querySelectorAll("details.mail");
all.hidden = mails.length === 0;
all.addEventListener("click", () => {
  const open = [...mails].some((mail) => !mail.open);
  for (const mail of mails) mail.open = open;
  all.textContent = open ? "Close all" : "Open all";
});
