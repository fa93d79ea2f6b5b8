// Every page with axe-core, dark and light, wide and narrow; with the screenshots of the documentation.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { Desk, faults, isTooWide } from "./harness.js";

let desk;
before(async () => {
  desk = await Desk.start([
    ["acme", "--title", "Acme", "--region", "BR", "--locale", "en"],
    ["loja", "--title", "Loja Azul", "--region", "BR", "--locale", "pt"],
  ]);
});
after(() => desk?.stop());

const list = `Name,E-mail,Phone,Tier,Shoe size
Ana Souza,ana@one.example,11 96123-4567,,38
Bea Lima,bea(at)two.example,11 95555-0000,Gold,37
Cid Rocha,cid@three.example,123,,41
Davi Melo,davi@four.example,,,
Ana Souza,ana@one.example,,,38
`;

// Makes what the pages show; the paths of all pages.
async function fill(page, program) {
  await page.goto(`${desk.origin}/p/${program}/new`);
  await page.locator("#file").setInputFiles(desk.file(`clients-${program}.csv`, list));
  await page.locator("#upload button[type=submit]").click();
  await page.waitForURL(/\/new\/[a-z2-7]{26}$/);
  const review = new URL(page.url()).pathname;
  await page.locator("#dry-run").click();
  await page.waitForURL(/\/imports\//);
  await page.locator("#approve").waitFor();
  const dryRun = new URL(page.url()).pathname;
  return { home: "/", program: `/p/${program}`, new: `/p/${program}/new`, review, dryRun };
}

const looks = [
  ["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390],
];

test("axe-core finds nothing serious on any page", async () => {
  const first = await desk.page();
  const paths = { ...(await fill(first, "acme")), nothing: "/p/acme/imports/nothing" };
  await first.context().close();
  for (const [colorScheme, width] of looks) {
    const page = await desk.page({ colorScheme, viewport: { width, height: 844 } });
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(desk.origin + path);
      const found = await faults(page);
      assert.deepEqual(found, [], `${name}, ${colorScheme}, ${width} px`);
      assert.equal(await isTooWide(page), false, `${name} is wider than ${width} px`);
    }
    await page.context().clearCookies();
    await page.goto(desk.origin);
    assert.deepEqual(await faults(page), [], "signed out");
    await page.context().close();
  }
});

test("every control is reached by Tab and shows that it has the focus", async () => {
  const page = await desk.page();
  await fill(page, "loja");
  await page.goto(`${desk.origin}/p/loja/new`);
  const seen = new Set();
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const now = document.activeElement;
      const shows = getComputedStyle(now).outlineStyle !== "none";
      return now === document.body ? null : [now.outerHTML.slice(0, 120), shows];
    });
    if (!at || seen.has(at[0])) break;
    assert.ok(at[1], `no outline: ${at[0]}`);
    seen.add(at[0]);
  }
  const all = await page.locator("a:visible, button:visible, input:visible, select:visible").count();
  // Of a group of radio buttons one is reached.
  assert.ok(seen.size >= all - 8, `${seen.size} of ${all}`);
  await page.context().close();
});

const folder = process.env.ROLLCALL_SCREENSHOTS;
test("the screenshots of the documentation", { skip: !folder && "only with tests/console/run -u" }, async () => {
  mkdirSync(folder, { recursive: true });
  for (const [program, locale] of [["acme", "en"], ["loja", "pt"]]) {
    const page = await desk.page({ locale, viewport: { width: 1100, height: 760 }, deviceScaleFactor: 1 });
    const paths = await fill(page, program);
    for (const name of ["new", "review", "dryRun"]) {
      await page.goto(desk.origin + paths[name]);
      const picture = { path: `${folder}/console-${name.toLowerCase()}-${locale}.png` };
      await page.screenshot(name === "review" ? { ...picture, fullPage: true } : picture);
    }
    await page.context().close();
  }
});
