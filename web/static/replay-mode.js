// Whether a session is replayed is asked for while a page stands open, so that it says so, and stops saying so, by itself.
"use strict";
(() => {
  const EVERY_MS = 2500;
  const badge = document.getElementById("replay-mode");
  if (!badge || badge.dataset.ask === undefined) return;
  const said = document.getElementById("replay-mode-said"), icon = document.getElementById("icon");
  const PREFIX = "▶ REPLAY ";

  const words = (status) => {
    const speed = status.speedFactor === null ? "as fast as possible" : `speed ${Number(status.speedFactor.toPrecision(6))}`;
    const more = status.alsoRunning.length ? ` · and ${status.alsoRunning.length} more` : "";
    return `${status.sessionId} · ${speed}${more}`;
  };

  const show = (status) => {
    const on = status.running;
    document.body.classList.toggle("replaying", on);
    badge.hidden = !on;
    if (on) {
      if (said.textContent !== words(status)) said.textContent = words(status);
      badge.href = "/replay/" + encodeURIComponent(status.sessionId);
    }
    const wanted = on ? icon.dataset.replay : icon.dataset.live;
    if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
    const title = document.title.startsWith(PREFIX) ? document.title.slice(PREFIX.length) : document.title;
    if (document.title !== (on ? PREFIX + title : title)) document.title = on ? PREFIX + title : title;
  };

  const ask = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch("/api/replay/status", { headers: { Accept: "application/json" } });
        if (answer.ok) show(await answer.json());
      } catch { /* the server is away: what was last known stands */ }
    }
    setTimeout(ask, EVERY_MS);
  };
  setTimeout(ask, EVERY_MS);
})();
