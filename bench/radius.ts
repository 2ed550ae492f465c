/** What the RADIUS client costs: sign-ins and accounting with FreeRADIUS beside it, 200 in flight. `npm run bench -- radius` */
import { Secret } from "@pierhead/core";
import { createRadiusClient } from "@pierhead/gateway/radius";
import { freeRadiusMissing, startFreeRadius } from "../tests/support/freeradius.ts";

const REQUESTS = 10_000;
const IN_FLIGHT = 200;

const missing = freeRadiusMissing();
if (missing !== null) process.stdout.write(`left out: ${missing}\n`);
else {
  const server = await startFreeRadius({
    secret: "bench",
    users: 'ann Cleartext-Password := "pw"\n\tSession-Timeout = 60\n',
  });
  const station = { mac: "02:00:00:00:00:01", addresses: ["192.0.2.5", "2001:db8::5"], sessionId: "s1", number: 7 };
  process.stdout.write("request    a second   µs of the client   a second on one core\n");
  for (const what of ["pap", "chap", "mschapv2", "accounting"] as const) {
    const client = createRadiusClient({
      servers: [
        {
          host: "127.0.0.1",
          authenticationPort: server.ports.authentication,
          accountingPort: server.ports.accounting,
          secret: new Secret("bench"),
          tls: null,
        },
      ],
      timeout: 2,
      attempts: 5,
      deadTime: 60,
      nasIdentifier: "bench",
      nasAddress: "127.0.0.1",
      calledStation: null,
      protocol: what === "accounting" ? "pap" : what,
      swapOctets: false,
      interim: null,
      macPassword: null,
      dynamic: null,
    });
    const counts = { inputOctets: 1n, outputOctets: 2n, inputPackets: 3n, outputPackets: 4n };
    const record = {
      kind: "Interim-Update",
      user: "ann",
      station,
      classes: [],
      at: Date.now(),
      sessionTime: 5,
      cause: null,
    } as const;
    const ask = async (): Promise<boolean> => {
      if (what === "accounting") return client.account({ ...record, ...counts });
      const credentials = { kind: "password", password: "pw" } as const;
      return (await client.authenticate({ user: "ann", credentials, station, service: "login" })).kind === "accept";
    };
    await ask();
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    let [left, failed] = [REQUESTS, 0];
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (left-- > 0) if (!(await ask())) failed++;
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const each = (user + system) / REQUESTS;
    process.stdout.write(
      `${what.padEnd(10)} ${(REQUESTS / seconds).toFixed(0).padStart(8)} ${each.toFixed(0).padStart(18)} ${(1e6 / each).toFixed(0).padStart(22)}\n`,
    );
    if (failed > 0) {
      process.stdout.write(`${failed} failed\n`);
      process.exitCode = 1;
    }
    await client.close();
  }
  await server.stop();
}
