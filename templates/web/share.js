// Puts a button beside a link that is to be handed on, which copies it, or opens the phone's own way of sharing.
(() => {
  const field = document.getElementById("share"), told = document.getElementById("share-told");
  if (!field || !told) return;
  field.addEventListener("focus", () => field.select());
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary";
  button.textContent = field.dataset.copy;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");  // without TLS there is no clipboard to write to
    }
    told.textContent = field.dataset.copied;
  });
  field.after(button);
})();
