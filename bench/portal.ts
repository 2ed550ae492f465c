/**
 * The whole portal as a process: sign-ins through its page over RADIUS, with the kernel's nftables, SQLite on this disk and
 * FreeRADIUS on the same processors; how that changes from no session to 10,000; memory; the cost of accounting. Needs root,
 * nftables and FreeRADIUS. The data path is `npm run bench -- portal-firewall`.
 *
 * `PIERHEAD_PORTAL_SESSIONS=2000 npm run bench -- portal` for fewer than 10,000 sessions.
 */
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { PortalRun, portalRunIsMissing, removeBundle, usageOf } from "../tests/support/portal-run.ts";

const missing = portalRunIsMissing();
if (missing !== null) {
  process.stdout.write(`not measured: ${missing}\n`);
  process.exit(0);
}
const SESSIONS = Number(process.env.PIERHEAD_PORTAL_SESSIONS ?? 10_000);
const MEASURED = 1_000;
const ABREAST = 256;
/** Octets of traffic of each session between two Interim-Updates do not change what they cost. */
const INTERIM = Number(process.env.PIERHEAD_PORTAL_INTERIM ?? 60);

const run = await PortalRun.make({
  devices: SESSIONS + 5 * MEASURED,
  users: 'ann Cleartext-Password := "pw"\n\tClass := 0x636c617373\n',
  radius: { quiet: true },
  radiusMore: `  interim: ${INTERIM}s`,
  tick: "10s",
});
const fields = { method: "password", user: "ann", password: "pw" };
let next = 1;
let sessions = 0;
const row = (name: string, value: string): void =>
  void process.stdout.write(`${name.padEnd(66)} ${value.padStart(16)}\n`);
const pid = (): number => run.portal?.pid as number;
const pidOfRadius = run.radius.pid;

interface Storm {
  readonly took: number;
  readonly median: number;
  readonly slowest: number;
  readonly failures: Record<string, number>;
}

async function storm(count: number, how: { keep: boolean; pages: boolean; abreast?: number }): Promise<Storm> {
  const abreast = how.abreast ?? ABREAST;
  const answer = (await run.device({ verb: "storm", from: next, count, fields, ...how, abreast })) as unknown as Storm;
  next += count;
  const failed = Object.values(answer.failures).reduce((sum, one) => sum + one, 0);
  sessions += count - failed;
  if (failed > 0) process.stdout.write(`failed: ${JSON.stringify(answer.failures)}\n`);
  return answer;
}

async function measured(
  name: string,
  count: number,
  how: { keep: boolean; pages: boolean; abreast?: number },
): Promise<void> {
  const [before, radiusBefore] = [usageOf(pid()), usageOf(pidOfRadius)];
  const { took, median, slowest } = await storm(count, how);
  const [after, radiusAfter] = [usageOf(pid()), usageOf(pidOfRadius)];
  const each = (seconds: number): string => `${((seconds / count) * 1000).toFixed(2)} ms`;
  row(name, `${((count / took) * 1000).toFixed(0)} a second`);
  row(
    "  processor time of each: portal, its first thread alone, FreeRADIUS",
    `${each(after.seconds - before.seconds)}, ${each(after.main - before.main)}, ${each(radiusAfter.seconds - radiusBefore.seconds)}`,
  );
  row("  until the answer: median, slowest", `${median.toFixed(0)}, ${slowest.toFixed(0)} ms`);
}

/** What FreeRADIUS and its own client do on this machine, without a portal. */
function bare(): void {
  const count = 3_000;
  const started = performance.now();
  const server = `127.0.0.1:${run.radius.ports.authentication}`;
  run.world.run(
    "gateway",
    ["radclient", "-q", "-c", `${count}`, "-p", "200", "-S", `${run.folder}/secret`, server, "auth"],
    'User-Name = "ann", User-Password = "pw", Message-Authenticator = 0x00\n',
  );
  const rate = (count * 1000) / (performance.now() - started);
  row("radclient and FreeRADIUS alone, Access-Requests, 200 abreast", `${rate.toFixed(0)} a second`);
}

try {
  process.stdout.write(
    `load of the machine before: ${loadavg()
      .map((one) => one.toFixed(1))
      .join(", ")}\n`,
  );
  await run.start();
  await storm(200, { keep: true, pages: false });
  const empty = usageOf(pid()).resident;
  await measured("sign-ins, one after the other, 200 open", 100, { keep: true, pages: false, abreast: 1 });
  await measured(`sign-ins, ${ABREAST} abreast, from 300 open`, MEASURED, { keep: true, pages: false });
  await measured("  the page and the sign-in, each on a new connection", MEASURED, { keep: false, pages: true });
  const before = usageOf(pid());
  const fill = SESSIONS - sessions;
  if (fill > 0) {
    const { took } = await storm(fill, { keep: true, pages: true });
    row(`  page and sign-in on one connection, up to ${SESSIONS}`, `${((fill / took) * 1000).toFixed(0)} a second`);
  }
  await measured(`sign-ins, one after the other, ${sessions} open`, 100, { keep: true, pages: false, abreast: 1 });
  await measured(`sign-ins, ${ABREAST} abreast, from ${sessions} open`, MEASURED, { keep: true, pages: false });
  await measured("  the page and the sign-in, each on a new connection", MEASURED, { keep: false, pages: true });
  const full = usageOf(pid());
  bare();
  row("memory: resident, with hardly a session", `${(empty / 1e6).toFixed(0)} MB`);
  row(`memory: resident, with ${sessions}`, `${(full.resident / 1e6).toFixed(0)} MB`);
  row("  for each session", `${((full.resident - before.resident) / (sessions - 2_300) / 1e3).toFixed(1)} kB`);
  // All Interim-Updates of a minute, and the looks at the counters.
  await sleep(5_000);
  const [portal, radius, started] = [usageOf(pid()).seconds, usageOf(pidOfRadius).seconds, performance.now()];
  const records = run.radius.records().length;
  await sleep(INTERIM * 1_000);
  const seconds = (performance.now() - started) / 1000;
  row(
    `accounting of ${sessions} sessions, an Interim-Update each ${INTERIM} s`,
    `${((100 * (usageOf(pid()).seconds - portal)) / seconds).toFixed(1)} % of a core`,
  );
  row("  records acknowledged, each second", ((run.radius.records().length - records) / seconds).toFixed(0));
  row("  FreeRADIUS for them", `${((100 * (usageOf(pidOfRadius).seconds - radius)) / seconds).toFixed(1)} % of a core`);
  process.stdout.write(
    `load of the machine after: ${loadavg()
      .map((one) => one.toFixed(1))
      .join(", ")}\n`,
  );
} finally {
  await run.destroy();
  removeBundle();
}
process.exit(0);
