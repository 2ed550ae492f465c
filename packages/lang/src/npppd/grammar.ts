/** The grammar of npppd.conf(5), production by production as npppd's parser has it. */
import { type Address, parseAddress, Secret } from "@pierhead/core";
import { type Action, FAIL, type Origin, type Production, parseNumericHost, type Reduction } from "../lexer/index.ts";
import type {
  Authentication,
  AuthenticationMethod,
  Endpoint,
  PppProtocol,
  RadiusServers,
  Tunnel,
  TunnelNumbers,
  TunnelProtocol,
  TunnelSwitches,
} from "./configuration.ts";
import type { NpppdContext } from "./context.ts";
import { parsePoolRange } from "./pool.ts";

type Rule = Production<NpppdContext>;

/** Keywords besides those of options; the token of each is its text. */
const WORDS =
  "accounting-server address allow-user-selected-address authenticated authentication authentication-method " +
  "authentication-server bind by ccp chap chap-name debug-dump-pktin debug-dump-pktout dns-servers dynamic eap " +
  "eap-capable for from interface ip ipcp l2tp l2tp-hostname l2tp-vendor-name lcp listen local max-failovers " +
  "max-session max-tries mppe mppe-key-length mppe-key-state mschapv2 nbns-servers no on pap pool-address port pppoe " +
  "pppoe-ac-name pppoe-service-name pptp pptp-hostname pptp-vendor-name protocol radius required resolver secret set " +
  "stateful stateless static strip-atmark-realm strip-nt-domain timeout to tunnel type user-max-session " +
  "username-suffix users-file yes";

const RADIUS_WORDS = "client dae nas-id";

const NUMBERS: Record<string, keyof TunnelNumbers> = {
  "lcp-timeout": "lcpTimeout",
  "lcp-max-configure": "lcpMaxConfigure",
  "lcp-max-terminate": "lcpMaxTerminate",
  "lcp-max-nak-loop": "lcpMaxNakLoop",
  mru: "mru",
  "lcp-keepalive-interval": "lcpKeepaliveInterval",
  "lcp-keepalive-retry-interval": "lcpKeepaliveRetryInterval",
  "lcp-keepalive-max-retries": "lcpKeepaliveMaxRetries",
  "ipcp-timeout": "ipcpTimeout",
  "ipcp-max-configure": "ipcpMaxConfigure",
  "ipcp-max-terminate": "ipcpMaxTerminate",
  "ipcp-max-nak-loop": "ipcpMaxNakLoop",
  "ccp-timeout": "ccpTimeout",
  "ccp-max-configure": "ccpMaxConfigure",
  "ccp-max-terminate": "ccpMaxTerminate",
  "ccp-max-nak-loop": "ccpMaxNakLoop",
  "l2tp-hello-interval": "l2tpHelloInterval",
  "l2tp-hello-timeout": "l2tpHelloTimeout",
  "pptp-echo-interval": "pptpEchoInterval",
  "pptp-echo-timeout": "pptpEchoTimeout",
  "idle-timeout": "idleTimeout",
};

/** Switches; those with null are for debugging and not kept. */
const SWITCHES: Record<string, keyof TunnelSwitches | null> = {
  "lcp-keepalive": "lcpKeepalive",
  "l2tp-accept-dialin": "l2tpAcceptDialin",
  "l2tp-data-use-seq": "l2tpDataUseSeq",
  "l2tp-require-ipsec": "l2tpRequireIpsec",
  "l2tp-lcp-renegotiation": "l2tpLcpRenegotiation",
  "l2tp-force-lcp-renegotiation": "l2tpForceLcpRenegotiation",
  "l2tp-ctrl-in-pktdump": null,
  "l2tp-ctrl-out-pktdump": null,
  "l2tp-data-in-pktdump": null,
  "l2tp-data-out-pktdump": null,
  "pptp-ctrl-in-pktdump": null,
  "pptp-ctrl-out-pktdump": null,
  "pptp-data-in-pktdump": null,
  "pptp-data-out-pktdump": null,
  "pppoe-accept-any-service": "pppoeAcceptAnyService",
  "pppoe-desc-in-pktdump": null,
  "pppoe-desc-out-pktdump": null,
  "pppoe-session-in-pktdump": null,
  "pppoe-session-out-pktdump": null,
  "tcp-mss-adjust": "tcpMssAdjust",
  "ingress-filter": "ingressFilter",
  "callnum-check": "callnumCheck",
  pipex: "pipex",
};

/** Words for another protocol than the tunnel's write into the same memory as the tunnel's own options. */
const SHARED_MEMORY: Record<string, keyof TunnelSwitches> = {
  "pptp-ctrl-in-pktdump": "l2tpDataUseSeq",
  "pptp-ctrl-out-pktdump": "l2tpRequireIpsec",
  "pptp-data-in-pktdump": "l2tpAcceptDialin",
  "pptp-data-out-pktdump": "l2tpLcpRenegotiation",
};

/** Keywords of the language; `radius` statements came in 7.6. */
export function keywordsOf(radiusStatements: boolean): readonly string[] {
  const words = [...WORDS.split(" "), ...Object.keys(NUMBERS), ...Object.keys(SWITCHES)];
  return radiusStatements ? [...words, ...RADIUS_WORDS.split(" ")] : words;
}

export function productionsOf(radiusStatements: boolean): readonly Rule[] {
  return [
    ...statements(radiusStatements),
    ...tunnels(),
    ...authentications(),
    ...pools(),
    ...interfaces(),
    ...values(),
    ...(radiusStatements ? radius() : []),
  ];
}

/** int of a 64 bit number. */
function int(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function statements(radiusStatements: boolean): Rule[] {
  const rules: Rule[] = [
    ["grammar", ""],
    ["grammar", "grammar nl"],
    ["grammar", "grammar set nl"],
    ["grammar", "grammar tunnel nl"],
    ["grammar", "grammar authentication nl"],
    ["grammar", "grammar ipcp nl"],
    ["grammar", "grammar interface nl"],
    ["grammar", "grammar bind nl"],
  ];
  if (radiusStatements) rules.push(["grammar", "grammar radius nl"]);
  rules.push(
    ["grammar", "grammar error nl", (context) => context.report.lexer.countError()],
    [
      "set",
      "'set' 'max-session' NUMBER",
      ({ settings }, at) => {
        settings.maxSession = int(at.get(3));
      },
    ],
    [
      "set",
      "'set' 'user-max-session' NUMBER",
      ({ settings }, at) => {
        settings.userMaxSession = int(at.get(3));
      },
    ],
    ["optnl", "nl optnl"],
    ["optnl", ""],
    ["newline", "nl optnl"],
  );
  return rules;
}

function tunnels(): Rule[] {
  const list = (left: string, words: Record<string, unknown>): Rule[] =>
    Object.entries(words).map(([word, value]): Rule => [left, `'${word}'`, () => value]);
  const rules: Rule[] = [
    [
      "tunnel",
      "'tunnel' STRING 'protocol' tunnelproto tunnel_begin tunnelopts",
      (context, at) => context.endTunnel(at),
    ],
    [
      "tunnel_begin",
      "",
      (context, at) => context.beginTunnel(at.get(-2), at.get<TunnelProtocol>(0), at.origin(-3), at.origin(-2)),
    ],
    ["tunnelopts", ""],
    ["tunnelopts", "'{' optnl tunnelopt_l '}'"],
    ["tunnelopt_l", ""],
    ["tunnelopt_l", "tunnelopt_l tunnelopt newline"],
    ["tunnelopt_l", "tunnelopt optnl"],
    ["tunnelopt", "'listen' 'on' addressport", (context, at) => context.listen(at.get(3), at)],
    ["tunnelopt", "'listen' 'on' 'interface' STRING", (context, at) => context.listenInterface(at.get(4), at)],
    [
      "tunnelopt",
      "'mppe' mppeyesno",
      tunnelOption("mppe", (tunnel, value: boolean) => {
        tunnel.mppe = value;
      }),
    ],
    ...list("tunnelproto", { l2tp: "l2tp", pptp: "pptp", pppoe: "pppoe" }),
    // `required` is kept in a truth value: it is `yes`.
    ...list("mppeyesno", { yes: true, no: false, required: true }),
  ];
  for (const [word, field] of Object.entries(NUMBERS)) {
    rules.push([
      "tunnelopt",
      `'${word}' NUMBER`,
      tunnelOption(word, (tunnel, value: bigint) => {
        tunnel[field] = int(value);
      }),
    ]);
  }
  for (const [word, field] of Object.entries(SWITCHES)) {
    rules.push([
      "tunnelopt",
      `'${word}' yesno`,
      tunnelOption(word, (tunnel, value: boolean) => {
        const shared = tunnel.protocol === "l2tp" ? SHARED_MEMORY[word] : undefined;
        const target = shared ?? field;
        if (target !== null) tunnel[target] = value;
      }),
    ]);
  }
  const text = (word: string, field: "hostname" | "vendorName" | "serviceName" | "acName" | "chapName"): void => {
    rules.push([
      "tunnelopt",
      `'${word}' STRING`,
      tunnelOption(word, (tunnel, value: string) => {
        tunnel[field] = value;
      }),
    ]);
  };
  text("chap-name", "chapName");
  text("l2tp-hostname", "hostname");
  text("l2tp-vendor-name", "vendorName");
  text("pptp-hostname", "hostname");
  text("pptp-vendor-name", "vendorName");
  text("pppoe-service-name", "serviceName");
  text("pppoe-ac-name", "acName");
  rules.push(
    ...wordList("authentication-method", "authmethod", ["pap", "chap", "mschapv2"], (tunnel, words) => {
      tunnel.authenticationMethods = words as AuthenticationMethod[];
    }),
    ...wordList("mppe-key-state", "mppekeystate", ["stateful", "stateless"], (tunnel, words) => {
      tunnel.mppeKeyState = words as ("stateful" | "stateless")[];
    }),
    ...wordList("debug-dump-pktin", "protobit", PROTOCOLS, (tunnel, words) => {
      tunnel.debugDumpPktin = words as PppProtocol[];
    }),
    [
      "tunnelopt",
      "'debug-dump-pktout' protobit_l",
      tunnelOption("debug-dump-pktout", (tunnel, words: readonly string[]) => {
        tunnel.debugDumpPktout = inOrder(PROTOCOLS, words) as PppProtocol[];
      }),
    ],
    [
      "tunnelopt",
      "'mppe-key-length' mppekeylen_l",
      tunnelOption("mppe-key-length", (tunnel, lengths: readonly number[]) => {
        tunnel.mppeKeyLength = [40, 56, 128].filter((length) => lengths.includes(length));
      }),
    ],
    ["mppekeylen_l", "mppekeylen", (_, at) => [at.get(1)]],
    ["mppekeylen_l", "mppekeylen_l mppekeylen", (_, at) => [...at.get<number[]>(1), at.get(2)]],
    ["mppekeylen", "NUMBER", keyLength],
  );
  return rules;
}

const PROTOCOLS = ["ip", "lcp", "pap", "chap", "eap", "mppe", "ccp", "ipcp"];

/** An option with a list of words, kept as a set in the order of `words`. */
function wordList(
  option: string,
  symbol: string,
  words: readonly string[],
  set: (tunnel: Tunnel, words: readonly string[]) => void,
): Rule[] {
  return [
    [
      "tunnelopt",
      `'${option}' ${symbol}_l`,
      tunnelOption(option, (tunnel, given: readonly string[]) => set(tunnel, inOrder(words, given))),
    ],
    [`${symbol}_l`, symbol, (_, at) => [at.get(1)]],
    [`${symbol}_l`, `${symbol}_l ${symbol}`, (_, at) => withWord(at.get(1), at.get(2))],
    ...words.map((word): Rule => [symbol, `'${word}'`, () => word]),
  ];
}

function inOrder(words: readonly string[], given: readonly string[]): string[] {
  return words.filter((word) => given.includes(word));
}

function withWord(words: readonly string[], word: string): readonly string[] {
  return words.includes(word) ? words : [...words, word];
}

function keyLength({ report }: NpppdContext, at: Reduction): unknown {
  const length = at.get<bigint>(1);
  if (length === 40n || length === 56n || length === 128n) return Number(length);
  report.error(
    "npppd/mppe-key-length",
    `${length}: unknown mppe key length`,
    at.origin(1),
    `MPPE has no key of ${length} bits; it has 40, 56 and 128.`,
  );
  return FAIL;
}

/** Sets an option of the tunnel being read. */
function tunnelOption<Value>(word: string, set: (tunnel: Tunnel, value: Value) => void): Action<NpppdContext> {
  return (context, at) => {
    const { tunnel } = context;
    if (tunnel === null) return;
    context.checkProtocol(tunnel, word, at.origin(1));
    tunnel.places.set(word, at.whole);
    set(tunnel, at.get(2));
  };
}

function authenticationOption<Value>(
  word: string,
  set: (authentication: Authentication, value: Value) => void,
): Action<NpppdContext> {
  return ({ authentication }, at) => {
    if (authentication === null) return;
    authentication.places.set(word, at.whole);
    set(authentication, at.get(2));
  };
}

/** PATH_MAX less the NUL. */
const PATH_LENGTH = 1023;
const SECRET_LENGTH = 127;
const SERVER_LIMIT = 16;

function authentications(): Rule[] {
  const server = (name: "authenticationServer" | "accountingServer", word: string): Rule => [
    name,
    `'${word}'`,
    (context, at) => {
      const servers = context.authentication?.[name] ?? null;
      if (servers === null) {
        context.report.error(
          "npppd/server-for-local",
          `\`${word}' can not be used for this type.`,
          at.origin(1),
          `\`${word}\` belongs to \`type radius\`; local authentication has \`users-file\`.`,
        );
        return FAIL;
      }
      context.authentication?.places.set(word, at.origin(1));
      context.servers = servers;
      return null;
    },
  ];
  return [
    [
      "authentication",
      "'authentication' STRING 'type' authtype authentication_begin '{' optnl authopt_l '}'",
      (context, at) => context.endAuthentication(at),
    ],
    [
      "authentication_begin",
      "",
      (context, at) => context.beginAuthentication(at.get(-2), at.get(0), at.origin(-3), at.origin(-2)),
    ],
    ["authtype", "'local'", () => "local"],
    ["authtype", "'radius'", () => "radius"],
    ["authopt_l", ""],
    ["authopt_l", "authopt_l authopt newline"],
    ["authopt_l", "authopt optnl"],
    [
      "authopt",
      "'username-suffix' STRING",
      authenticationOption("username-suffix", (auth, value: string) => {
        auth.usernameSuffix = value;
      }),
    ],
    [
      "authopt",
      "'eap-capable' yesno",
      authenticationOption("eap-capable", (auth, value: boolean) => {
        auth.eapCapable = value;
      }),
    ],
    [
      "authopt",
      "'strip-nt-domain' yesno",
      authenticationOption("strip-nt-domain", (auth, value: boolean) => {
        auth.stripNtDomain = value;
      }),
    ],
    [
      "authopt",
      "'strip-atmark-realm' yesno",
      authenticationOption("strip-atmark-realm", (auth, value: boolean) => {
        auth.stripAtmarkRealm = value;
      }),
    ],
    [
      "authopt",
      "'users-file' STRING",
      authenticationOption("users-file", (auth, value: string) => {
        auth.usersFile = value.slice(0, PATH_LENGTH);
      }),
    ],
    [
      "authopt",
      "'user-max-session' NUMBER",
      authenticationOption("user-max-session", (auth, value: bigint) => {
        auth.userMaxSession = int(value);
      }),
    ],
    server("authenticationServer", "authentication-server"),
    server("accountingServer", "accounting-server"),
    ["authopt", "authenticationServer '{' optnl radopt_l '}'"],
    ["authopt", "accountingServer '{' optnl radopt_l '}'"],
    ["radopt_l", ""],
    ["radopt_l", "radopt_l radopt newline"],
    ["radopt_l", "radopt optnl"],
    ["radopt", "'address' address optport 'secret' STRING", radiusServer],
    [
      "radopt",
      "'timeout' NUMBER",
      serverOption((servers, value) => {
        servers.timeout = value;
      }),
    ],
    [
      "radopt",
      "'max-tries' NUMBER",
      serverOption((servers, value) => {
        servers.maxTries = value;
      }),
    ],
    [
      "radopt",
      "'max-failovers' NUMBER",
      serverOption((servers, value) => {
        servers.maxFailovers = value;
      }),
    ],
  ];
}

function serverOption(set: (servers: RadiusServers, value: number) => void): Action<NpppdContext> {
  return ({ servers }, at) => {
    if (servers !== null) set(servers, int(at.get(2)));
  };
}

function radiusServer({ report, servers }: NpppdContext, at: Reduction): unknown {
  const secret = at.get<string>(5);
  if (secret.length > SECRET_LENGTH) {
    report.error(
      "npppd/secret-too-long",
      `\`secret' is too long.  use less than ${SECRET_LENGTH} chars.`,
      at.origin(5),
      `RADIUS secrets have at most ${SECRET_LENGTH} characters here.`,
    );
    return FAIL;
  }
  if (servers === null) return null;
  if (servers.servers.length >= SERVER_LIMIT) {
    report.error(
      "npppd/too-many-servers",
      `too many radius servers.  use less than or equal to ${SERVER_LIMIT} servers.`,
      at.whole,
      `npppd takes ${SERVER_LIMIT} RADIUS servers of each kind; remove some.`,
    );
    return FAIL;
  }
  const endpoint = { address: at.get<Address>(2), port: Number(BigInt.asUintN(16, at.get<bigint>(3))) };
  servers.servers.push({ endpoint, secret: new Secret(secret), origin: at.whole });
  return null;
}

function pools(): Rule[] {
  const ipcpOption =
    (word: string, set: Action<NpppdContext>): Action<NpppdContext> =>
    (context, at) => {
      context.ipcp?.places.set(word, at.whole);
      set(context, at);
    };
  const two =
    (field: "dnsServers" | "nbnsServers", word: string): Action<NpppdContext> =>
    ({ ipcp }, at) => {
      if (ipcp === null) return;
      ipcp.places.set(word, at.whole);
      ipcp[field] = [at.get<Address>(2), at.get<Address>(3)].filter((address) => !address.isUnspecified());
      if (field === "dnsServers") ipcp.dnsUseResolver = false;
    };
  const one =
    (field: "dnsServers" | "nbnsServers", word: string): Action<NpppdContext> =>
    ({ ipcp }, at) => {
      if (ipcp === null) return;
      ipcp.places.set(word, at.whole);
      ipcp[field] = [at.get<Address>(2)].filter((address) => !address.isUnspecified());
      if (field === "dnsServers") ipcp.dnsUseResolver = false;
    };
  return [
    ["ipcp", "'ipcp' STRING ipcp_begin '{' optnl ipcpopt_l '}'", (context, at) => context.endIpcp(at)],
    ["ipcp_begin", "", (context, at) => context.beginIpcp(at.get(0), at.origin(-1), at.origin(0))],
    ["ipcpopt_l", ""],
    ["ipcpopt_l", "ipcpopt_l ipcpopt newline"],
    ["ipcpopt_l", "ipcpopt optnl"],
    ["ipcpopt", "'pool-address' STRING ipcppooltype", poolAddress],
    [
      "ipcpopt",
      "'dns-servers' 'resolver'",
      ipcpOption("dns-servers", ({ ipcp }) => {
        if (ipcp === null) return;
        ipcp.dnsUseResolver = true;
        if (ipcp.dnsServers !== null) ipcp.dnsServers = [];
      }),
    ],
    ["ipcpopt", "'dns-servers' in4_addr in4_addr", two("dnsServers", "dns-servers")],
    ["ipcpopt", "'dns-servers' in4_addr", one("dnsServers", "dns-servers")],
    ["ipcpopt", "'nbns-servers' in4_addr in4_addr", two("nbnsServers", "nbns-servers")],
    ["ipcpopt", "'nbns-servers' in4_addr", one("nbnsServers", "nbns-servers")],
    [
      "ipcpopt",
      "'allow-user-selected-address' yesno",
      ipcpOption("allow-user-selected-address", ({ ipcp }, at) => {
        if (ipcp !== null) ipcp.allowUserSelectedAddress = at.get(2);
      }),
    ],
    [
      "ipcpopt",
      "'max-session' NUMBER",
      ipcpOption("max-session", ({ ipcp }, at) => {
        if (ipcp !== null) ipcp.maxSession = int(at.get(2));
      }),
    ],
    ["ipcppooltype", "", () => false],
    ["ipcppooltype", "'for' 'dynamic'", () => false],
    ["ipcppooltype", "'for' 'static'", () => true],
  ];
}

function poolAddress({ report, ipcp }: NpppdContext, at: Reduction): unknown {
  const text = at.get<string>(2);
  const range = parsePoolRange(text);
  if ("problem" in range) {
    report.error(
      "npppd/pool-address",
      range.problem,
      at.origin(2),
      `"${text}" is no pool: write FIRST-LAST, or "NETWORK/LENGTH" in quotes with the network's own address.`,
    );
    return FAIL;
  }
  if (ipcp === null) return null;
  const isStatic = at.get<boolean>(3);
  ipcp.places.set("pool-address", at.whole);
  ipcp.pools.push({ text, first: range.first, last: range.last, static: isStatic, origin: at.whole });
  if (!isStatic) ipcp.dynamicPool.add(range);
  ipcp.staticPool.add(range);
  return null;
}

function interfaces(): Rule[] {
  return [
    ["interface", "'interface' STRING 'address' in4_addr 'ipcp' STRING", (context, at) => context.addInterface(at)],
    [
      "bind",
      "'bind' 'tunnel' 'from' STRING 'authenticated' 'by' STRING 'to' STRING",
      (context, at) => context.addBind(at),
    ],
  ];
}

function values(): Rule[] {
  return [
    ["yesno", "'yes'", () => true],
    ["yesno", "'no'", () => false],
    ["address", "STRING", address],
    ["addressport", "address optport", endpoint],
    ["optport", "", () => 0n],
    ["optport", "'port' NUMBER", (_, at) => at.get(2)],
    ["in4_addr", "STRING", ipv4Address],
  ];
}

function endpoint(_: NpppdContext, at: Reduction): Endpoint {
  return { address: at.get(1), port: Number(BigInt.asUintN(16, at.get<bigint>(2))) };
}

function address({ report }: NpppdContext, at: Reduction): unknown {
  const text = at.get<string>(1);
  const host = parseNumericHost(text, []);
  if (host !== null) return host.address;
  report.error(
    "npppd/address",
    `could not parse the address ${text}: name or service is not known`,
    at.origin(1),
    `"${text}" is no IPv4 or IPv6 address; names are not looked up here.`,
  );
  return FAIL;
}

function ipv4Address({ report }: NpppdContext, at: Reduction): unknown {
  const text = at.get<string>(1);
  const found = parseAddress(text);
  if (found !== null && found.family === 4) return found;
  report.error(
    "npppd/ipv4-address",
    `could not parse the address ${text}`,
    at.origin(1),
    `"${text}" is no IPv4 address.`,
  );
  return FAIL;
}

const NAS_ID_LENGTH = 31;
const DAE_PORT = 3799;

function radius(): Rule[] {
  return [
    ["radius", "'radius' 'nas-id' STRING", nasId],
    [
      "radius",
      "'radius' 'dae' 'client' address 'secret' STRING",
      ({ settings }, at) => {
        const client: Endpoint = { address: at.get(4), port: 0 };
        settings.radiusDaeClients.push({ endpoint: client, secret: new Secret(at.get(6)), origin: at.whole });
      },
    ],
    [
      "radius",
      "'radius' 'dae' 'listen' 'on' addressport",
      ({ settings }, at) => {
        const { address: listen, port } = at.get<Endpoint>(5);
        const origin: Origin = at.whole;
        settings.radiusDaeListen.push({ endpoint: { address: listen, port: port === 0 ? DAE_PORT : port }, origin });
      },
    ],
  ];
}

function nasId({ report, settings }: NpppdContext, at: Reduction): unknown {
  const name = at.get<string>(3);
  if (name.length > NAS_ID_LENGTH) {
    // What fits has been stored before the length is found.
    settings.radiusNasId = name.slice(0, NAS_ID_LENGTH);
    report.error(
      "npppd/nas-id-too-long",
      `\`radius nas-id' is too long.  use less than ${NAS_ID_LENGTH} chars.`,
      at.origin(3),
      `\`nas-id\` has at most ${NAS_ID_LENGTH} characters.`,
    );
    return FAIL;
  }
  settings.radiusNasId = name;
  return null;
}
