// Tells when an import is over that was started in this browser, on whatever page the reader is, after a reload too.
import { fill } from "/assets/desk.js";

const KEY = "rollcall-imports";
const ASKED = 3000;

function known() {
  try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; }
}

function keep(imports) {
  try { localStorage.setItem(KEY, JSON.stringify(imports)); } catch { /* Without a memory there is no news. */ }
}

// Remembers an import until its end was told.
export function remember(id, file) {
  const imports = known();
  imports[id] = file;
  keep(imports);
}

export async function mayNotify() {
  return (await Notification.requestPermission()) === "granted";
}

export async function watchImports() {
  for (;;) {
    for (const [id, file] of Object.entries(known())) {
      const [program, name] = id.split("/");
      const answer = await fetch(`/api/programs/${program}/imports/${name}`).catch(() => null);
      if (answer?.status === 401) return;
      const state = answer?.ok ? await answer.json() : null;
      if (answer?.status === 404 || state?.phase === "over") {
        const imports = known();
        delete imports[id];
        keep(imports);
      }
      if (state?.phase === "over") tell(id, file);
    }
    await new Promise((done) => setTimeout(done, ASKED));
  }
}

function tell(id, file) {
  const [program, name] = id.split("/");
  const path = `/p/${program}/imports/${name}`;
  const text = fill(document.body.dataset.over, { file });
  // The import's own page shows its end itself.
  if (location.pathname !== path) {
    const line = document.createElement("p");
    const link = document.createElement("a");
    link.href = path;
    link.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = document.body.dataset.close;
    close.addEventListener("click", () => line.remove());
    line.append(link, " ", close);
    document.getElementById("news").append(line);
    // The list is as it was when it was loaded.
    if (document.querySelector(`[data-import="${CSS.escape(id)}"]:not([data-phase="over"])`)) setTimeout(() => location.reload(), 1500);
  }
  if ("Notification" in window && Notification.permission === "granted" && document.hidden) {
    new Notification("Rollcall", { body: text, tag: id }).onclick = () => { window.focus(); location.assign(path); };
  }
}
