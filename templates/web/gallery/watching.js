// Loads the page again once the files that it was made of have been saved, with every email open that was.
const { made } = document.currentScript.dataset;
const opened = () => [...document.querySelectorAll("details.mail")].map((mail) => mail.open);
const kept = "rekindle-open " + location.pathname;
try {
  const open = JSON.parse(sessionStorage.getItem(kept) ?? "[]");
  const mails = document.querySelectorAll("details.mail");
  if (open.length === mails.length) mails.forEach((mail, place) => { mail.open = open[place]; });
  sessionStorage.removeItem(kept);
} catch { /* a browser that keeps nothing */ }
async function look() {
  try {
    const answer = await fetch("/made", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== made) {
      try { sessionStorage.setItem(kept, JSON.stringify(opened())); } catch { /* as above */ }
      location.reload();
      return;
    }
  } catch { /* the preview has ended, or starts anew */ }
  setTimeout(look, 500);
}
look();
