/**
 * The admin's one script: lists that say so are brought up to date every five seconds while they are looked at, and the
 * preview of the sign-in page follows what is typed; what cannot be undone is asked about. Everything works without it.
 */
export const LIVE = `
const live = document.getElementById("live");
if (live) setInterval(async () => {
  if (document.hidden || live.contains(document.activeElement)) return;
  const answer = await fetch(live.dataset.from, { headers: { "x-live": "1" } }).catch(() => null);
  if (answer && answer.ok && !answer.redirected) live.innerHTML = await answer.text();
}, 5000);

addEventListener("submit", (event) => {
  const { sure } = event.target.dataset;
  if (sure && !confirm(sure)) event.preventDefault();
});

const look = document.querySelector("form[data-preview]");
let waiting;
if (look) look.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const fields = new URLSearchParams(new FormData(look));
    fields.delete("csrf");
    document.querySelector("iframe").src = look.dataset.preview + "?" + fields;
  }, 300);
});
`;
