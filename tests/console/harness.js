// A server on a home of its own, a browser, and what every journey needs.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = require.resolve("axe-core/axe.min.js");
const binary = process.env.ROLLCALL_BIN;
const browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function rollcall(home, ...args) {
  return execFileSync(binary, ["--home", home, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export class Desk {
  static async start(programs, ...args) {
    const desk = new Desk();
    desk.folder = mkdtempSync(join(tmpdir(), "rollcall-console-"));
    desk.home = join(desk.folder, "home");
    for (const [name, ...set] of programs) rollcall(desk.home, "program", "set", name, ...set);
    await desk.serve(...args);
    desk.browser = await chromium.launch({
      executablePath: browsers.find(existsSync),
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    return desk;
  }

  async serve(...args) {
    this.child = spawn(binary, ["--home", this.home, "serve", "--listen", "127.0.0.1:0", "--workers", "2", ...args]);
    const lines = createInterface({ input: this.child.stdout });
    const [line] = await new Promise((done) => lines.once("line", (line) => done([line])));
    this.link = line.match(/http:\S+/)[0];
    this.origin = new URL(this.link).origin;
  }

  async stop() {
    await this.browser?.close();
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  end() {
    return new Promise((done) => {
      this.child.once("exit", done);
      this.child.kill("SIGKILL");
    });
  }

  // A file to upload.
  file(name, text) {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  // A page of somebody who opened the link.
  async page(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.problems = [];
    page.on("console", (message) => { if (message.type() === "error") page.problems.push(message.text()); });
    page.on("pageerror", (error) => page.problems.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(this.origin) && !request.url().startsWith("data:")) page.problems.push(`loads ${request.url()}`);
    });
    page.setDefaultTimeout(15000);
    await page.goto(this.link);
    return page;
  }

  contacts(program) {
    const lines = rollcall(this.home, "contacts", "list", "--program", program, "--json");
    return lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }
}

// What axe-core finds that is serious or worse. It is run as an extension runs: beside the policy of the page.
export async function faults(page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  const { readFileSync } = await import("node:fs");
  await session.send("Runtime.evaluate", { contextId: executionContextId, expression: readFileSync(axe, "utf8") });
  const run = "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations))";
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", { contextId: executionContextId, expression: run, awaitPromise: true });
  if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
  await session.detach();
  const grave = JSON.parse(result.value).filter((fault) => ["serious", "critical"].includes(fault.impact));
  return grave.map((fault) => `${fault.id}: ${fault.nodes.map((node) => `${node.target} ${node.any.map((check) => check.message)}`).join("; ")}`);
}

// Whether the page is wider than its window.
export async function isTooWide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
}
