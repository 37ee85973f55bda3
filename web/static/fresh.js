// A page that moves by itself: it is asked for again, and only what has changed is changed. Nothing loses its focus, its
// place or what was opened; a hidden tab asks nothing.
"use strict";
(() => {
  const main = document.getElementById("main");
  const EVERY_MS = 1000 * Number(main.dataset.fresh), SOONEST_MS = 2000, QUIET_MS = 12000, TINT_MS = 600;
  const state = document.getElementById("live-state"), aloud = document.getElementById("live-said");
  const pause = document.getElementById("live-pause");
  let paused = false, asking = false, again = false, due = Date.now() + EVERY_MS, asked = Date.now();
  let server = Date.now(), redis = Date.now(), redisAway = false, why = "";

  // ---- what changed
  const tint = (one) => {
    if (!one || one.closest("[data-quiet]")) return;
    one.classList.add("changed");
    setTimeout(() => one.classList.remove("changed"), TINT_MS);
  };
  const isKept = (one) => one.dataset?.keep !== undefined || /^(INPUT|SELECT|TEXTAREA)$/.test(one.nodeName);
  const isAlike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");
  const LEFT = new Set(["open", "hidden"]);  // these are the reader's

  const attributes = (old, next) => {
    const known = old.classList.contains("changed");
    for (const { name } of [...old.attributes]) if (!LEFT.has(name) && !next.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of next.attributes) if (!LEFT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (known) old.classList.add("changed");
  };

  const children = (old, next) => {
    const mine = [...old.childNodes].filter((one) => one.dataset?.own === undefined);
    const theirs = [...next.childNodes];
    const comes = (one) => one.id && theirs.some((other) => other.id === one.id);
    const anchor = [...old.childNodes].find((one) => one.dataset?.own !== undefined) ?? null;
    for (const one of theirs) {
      const at = one.id ? mine.findIndex((other) => isAlike(other, one)) : 0;
      if (at > 0) for (const gone of mine.splice(0, at)) gone.remove();
      const [have] = mine;
      if (have && isAlike(have, one)) morph(mine.shift(), one);
      else {
        const made = document.importNode(one, true);
        if (have && !comes(have)) mine.shift().replaceWith(made); else old.insertBefore(made, have ?? anchor);
        if (made.nodeType === Node.ELEMENT_NODE) tint(made);
      }
    }
    for (const gone of mine) gone.remove();
  };

  const morph = (old, next) => {
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== next.data) { old.data = next.data; tint(old.parentElement); }
    } else if (old.nodeType === Node.ELEMENT_NODE && !isKept(old) && !isKept(next)) {
      attributes(old, next);
      children(old, next);
    }
  };

  // ---- asking
  const ask = async () => {
    asking = true;
    asked = Date.now();
    try {
      // the tape goes on by itself: the server need not look for it
      const headers = document.querySelector("#tape:not([data-stale])") ? { "X-Without": "tape" } : {};
      const answer = await fetch(location.href, { headers: { Accept: "text/html", ...headers } });
      if (answer.redirected) { location.reload(); return; }
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (paused || document.hidden) return;
        if (document.querySelector("[data-away]")) { location.reload(); return; }  // it is back
        document.title = next.title;
        morph(document.body, next.body);
        document.dispatchEvent(new Event("signaltape:fresh"));
        server = Date.now();
        why = "";
      } else why = answer.status === 429 ? "too many requests" : "the server cannot tell what is new";
      // figures are computed beside: what an event has changed may be in the next answer only
      due = Date.now() + Math.max(again ? SOONEST_MS : EVERY_MS, 1000 * Number(answer.headers.get("Retry-After") ?? 0));
      again = false;
    } catch {
      due = Date.now() + EVERY_MS;  // away: what is shown stays, and the line says how old it is
    } finally {
      asking = false;
      tell();
    }
  };

  // ---- saying how fresh it is
  const say = (kind, words) => {
    if (state.textContent !== words) state.textContent = words;
    if (aloud.textContent !== kind) aloud.textContent = kind;  // read out once, not every second
  };
  const since = (at, what) => say(what, `since ${Math.round((Date.now() - at) / 1000)} s ${what}`);
  const tell = () => {
    if (paused) say("paused", "paused");
    else if (redisAway) since(redis, "nothing from Redis");
    else if (why) since(server, why);
    else if (Date.now() - server > Math.max(QUIET_MS, 2 * EVERY_MS + 2000)) since(server, "nothing from the server");
    else say("live", "live");
  };

  document.addEventListener("signaltape:heard", ({ detail }) => {
    if (detail.redis) redis = Date.now();
    redisAway = !detail.redis;
    again ||= detail.event === true;
    if (detail.event) due = Math.min(due, Math.max(asked + SOONEST_MS, Date.now() + 300));
    tell();
  });

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) { server = redis = Date.now(); due = Date.now(); }
    document.dispatchEvent(new CustomEvent("signaltape:pause", { detail: paused }));
    tell();
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { server = redis = Date.now(); due = Date.now(); }
  });

  setInterval(() => {
    if (document.hidden) return;
    if (!paused && !asking && Date.now() >= due) ask();
    tell();
  }, 250);
  tell();
})();
