/** Debian's Chromium, without a window and without talking to anybody else. */
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

/** Why browser tests do not run; null when they do. On a machine of CI they have to. */
export function noBrowser(): string | null {
  if (existsSync(CHROMIUM) || (process.env["CI"] === "true" && process.getuid?.() === 0)) return null;
  return `${CHROMIUM} is missing`;
}

/** @param path a program that starts it somewhere else, in a network namespace for example */
export async function startBrowser(path: string = CHROMIUM): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath: path,
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
