// A DHCPv4 server that sends whatever times it is told to. For tests only:
//   node dhcpv4-responder.mjs INTERFACE '{"t1":8,"t2":4,"valid":12,"silent":false}'
// A time that is null is left out. With `silent` it answers until it has granted a lease and never again.
import { createSocket } from "node:dgram";

const [, told] = process.argv.slice(2);
const { t1, t2, valid, silent } = JSON.parse(told);
const SERVER = Buffer.from([192, 0, 2, 1]);
const YOURS = Buffer.from([192, 0, 2, 10]);

const option = (code, value) => {
  if (value === null || value === undefined) return Buffer.alloc(0);
  const body = Buffer.isBuffer(value) ? value : Buffer.alloc(4);
  if (!Buffer.isBuffer(value)) body.writeUInt32BE(value);
  return Buffer.concat([Buffer.from([code, body.length]), body]);
};

function messageType(message) {
  for (
    let at = 240;
    at + 2 < message.length && message[at] !== 255;
    at += message[at] === 0 ? 1 : message[at + 1] + 2
  ) {
    if (message[at] === 53) return message[at + 2];
  }
  return 0;
}

let granted = false;
const socket = createSocket({ type: "udp4", reuseAddr: true });
socket.on("message", (message, from) => {
  const type = messageType(message);
  // DISCOVER, REQUEST.
  if ((type !== 1 && type !== 3) || (silent && granted)) return;
  const answer = Buffer.alloc(240);
  message.copy(answer, 0, 0, 44);
  answer[0] = 2;
  YOURS.copy(answer, 16);
  SERVER.copy(answer, 20);
  answer.writeUInt32BE(0x63825363, 236);
  const options = [
    option(53, Buffer.from([type === 1 ? 2 : 5])),
    option(54, SERVER),
    option(51, valid),
    option(58, t1),
    option(59, t2),
    option(1, Buffer.from([255, 255, 255, 0])),
    Buffer.from([255]),
    // BOOTP's least length, which some clients insist on.
    Buffer.alloc(60),
  ];
  if (type !== 1) granted = true;
  // A client that has an address is answered there, others by broadcast.
  const to = from.address === "0.0.0.0" ? "255.255.255.255" : from.address;
  socket.send(Buffer.concat([answer, ...options]), 68, to);
});
socket.bind(67, "0.0.0.0", () => {
  socket.setBroadcast(true);
  process.stdout.write("ready\n");
});
