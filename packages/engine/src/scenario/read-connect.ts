/** `connect:` of a scenario: a VPN client that comes in. */
import type { ClientSpec } from "../vpn/index.ts";
import type { Entry, Reader } from "./reader.ts";

const KEYS = ["user", "from", "to", "protocol", "nat", "port"];

/** Null (reported) when it is not one. */
export function readConnect(reader: Reader, entry: Entry): ClientSpec | null {
  const fields = reader.fields(entry.value, "`connect`", KEYS, entry.span);
  if (fields === null) return null;
  const [user, from, to, protocol, nat, port] = KEYS.map((key) => fields.get(key));
  const name = user === undefined ? null : reader.text(user, "`user`");
  const address = from === undefined ? null : reader.address(from, "`from`");
  if (user === undefined || from === undefined) {
    reader.error(
      "scenario/missing-key",
      "`connect` needs `user` and `from`, the client's address on the internet.",
      entry.span,
    );
  }
  const word = protocol === undefined ? "l2tp-ipsec" : reader.text(protocol, "`protocol`");
  if (word !== "l2tp-ipsec" && word !== "ikev2") {
    if (word !== null) {
      reader.error(
        "scenario/unknown-value",
        `\`${word}\` is no VPN protocol; there are l2tp-ipsec and ikev2.`,
        protocol?.span ?? entry.span,
      );
    }
    return null;
  }
  if (name === null || address === null) return null;
  return {
    user: name,
    from: address,
    protocol: word,
    to: to === undefined ? null : reader.address(to, "`to`"),
    nat: nat !== undefined && reader.boolean(nat, "`nat`") === true,
    port: port === undefined ? null : reader.number(port, "`port`", 1, 65535),
  };
}
