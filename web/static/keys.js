// Keys: `/` finds, `g` and a letter goes, `j` and `k` walk through a list, `?` helps. None while something is typed.
"use strict";
(() => {
  const SECOND_MS = 1500, OFF = "signaltape-keys-off";
  const help = document.getElementById("help");
  const letters = new Map((document.querySelector("[data-letters]")?.dataset.letters ?? "")
    .trim().split(" ").map((one) => one.split("=")));
  let gone = 0;

  const isOff = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
  const turn = (on) => { try { on ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"); } catch { /* as it was */ } };
  for (const tick of document.querySelectorAll(".keys-on")) {
    tick.parentElement.hidden = false;
    tick.checked = !isOff();
    tick.addEventListener("change", () => turn(tick.checked));
  }

  const typing = (place) => place.closest?.("input, textarea, select, [contenteditable]") && place.type !== "checkbox";
  const isSeen = (one) => one.getClientRects().length > 0;

  const find = () => {
    const box = [...document.querySelectorAll("input[type=search]")].find(isSeen);
    if (box) { box.focus(); box.select(); } else location.href = "/signals#find";
  };

  // one stop for each row: its first link
  const stops = () => [...document.querySelectorAll("main .list tbody tr, main .tape li, main .roads li")]
    .map((row) => row.querySelector("a")).filter((one) => one && isSeen(one));

  const walk = (step) => {
    const all = stops();
    if (!all.length) return;
    const row = document.activeElement?.closest?.("tr, li");
    const at = all.findIndex((one) => one === document.activeElement || (row && row.contains(one)));
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const act = {
    "/": find,
    j: () => walk(1),
    k: () => walk(-1),
    g: () => { gone = Date.now(); },
    "?": () => help?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isOff()) return;
    if (typing(event.target) || help?.open) return;
    const page = Date.now() - gone < SECOND_MS ? letters.get(event.key) : undefined;
    gone = 0;
    if (page !== undefined) location.href = page;
    else if (act[event.key]) act[event.key]();
    else return;
    event.preventDefault();
  });

  const copied = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
  };
  const choose = (place) => {  // where the clipboard is closed to us, what is chosen can be copied by hand
    getSelection().selectAllChildren(place);
    return document.execCommand("copy");
  };
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button.copy");
    if (!button) return;
    const done = await copied(button.dataset.copy) || choose(button.previousElementSibling);
    button.textContent = done ? "Copied" : "Chosen";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  if (location.hash === "#find") find();
})();
