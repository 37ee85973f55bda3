// The tape goes on by itself: newest lines at the top, a bounded number of them. Without this script the page is whole.
"use strict";
(() => {
  const MOST = 100, QUIET_MS = 12000, AGAIN_MS = 5000;
  const tape = document.getElementById("tape");
  if (!tape || !window.EventSource) return;
  const state = document.getElementById("tape-state");
  const pause = document.getElementById("tape-pause");
  let after = tape.dataset.after, source = null, paused = false, heard = Date.now(), said = "", redis = true;

  const say = (words) => { if (words !== said) { said = words; state.textContent = words; } };

  const element = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
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
    tape.prepend(item);
    while (tape.children.length > MOST) tape.lastElementChild.remove();
    document.getElementById("tape-empty")?.remove();
  };

  const follow = () => {
    source?.close();
    source = new EventSource("/api/events?kind=signals&after=" + encodeURIComponent(after));
    source.onopen = () => { heard = Date.now(); tell(); };
    source.onmessage = (event) => {
      heard = Date.now();
      after = event.lastEventId;
      show(JSON.parse(event.data));
    };
    source.addEventListener("pulse", (event) => {
      redis = JSON.parse(event.data).redis;
      if (redis) heard = Date.now();
      tell();
    });
    source.onerror = () => {  // a refusal ends an EventSource for good
      if (source.readyState === EventSource.CLOSED && !paused) setTimeout(follow, AGAIN_MS);
    };
  };

  const tell = () => {
    const quiet_s = Math.round((Date.now() - heard) / 1000);
    if (paused) say("paused");
    else if (!redis) say(`since ${quiet_s} s nothing from Redis`);
    else if (Date.now() - heard > QUIET_MS) say(`since ${quiet_s} s nothing from the server`);
    else say("live");
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    if (paused) source.close(); else { heard = Date.now(); follow(); }
    tell();
  });
  setInterval(tell, 1000);
  follow();
})();
