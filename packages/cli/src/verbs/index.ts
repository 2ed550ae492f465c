import { appliance } from "./appliance.ts";
import { build } from "./build.ts";
import { check } from "./check.ts";
import { diff } from "./diff.ts";
import { failover } from "./failover.ts";
import { flows } from "./flows.ts";
import { fmt } from "./fmt.ts";
import { init } from "./init.ts";
import { inventory } from "./inventory.ts";
import { lease } from "./lease.ts";
import { migrate } from "./migrate.ts";
import { monitor } from "./monitor.ts";
import { pflog } from "./pflog.ts";
import { portal } from "./portal.ts";
import { ifstatedPrint, ikedPrint, ipsecPrint, npppdPrint, pfPrint } from "./print.ts";
import { probe } from "./probe.ts";
import { prove } from "./prove.ts";
import { site } from "./site.ts";
import { test } from "./test.ts";
import { trace } from "./trace.ts";
import type { Verb } from "./verb.ts";
import { vpn } from "./vpn.ts";

/** In the order of the help. What a verb needs is imported when it runs, so that the others start fast. */
export const verbs: readonly Verb[] = [
  check,
  trace,
  failover,
  test,
  prove,
  init,
  build,
  appliance,
  site,
  diff,
  pfPrint,
  ipsecPrint,
  ifstatedPrint,
  npppdPrint,
  ikedPrint,
  fmt,
  migrate,
  inventory,
  lease,
  vpn,
  monitor,
  portal,
  probe,
  pflog,
  flows,
];
