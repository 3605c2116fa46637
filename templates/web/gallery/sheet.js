// The sheet works without this: it gives each email its own length, where the browser lets it look into the frame.
const least = 240, most = 2600;
addEventListener("load", () => {
  for (const frame of document.querySelectorAll(".small iframe")) {
    try {
      const height = Math.min(most, Math.max(least, frame.contentDocument.documentElement.scrollHeight));
      frame.height = height;
      frame.parentElement.style.setProperty("--tall", height);
    } catch { /* a browser that keeps files apart */ }
  }
  document.documentElement.dataset.height = Math.ceil(document.documentElement.getBoundingClientRect().height);
});
