// Looks at the file again as soon as something was chosen, and stays where the reader is.
import { say, show } from "/assets/desk.js";

export function review(form) {
  if (!form) return;
  form.addEventListener("change", (event) => {
    const name = event.target.name ?? "";
    const looks = /^(profile$|field\.|set\.|cell\.|filter$|to$)/.test(name);
    if (!looks) return;
    if (name === "filter") form.elements.page.value = 0;
    submit(form, "look", event.target.id);
  });
  form.addEventListener("submit", (event) => {
    const act = event.submitter?.value ?? "look";
    event.preventDefault();
    submit(form, act, act === "look" ? document.activeElement?.id : "preview-rows");
  });
}

let turn = 0;
async function submit(form, act, stay) {
  const mine = ++turn;
  const body = new URLSearchParams(new FormData(form));
  body.set("do", act);
  form.setAttribute("aria-busy", "true");
  say(form.dataset.looking);
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    if (mine !== turn) return;
    if (answer.redirected) return location.assign(answer.url);
    // The reader may have gone on to the next control meanwhile.
    const now = document.activeElement;
    show(await answer.text(), now && form.contains(now) && now.id ? now.id : stay);
  } catch {
    form.removeAttribute("aria-busy");
    HTMLFormElement.prototype.submit.call(form);
  }
}
