// The tape goes on by itself: newest lines at the top, a bounded number of them. Without this script the page is whole.
"use strict";
(() => {
  const MOST = 100, AGAIN_MS = 5000;
  const LONG_MS = 60000;  // after so long a rest the newest lines are asked for, rather than all that went by
  let tape = null, after = "", source = null, paused = false, timer = 0, rested = 0;

  const heard = (detail) => document.dispatchEvent(new CustomEvent("signaltape:heard", { detail }));

  const element = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };

  // ---- the filter: a line stays that has its words in it
  const wanted = () => (document.getElementById("tape-filter")?.value ?? "").trim().toLowerCase();
  const fits = (item, words) => item.textContent.toLowerCase().includes(words);
  const filter = () => {
    const words = wanted();
    for (const item of tape.children) item.hidden = !fits(item, words);
    const here = new URL(location.href);
    if (words) here.searchParams.set("tape", words); else here.searchParams.delete("tape");
    history.replaceState(null, "", here);
  };

  const show = (line) => {
    const item = document.createElement("li");
    const time = element("time", line.at.slice(11, 19));
    time.dateTime = line.at;
    const what = element(line.signal_id ? "a" : "span", `${line.symbol} ${line.event}`);
    if (line.signal_id) what.href = "/signals/" + encodeURIComponent(line.signal_id);
    const facts = element("span", line.facts);
    facts.className = "facts";
    item.className = "new";
    item.dataset.id = line.stream + " " + line.id;
    item.append(time, " ", what, " ", facts);
    if (!fits(item, wanted())) return;
    tape.prepend(item);
    while (tape.children.length > MOST) tape.lastElementChild.remove();
    document.getElementById("tape-empty")?.remove();
  };

  const stop = () => { clearTimeout(timer); timer = 0; source?.close(); source = null; };

  const follow = () => {
    stop();
    source = new EventSource("/api/events?kind=signals&after=" + encodeURIComponent(after));
    source.onopen = () => heard({ redis: true });
    source.onmessage = (event) => {
      after = event.lastEventId;
      show(JSON.parse(event.data));
      heard({ redis: true, event: true });
    };
    source.addEventListener("pulse", (event) => heard(JSON.parse(event.data)));
    source.onerror = () => {  // a refusal ends an EventSource for good
      if (source?.readyState !== EventSource.CLOSED) return;
      heard({ redis: false });
      timer = setTimeout(follow, AGAIN_MS);
    };
  };

  const begin = () => {
    const found = document.getElementById("tape");
    if (!found || !window.EventSource) return;
    const isKnown = found === tape;
    if (isKnown && (source || timer || paused || document.hidden || "stale" in tape.dataset)) return;
    tape = found;
    after = tape.dataset.after;
    if (!isKnown) document.getElementById("tape-filter")?.addEventListener("input", filter);
    if (!document.hidden) follow();
  };

  const goOn = () => {
    if (!tape) return;
    if (paused || document.hidden) {
      rested ||= Date.now();
      stop();
    } else if (rested && Date.now() - rested > LONG_MS) {
      rested = 0;
      tape.dataset.stale = "";  // the page's next answer brings its lines anew
    } else {
      rested = 0;
      follow();
    }
  };
  document.addEventListener("signaltape:pause", ({ detail }) => { paused = detail; goOn(); });
  document.addEventListener("visibilitychange", goOn);
  document.addEventListener("signaltape:fresh", begin);
  begin();
})();
