/** From a URL to a store. */
import { Secret } from "@pierhead/core";
import { openPostgresql } from "./database/postgresql.ts";
import { openSqlite } from "./database/sqlite.ts";
import { SqlStore } from "./sql-store.ts";
import { type Store, StoreError, type StoreReports } from "./store.ts";

export interface StoreOptions {
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** Milliseconds for which a call waits for a PostgreSQL that is gone; 8,000 unless told. */
  readonly patience?: number;
}

/**
 * Opens the store and brings its tables to this version's state.
 * @param url `sqlite:/absolute/path`, or `postgresql://user:password@host:port/database` (`?host=/folder` for a socket)
 * @throws StoreError `setup`: what has to be changed, in a sentence without the URL's secrets
 */
export async function openStore(url: Secret | string, options: StoreOptions = {}): Promise<Store & StoreReports> {
  const text = url instanceof Secret ? url.reveal() : url;
  const { now = Date.now, patience = 8_000 } = options;
  if (text.startsWith("sqlite:")) return new SqlStore(await openSqlite(text.slice("sqlite:".length)), now);
  if (/^postgres(?:ql)?:\/\//.test(text)) return new SqlStore(await openPostgresql(text, patience), now);
  throw new StoreError(
    "The store is sqlite:/absolute/path or postgresql://USER:PASSWORD@HOST/DATABASE; what is given begins with neither.",
    "setup",
  );
}
