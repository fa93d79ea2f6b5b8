// Sends a file: straight to where the server says, with its progress.
import { fill } from "/assets/desk.js";

export function upload(form) {
  if (!form) return;
  const file = form.querySelector("#file");
  const drop = form.querySelector("#drop");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) {
      file.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = file.files[0];
    if (!chosen || form.dataset.busy) return;
    form.dataset.busy = "true";
    const problem = form.querySelector("#upload-problem");
    problem.hidden = true;
    try {
      const id = await send(form, chosen);
      tell(form, 100, form.dataset.looking);
      location.assign(`/p/${form.dataset.program}/new/${id}`);
    } catch (failed) {
      form.querySelector("#upload-state").hidden = true;
      problem.textContent = failed.message || form.dataset.lost;
      problem.hidden = false;
      problem.focus();
    } finally {
      delete form.dataset.busy;
    }
  });
}

async function send(form, file) {
  const profile = form.elements.profile.value;
  const begun = await fetch(`/api/programs/${form.dataset.program}/uploads`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ file: file.name, profile, size: file.size }),
  });
  const answer = await begun.json();
  if (!begun.ok) throw new Error(words(answer));
  await put(answer.put, file, (percent) => tell(form, percent, fill(form.dataset.uploading, { percent })), form.dataset.lost);
  return answer.upload_id;
}

// Only this kind of request tells how far it is.
function put(target, file, progress, lost) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", target.url);
    for (const [name, value] of Object.entries(target.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(Math.floor((100 * event.loaded) / Math.max(event.total, 1)));
    request.onerror = () => failed(new Error(lost));
    request.onload = () => {
      if (request.status < 300) return done();
      try { failed(new Error(words(JSON.parse(request.responseText)))); } catch { failed(new Error(lost)); }
    };
    request.send(file);
  });
}

function words(problem) {
  return [problem.title, problem.detail, problem.fix].filter(Boolean).join(" – ");
}

let told = -1;
function tell(form, percent, text) {
  form.querySelector("#upload-state").hidden = false;
  form.querySelector("#upload-bar").value = percent;
  // A screen reader hears every tenth.
  const tenth = Math.floor(percent / 10);
  if (tenth !== told || percent === 100) form.querySelector("#upload-said").textContent = text;
  told = tenth;
}
