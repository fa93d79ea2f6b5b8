// From the file to the contacts, as people do it, each in a language.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Desk, faults, rollcall } from "./harness.js";

const words = {
  en: { open: "Import a file", send: "Upload and look", dry: "Dry run", approve: "Import what was approved", over: "Some rows were rejected" },
  pt: { open: "Importar um arquivo", send: "Enviar e examinar", dry: "Simular", approve: "Importar o que foi aprovado" },
  de: { open: "Datei importieren", send: "Hochladen und ansehen", dry: "Probelauf", approve: "Freigegebenes importieren" },
  fr: { open: "Importer un fichier", send: "Envoyer et examiner", dry: "Simuler", approve: "Importer ce qui est approuvé" },
  es: { open: "Importar un archivo", send: "Subir y examinar", dry: "Simular", approve: "Importar lo aprobado" },
};

let desk;
before(async () => {
  const programs = Object.keys(words).map((locale) => [`p-${locale}`, "--title", `Firma ${locale}`, "--region", "BR", "--locale", locale]);
  desk = await Desk.start([...programs, ["empty"], ["undo"]]);
});
after(() => desk?.stop());

async function uploadFile(page, program, path, profile = "prospects") {
  await page.goto(`${desk.origin}/p/${program}/new`);
  await page.locator(`input[name=profile][value=${profile}]`).check();
  await page.locator("#file").setInputFiles(path);
  await page.locator("#upload button[type=submit]").click();
  await page.waitForURL(/\/new\/[a-z2-7]{26}$/, { waitUntil: "domcontentloaded" });
}

for (const locale of Object.keys(words)) {
  test(`a list is uploaded, tried and imported (${locale})`, async () => {
    const w = words[locale];
    const page = await desk.page({ locale });
    await page.locator(`a[href="/p/p-${locale}/new"]`).first().click();
    await page.getByRole("heading", { name: w.open }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), locale);
    const path = desk.file(`lista-${locale}.csv`, "name,e-mail,Kunde\nAna,ana@one.example,x\nBea,bea(at)two.example,y\n");
    await page.locator("#file").setInputFiles(path);
    await page.getByRole("button", { name: w.send }).click();
    await page.waitForURL(/\/new\/[a-z2-7]{26}$/);
    // Columns, samples, and what is left over.
    assert.equal(await page.locator("#field-email").inputValue(), "2");
    assert.match(await page.locator("tr:has(#field-name) .samples").innerText(), /Ana/);
    assert.match(await page.locator("main").innerText(), /Kunde/);
    assert.equal(await page.locator("table.rows .state.bad").count(), 1);
    await page.getByRole("button", { name: w.dry, exact: true }).click();
    await page.waitForURL(/\/imports\//);
    await page.getByRole("button", { name: w.approve }).click();
    await page.waitForURL((url) => url.pathname.includes("/imports/"));
    await page.locator(".downloads").waitFor();
    assert.match(await page.locator(".figures").first().innerText(), /1/);
    assert.deepEqual(desk.contacts(`p-${locale}`).map((contact) => contact.email), ["ana@one.example"]);
    // The file that is downloaded can be corrected and imported again.
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator('a[href$="/failed.csv"]').click()]);
    assert.equal(download.suggestedFilename(), "failed.csv");
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

test("a cell is typed over with the keyboard alone, and the row is judged again", async () => {
  const page = await desk.page();
  const path = desk.file("typed.csv", "name,email\nAna,ana@typed.example\nBea,bea(at)typed.example\nCid,cid@typed\n");
  await uploadFile(page, "p-en", path);
  assert.equal(await page.locator("table.rows .state.bad").count(), 2);
  const cell = page.getByRole("textbox", { name: "E-mail of row 3" });
  await cell.focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("bea@typed.example");
  await page.keyboard.press("Tab");
  await page.locator("table.rows .state.bad").nth(1).waitFor({ state: "detached" });
  assert.equal(await page.locator("table.rows .state.bad").count(), 1);
  // Focus is on what followed, and the counts were said.
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
  await page.waitForFunction(() => document.getElementById("said").textContent.includes("1 with errors"));
  // A row that is left out.
  await page.getByRole("checkbox", { name: "Import row 2" }).press("Space");
  const dry = page.getByRole("button", { name: "Dry run", exact: true });
  await dry.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/imports\//);
  const approve = page.getByRole("button", { name: "Import what was approved" });
  await approve.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await approve.press("Enter");
  await page.waitForURL((url) => url.pathname.includes("/imports/"));
  await page.locator(".downloads").waitFor();
  const emails = desk.contacts("p-en").map((contact) => contact.email);
  assert.ok(emails.includes("bea@typed.example") && !emails.includes("ana@typed.example"), emails.join());
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("columns are chosen, values explained and remembered", async () => {
  const page = await desk.page();
  const text = "Quem,Onde,Tier\nAna,ana@map.example,Ouro\nBea,bea@map.example,Ouro\n";
  await uploadFile(page, "p-en", desk.file("map.csv", text));
  await page.locator("#refused").waitFor();
  assert.equal(await page.getByRole("button", { name: "Dry run", exact: true }).count(), 0);
  await page.locator("#field-name").selectOption("1");
  await page.waitForFunction(() => document.querySelector("#field-name")?.value === "1" && !document.querySelector("[aria-busy]"));
  await page.locator("#field-email").selectOption("2");
  await page.getByRole("button", { name: "Dry run", exact: true }).waitFor();
  await page.getByRole("checkbox", { name: /Remember/ }).check();
  await page.getByRole("button", { name: "Dry run", exact: true }).click();
  await page.waitForURL(/\/imports\//);
  await page.getByRole("button", { name: "Import what was approved" }).waitFor();
  await uploadFile(page, "p-en", desk.file("map2.csv", text.replace("Ana", "Eva")));
  assert.equal(await page.locator("#field-email").inputValue(), "2");
  assert.match(await page.locator("main").innerText(), /as they were saved/);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a file below a title, for another profile than chosen: the page says so, and a dry run leads back to the choice", async () => {
  const page = await desk.page({ locale: "es" });
  const rows = "Persona,CC,52345678,Gómez,Ana,ana@titulo.example,Chapinero\nPersona,CC,,Ruiz,Eva,eva@titulo.example,Suba\n";
  const text = `CLIENTES DE NOVIEMBRE,,,,,,\n,,,,,,\nTipo cliente,Tipo doc.,El papel,1er Apellido,Nombres,Correo,Barrio\n${rows}`;
  await uploadFile(page, "p-es", desk.file("titulo.csv", text));
  // The step begins at its heading.
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await page.getByText("Las columnas corresponden mejor a «Cuentas»").waitFor();
  await page.locator("#profile").selectOption("accounts");
  await page.locator("#refused").waitFor();
  assert.match(await page.locator("#refused").innerText(), /todavía no tienen columna[^]*Número de documento/);
  assert.doesNotMatch(await page.locator("main").innerText(), /map\./, "the page offers a choice, not an option of the command line");
  assert.equal(await page.locator("table.rows .state").count(), 0, "rows that were not judged have no status");
  await page.locator("#field-document_number").selectOption({ label: "El papel" });
  await page.locator("#dry-run").waitFor();
  assert.match(await page.locator("main").innerText(), /se guardan como datos adicionales: Barrio/);
  // Rows have the number that a spreadsheet shows, as in messages and results.
  assert.deepEqual(await page.locator("table.rows tbody th").allInnerTexts(), ["4", "5"]);
  await page.getByRole("checkbox", { name: "Importar la fila 4" }).uncheck();
  await page.locator("#dry-run").click();
  await page.getByText("Filas por importar: 0. Filas con errores: 1;").waitFor();
  assert.equal(await page.locator("#approve").count(), 0, "there is nothing to import");
  await page.getByRole("link", { name: /Volver al archivo/ }).click();
  await page.waitForURL(/\/new\//);
  assert.equal(await page.locator("#field-document_number").inputValue(), "3");
  assert.equal(await page.getByRole("checkbox", { name: "Importar la fila 4" }).isChecked(), false);
  await page.getByRole("checkbox", { name: "Importar la fila 4" }).check();
  await page.locator("#dry-run").click();
  await page.getByText("Filas por importar: 1. Filas con errores: 1;").waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a connection that is lost in the middle of an upload is said, and the file can be sent again", async () => {
  const page = await desk.page();
  await page.goto(`${desk.origin}/p/undo/new`);
  await page.locator("#file").setInputFiles(desk.file("lost.csv", "name,email\nAna,ana@lost.example\n"));
  await page.route(/\/uploads\/.*\/file$/, (route) => route.abort("connectionreset"));
  await page.locator("#upload button[type=submit]").click();
  await page.getByText("The upload was interrupted; nothing was imported.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "upload-problem");
  await page.unroute(/\/uploads\/.*\/file$/);
  await page.locator("#upload button[type=submit]").click();
  await page.waitForURL(/\/new\/[a-z2-7]{26}$/);
  assert.equal(await page.locator("table.rows tbody tr").count(), 1);
  await page.context().close();
});

test("a session that ends in the middle of a review says what to do", async () => {
  const page = await desk.page();
  await uploadFile(page, "undo", desk.file("ended.csv", "name,email\nAna,ana@ended.example\n"));
  await page.context().clearCookies();
  await page.locator("#field-note").selectOption("1");
  await page.getByText(/open the link/).waitFor();
  assert.equal(await page.locator("#dry-run").count(), 0);
  // The link opens the page again, as it was.
  const review = page.url();
  await page.goto(desk.link);
  await page.goto(review);
  await page.locator("#dry-run").waitFor();
  await page.context().close();
});

test("back after an approval, the same form twice, and a reload repeat nothing", async () => {
  const page = await desk.page();
  await uploadFile(page, "p-de", desk.file("twice.csv", "name,email\nAna,ana@twice.example\n"));
  const review = page.url();
  await page.getByRole("button", { name: "Probelauf", exact: true }).dblclick();
  await page.waitForURL(/\/imports\//);
  const dryRun = page.url();
  await page.getByRole("button", { name: "Freigegebenes importieren" }).click();
  await page.waitForURL((url) => url.href !== dryRun && url.pathname.includes("/imports/"));
  await page.locator(".downloads").waitFor();
  const done = page.url();
  await page.goBack();
  await page.goBack().catch(() => {});
  await page.goto(dryRun);
  await page.getByRole("link", { name: /Er wurde freigegeben/ }).click();
  await page.waitForURL(done);
  await page.reload();
  const state = await page.evaluate(async () => (await fetch("/api/programs/p-de/imports")).json());
  assert.equal(state.imports.filter((one) => one.file.startsWith("twice") && one.dry_run).length, 1, "one dry run");
  assert.equal(state.imports.filter((one) => one.approves).length, 2, "that of the journey and this one");
  await page.goto(review);
  await page.getByRole("button", { name: "Probelauf", exact: true }).waitFor();
  await page.context().close();
});

test("another page tells that an import is over, after a reload too", async () => {
  const page = await desk.page();
  // Paused, so that it is not over before its page is left.
  rollcall(desk.home, "program", "pause", "p-fr");
  await uploadFile(page, "p-fr", desk.file("news.csv", "name,email\nAnn,ann@news.example\n"));
  await page.getByRole("button", { name: "Simuler", exact: true }).click();
  await page.waitForURL(/\/imports\//);
  await page.waitForFunction(() => (localStorage.getItem("rollcall-imports") ?? "{}") !== "{}");
  await page.goto(`${desk.origin}/p/p-es`);
  await page.reload();
  rollcall(desk.home, "program", "resume", "p-fr");
  await page.locator("#news a", { hasText: "news.csv" }).waitFor({ timeout: 60000 });
  await page.locator("#news a").click();
  await page.getByRole("button", { name: "Importer ce qui est approuvé" }).waitFor();
  await page.context().close();
});

test("a script in a cell, a header or a name of a file is only text", async () => {
  const page = await desk.page();
  const evil = "<script>alert(1)</script><img src=x onerror=alert(1)>";
  const text = `name,email,"${evil}"\n"${evil}",a@evil.example,"${evil}"\nBea,"${evil}",x\n`;
  page.on("dialog", () => assert.fail("a script ran"));
  await uploadFile(page, "p-en", desk.file("<img src=x onerror=alert(1)>.csv", text));
  assert.match(await page.locator("main").innerText(), /<script>alert\(1\)<\/script>/);
  assert.equal(await page.locator("main img, main script").count(), 0);
  await page.getByRole("button", { name: "Dry run", exact: true }).click();
  await page.waitForURL(/\/imports\//);
  await page.getByRole("button", { name: "Import what was approved" }).waitFor();
  await page.locator('a[href$="report.html"]').click();
  assert.equal(await page.locator("img, script").count(), 0);
  await page.goto(desk.origin);
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a thousand columns, and many unknown values", async () => {
  const page = await desk.page();
  const header = ["name", "email", "group", ...Array.from({ length: 997 }, (_, at) => `extra ${at}`)].join(",");
  const rows = Array.from({ length: 2000 }, (_, row) => `N${row},n${row}@wide.example,G${row}${",".repeat(997)}`).join("\n");
  await uploadFile(page, "p-en", desk.file("wide.csv", `${header}\n${rows}\n`));
  await page.locator("#dry-run").waitFor();
  assert.equal(await page.locator("#field-note option").count(), 1001);
  assert.equal(await page.locator('input[name="to"]').count(), 50);
  assert.match(await page.locator("main").innerText(), /and 1,950 more/);
  assert.match(await page.locator("main").innerText(), /first 1,000 rows/);
  await page.context().close();
});

test("contacts are searched, and one is erased with the keyboard", async () => {
  const page = await desk.page();
  await uploadFile(page, "p-pt", desk.file("people.csv", "name,email\nZora Leal,zora@people.example\nYuri Melo,yuri@people.example\n"));
  await page.getByRole("button", { name: "Simular", exact: true }).click();
  await page.waitForURL(/\/imports\//);
  await page.locator("#approve").click();
  await page.locator('a[href$="succeeded.csv"]').waitFor();
  await page.getByRole("link", { name: "Contatos" }).click();
  await page.getByRole("searchbox").fill("zora");
  await page.keyboard.press("Enter");
  await page.waitForURL(/search=zora/);
  assert.equal(await page.locator("tbody tr").count(), 1);
  const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Exportar como CSV" }).press("Enter")]);
  assert.equal(csv.suggestedFilename(), "contacts-p-pt.csv");
  assert.match(readFileSync(await csv.path(), "utf8"), /zora@people\.example/);
  const [book] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Exportar como planilha do Excel" }).press("Enter")]);
  assert.equal(readFileSync(await book.path()).subarray(0, 2).toString(), "PK");
  await page.getByRole("link", { name: "Zora Leal" }).click();
  assert.match(await page.locator("section[aria-labelledby=history]").innerText(), /criado · people\.csv[^]*zora@people\.example/);
  assert.deepEqual(await faults(page), []);
  await page.locator("summary").press("Enter");
  await page.getByRole("checkbox", { name: "Tenho certeza" }).press("Space");
  await page.getByRole("button", { name: "Apagar este contato" }).press("Enter");
  await page.waitForURL(/erased=1/);
  assert.ok(!desk.contacts("p-pt").some((contact) => contact.email === "zora@people.example"));
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("an import is undone after its page has shown what that does, with the keyboard", async () => {
  const page = await desk.page();
  await uploadFile(page, "undo", desk.file("first.csv", "name,email\nRita,rita@undo.example\n"));
  await page.getByRole("button", { name: "Dry run", exact: true }).click();
  await page.waitForURL(/\/imports\//);
  assert.equal(await page.locator("#undo").count(), 0, "a dry run has nothing to undo");
  await page.locator("#approve").click();
  await page.locator('a[href$="succeeded.csv"]').waitFor();
  const done = page.url();
  await page.getByRole("button", { name: "See what an undo would do" }).press("Enter");
  await page.waitForURL((url) => url.href !== done && url.pathname.includes("/imports/"));
  const confirm = page.getByRole("button", { name: "Undo it now" });
  await confirm.waitFor();
  assert.match(await page.locator(".figures").first().innerText(), /contacts of the import\s+1\s+would be removed\s+1\s+would be restored\s+0\s+kept\s+0/);
  assert.deepEqual(await faults(page), []);
  assert.equal(desk.contacts("undo").length, 1);
  const tried = page.url();
  await confirm.press("Enter");
  await page.waitForURL((url) => ![done, tried].includes(url.href) && url.pathname.includes("/imports/"));
  await page.locator('a[href$="undone.csv"]').waitFor();
  assert.match(await page.locator(".headline").innerText(), /was undone/);
  assert.equal(desk.contacts("undo").length, 0);
  const undone = page.url();
  // Back, and the same form again, is the same undo.
  await page.goto(tried);
  await page.getByRole("link", { name: /It was undone/ }).click();
  await page.waitForURL(undone);
  await page.goto(done);
  assert.equal(await page.locator("#undo").count(), 0);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a session that has ended, and a page that is not there, say what to do", async () => {
  const page = await desk.page();
  const gone = await page.goto(`${desk.origin}/p/p-en/imports/nothing`);
  assert.equal(gone.status(), 404);
  assert.match(await page.locator("main").innerText(), /no such import/);
  await page.context().clearCookies();
  const out = await page.goto(desk.origin);
  assert.equal(out.status(), 401);
  assert.match(await page.locator("main").innerText(), /open the link/);
  await page.context().close();
});
