/**
 * A gateway that does nothing but sign people in and out, for tests that end it at any moment. Reads `URL\nNAME\n` from
 * standard input, and says on standard output what the store has confirmed: `open ID`, `closed ID`, `failed WHY`.
 */
import { readFileSync, writeSync } from "node:fs";
import { openStore, StoreError } from "@pierhead/gateway/store";
import { movedOn, NOW, recordOf, sessionOf } from "./stored-sessions.ts";

const CALLERS = 12;
const [url = "", gateway = "", voucher = ""] = readFileSync(0, "utf8").split("\n");
// Longer than any restart takes, on however busy a machine.
const store = await openStore(url, { patience: 60_000 });
let number = 0;

function say(words: string): void {
  writeSync(1, `${words}\n`);
}

async function guest(): Promise<void> {
  for (;;) {
    const mine = ++number;
    const session = sessionOf(mine, {
      id: `${gateway}-${mine}`,
      gateway,
      voucher: mine % 3 === 0 && voucher !== "" ? voucher : null,
    });
    try {
      await store.openSession(session, recordOf(session, "Start"));
      say(`open ${session.id}`);
      const moved = movedOn(session, 100n, NOW + 1);
      await store.updateSessions([moved], [{ session: session.id, record: recordOf(moved, "Interim-Update") }]);
      if (mine % 2 === 0) {
        await store.beginClose([{ id: session.id, cause: "User-Request", at: NOW + 2 }]);
        const last = movedOn(moved, 100n, NOW + 2);
        await store.endClose([{ session: last, stop: recordOf(last, "Stop") }]);
        say(`closed ${session.id}`);
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      say(`failed ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

await Promise.all(Array.from({ length: CALLERS }, guest));
