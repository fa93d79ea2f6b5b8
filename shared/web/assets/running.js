// Follows an import while it runs.
import { fill, show } from "/assets/desk.js";
import { mayNotify, remember } from "/assets/news.js";

const ASKED = 2000;

export function running(section) {
  if (!section) return;
  const { program, import: id, file, streams } = section.dataset;
  remember(`${program}/${id}`, file, true);
  const notify = section.querySelector("#notify");
  if (notify && "Notification" in window && Notification.permission === "default") {
    notify.hidden = false;
    notify.addEventListener("click", async () => { notify.hidden = (await mayNotify()) || Notification.permission === "denied"; });
  }
  const path = `/api/programs/${program}/imports/${id}`;
  if (streams === "true") listen(section, path);
  else ask(section, path);
}

function listen(section, path) {
  const source = new EventSource(`${path}/events`);
  source.onmessage = (event) => {
    if (!section.isConnected) return source.close();
    if (tell(section, JSON.parse(event.data))) source.close();
  };
  source.onerror = () => {
    source.close();
    if (section.isConnected) ask(section, path);
  };
}

async function ask(section, path) {
  while (section.isConnected) {
    const answer = await fetch(path).catch(() => null);
    if (answer?.status === 401) return location.reload();
    if (answer?.ok && tell(section, await answer.json())) return;
    await new Promise((done) => setTimeout(done, ASKED));
  }
}

// Shows a state; whether it was the last one.
function tell(section, state) {
  const words = section.dataset;
  const bar = section.querySelector("#bar");
  const phase = section.querySelector("#phase");
  const { done, all } = state.rows;
  const number = (value) => Number(value ?? 0).toLocaleString(document.documentElement.lang);
  if (state.phase === "working" && all) {
    bar.max = all;
    bar.value = done;
    let text = fill(words.working, { done: number(done), all: number(all) });
    if (state.rows_per_second) {
      text += `, ${fill(words.rate, { rate: number(state.rows_per_second), left: number(state.seconds_left) })}`;
    }
    phase.textContent = text;
  } else {
    phase.textContent = words[state.phase] ?? "";
  }
  if (state.phase !== "over") return false;
  finish();
  return true;
}

async function finish() {
  const answer = await fetch(location.href);
  show(await answer.text());
}
