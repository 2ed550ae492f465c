// A DHCPv6 server that sends whatever timers it is told to, also those that no real server sends. For tests only:
//   node dhcpv6-responder.mjs INTERFACE '{"kind":"na","t1":8,"t2":4,"preferred":9,"valid":12,"silent":false}'
// With `silent` it answers until it has granted a lease and never again.
import { createSocket } from "node:dgram";

const [name, told] = process.argv.slice(2);
const { kind, t1, t2, preferred, valid, silent } = JSON.parse(told);
const SERVER = Buffer.from([0, 3, 0, 1, 2, 0, 0, 0, 0, 9]);
const ADDRESS = Buffer.from("20010db8000100000000000000000100", "hex");
const PREFIX = Buffer.from("20010db8800000000000000000000000", "hex");

const number = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const option = (code, ...parts) => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
};

function options(message) {
  const found = new Map();
  for (let at = 4; at + 4 <= message.length; ) {
    const length = message.readUInt16BE(at + 2);
    found.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

let granted = false;
const socket = createSocket({ type: "udp6", reuseAddr: true });
socket.on("message", (message, from) => {
  const type = message[0];
  // Solicit, Request, Confirm, Renew, Rebind.
  if (![1, 3, 5, 6].includes(type) || (silent && granted)) return;
  const asked = options(message);
  const client = asked.get(1);
  const association = asked.get(kind === "na" ? 3 : 25);
  if (client === undefined || association === undefined) return;
  const lease =
    kind === "na"
      ? option(5, ADDRESS, number(preferred), number(valid))
      : option(26, number(preferred), number(valid), Buffer.from([56]), PREFIX);
  const answer = Buffer.concat([
    Buffer.from([type === 1 ? 2 : 7]),
    message.subarray(1, 4),
    option(1, client),
    option(2, SERVER),
    option(kind === "na" ? 3 : 25, association.subarray(0, 4), number(t1), number(t2), lease),
  ]);
  if (type !== 1) granted = true;
  socket.send(answer, from.port, from.address);
});
socket.bind(547, "::", () => {
  socket.addMembership("ff02::1:2", `::%${name}`);
  process.stdout.write("ready\n");
});
