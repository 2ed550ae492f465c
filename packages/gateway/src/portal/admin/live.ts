/** The admin's one script: lists that say so are brought up to date every five seconds while they are looked at. */
export const LIVE = `
const live = document.getElementById("live");
if (live) setInterval(async () => {
  if (document.hidden || live.contains(document.activeElement)) return;
  const answer = await fetch(live.dataset.from, { headers: { "x-live": "1" } }).catch(() => null);
  if (answer && answer.ok && !answer.redirected) live.innerHTML = await answer.text();
}, 5000);
`;
