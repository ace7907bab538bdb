"use strict";
// Every page works without this. With it, a page follows what happens, and Try answers while one types.
(() => {
  const main = document.querySelector("main");
  const live = new URL("live", document.currentScript.src); // beside this script, whatever stands before it

  async function page(address, body) {
    const answer = await fetch(address, body && { method: "POST", body });
    if (!answer.ok || answer.redirected) return null; // refused, or logged out: the page stays as it is
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function replace(fresh, part) {
    document.querySelector(part).replaceChildren(...fresh.querySelector(part).childNodes);
  }

  // What somebody is about to do is not taken from under their hands.
  const inUse = () =>
    main.contains(document.activeElement) ||
    main.querySelector("input:checked, details[open]") !== null ||
    !getSelection().isCollapsed;

  let behind = false;
  let asking = false;
  async function follow() {
    if (asking || inUse() || !behind) return;
    behind = false;
    asking = true;
    try {
      const fresh = await page(location.href);
      if (fresh === null) return;
      if (inUse()) { behind = true; return; }
      document.title = fresh.title;
      for (const part of ["main", "footer"]) replace(fresh, part);
    } catch { behind = true; } finally { asking = false; }
  }

  let stream = null;
  function listen() {
    if (document.hidden) { stream?.close(); stream = null; return; }
    if (stream !== null) return;
    behind = true; // something may have happened while nobody looked
    stream = new EventSource(live);
    stream.onmessage = () => { behind = true; };
  }

  if (main.dataset.live !== undefined) {
    listen();
    document.addEventListener("visibilitychange", listen);
    setInterval(follow, 1500);
  }

  const trial = document.querySelector("form[data-try]");
  let typed = 0;
  trial?.addEventListener("input", () => {
    const turn = ++typed;
    setTimeout(async () => {
      if (turn !== typed) return;
      const fields = new URLSearchParams(new FormData(trial));
      const fresh = await page("/try", fields).catch(() => null);
      if (fresh === null || turn !== typed) return;
      const address = `/try?${fields}`;
      if (address.length < 8000) history.replaceState(null, "", address); // longer ones no listener takes
      replace(fresh, "#answer");
    }, 300);
  });
})();
