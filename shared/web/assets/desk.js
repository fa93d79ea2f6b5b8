// The console's scripts: each makes one page easier, none of them is needed to read one.
import { watchImports } from "/assets/news.js";
import { review } from "/assets/review.js";
import { running } from "/assets/running.js";
import { upload } from "/assets/upload.js";

// Says something to a reader who does not see the page.
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
}

// A text with its slots filled.
export function fill(text, slots) {
  return text.replace(/\{(\w+)\}/g, (slot, name) => slots[name] ?? slot);
}

// Shows another page in place of this one. The focus goes to its heading, or to where it was.
export function show(html, stay) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const main = next.getElementById("main");
  if (!main) return location.reload();
  document.title = next.title;
  document.getElementById("main").replaceWith(document.importNode(main, true));
  begin();
  const target = document.querySelector("#problem, #refused") ?? (stay && document.getElementById(stay)) ?? document.querySelector("h1");
  target?.focus({ preventScroll: Boolean(stay) && target.id === stay });
  const told = document.querySelector("[data-said]");
  if (told) say(told.innerText);
}

function begin() {
  upload(document.getElementById("upload"));
  review(document.getElementById("review"));
  running(document.getElementById("running"));
}

begin();
// A step that another page of ours led to begins at its heading.
const step = document.querySelector("h1[data-step]");
if (step && document.activeElement === document.body && document.referrer.startsWith(location.origin)) step.focus();
watchImports();
