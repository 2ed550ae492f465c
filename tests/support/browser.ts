/** Debian's Chromium, without a window and without talking to anybody else. */
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";

const PATH = "/usr/bin/chromium";

/** Why browser tests do not run; null when they do. On a machine of CI they have to. */
export function noBrowser(): string | null {
  if (existsSync(PATH) || (process.env["CI"] === "true" && process.getuid?.() === 0)) return null;
  return `${PATH} is missing`;
}

export async function startBrowser(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath: PATH,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
