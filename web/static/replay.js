// A session's page goes on by itself: how far it is, and what is replayed. Without this script the page is whole.
"use strict";
(() => {
  const EVERY_MS = 1000, MOST = 100;
  const page = document.getElementById("session");
  if (!page) return;
  const id = page.dataset.session, state = page.dataset.state;
  const get = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };

  // ---- a build: how far it is, and the page anew once it is done
  const built = async () => {
    const one = await get("/api/replay/sessions/" + encodeURIComponent(id));
    if (one.state !== state) location.reload();
    else document.getElementById("building").textContent = one.progress;
  };

  // ---- a replay: how far it is; the page anew once it begins, pauses or ends
  const bar = document.getElementById("progress"), at = document.getElementById("at");
  const played = async () => {
    const one = await get("/api/replay/status?session=" + encodeURIComponent(id));
    const now = one.running ? (one.paused ? "paused" : "running") : "idle";
    if (now !== state) { location.reload(); return; }
    if (bar) bar.value = one.currentEventIndex;
    if (at) at.textContent = one.currentEventIndex;
  };

  const look = state === "building" || state === "waiting" ? built : state === "failed" ? null : played;
  const again = async () => {
    if (!document.hidden) try { await look(); } catch { /* the server is away: what was last known stands */ }
    setTimeout(again, EVERY_MS);
  };
  if (look) setTimeout(again, EVERY_MS);

  // ---- what is replayed, on a stream of its own
  const tape = document.getElementById("replayed");
  if (!tape || !window.EventSource) return;
  let after = tape.dataset.after, waiting = [];
  const line = (one) => {
    const item = document.createElement("li");
    const number = document.createElement("span"), facts = document.createElement("span");
    number.className = "number";
    number.textContent = one.index ?? "";
    facts.className = "facts";
    facts.textContent = one.facts;
    item.append(number, ` ${one.symbol} ${one.event} `, facts);
    return item;
  };
  const draw = () => {
    if (!waiting.length) return;
    const lines = waiting.splice(0).slice(-MOST);
    for (const one of lines) tape.prepend(line(one));
    while (tape.children.length > MOST) tape.lastElementChild.remove();
    document.getElementById("replayed-none")?.remove();
  };
  const follow = () => {
    const source = new EventSource(`/api/replay/events?session=${encodeURIComponent(id)}&after=${encodeURIComponent(after)}`);
    source.onmessage = (event) => {
      after = event.lastEventId;
      waiting.push(JSON.parse(event.data));
      if (waiting.length > 2 * MOST) waiting = waiting.slice(-MOST);
    };
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5 * EVERY_MS); };
  };
  setInterval(draw, 250);
  follow();
})();
