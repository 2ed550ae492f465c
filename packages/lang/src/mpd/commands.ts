/** Commands of mpd 5.9 (its command.c, bund.c, link.c, iface.c, ipcp.c, ippool.c, auth.c, radius.c, l2tp.c). */

/** What a command works on: it is refused when none was created or chosen before. */
export type MpdContext = "bundle" | "link" | null;

/** A command that takes words, or options of a list. */
export interface MpdCommand {
  readonly least: number;
  readonly most: number;
  /** The options it sets; null: it takes other words. */
  readonly options: readonly string[] | null;
}

export interface MpdMenu {
  readonly context: MpdContext;
  /** Null: what stands below is not looked at here. */
  readonly commands: ReadonlyMap<string, MpdCommand> | null;
}

/** Commands that stand alone, with how many words they take. */
export const TOP_COMMANDS: ReadonlyMap<string, MpdCommand | "create" | "set"> = new Map<
  string,
  MpdCommand | "create" | "set"
>([
  ["authname", words(1)],
  ["bundle", words(0, 1)],
  ["close", words(0, 1)],
  ["create", "create"],
  ["destroy", words(1, 2)],
  ["exit", words(0)],
  ["help", words(0, 20)],
  ["iface", words(1)],
  ["link", words(1)],
  ["load", words(1, 2)],
  ["log", words(0, 40)],
  ["msession", words(1)],
  ["open", words(0, 1)],
  ["quit", words(0)],
  ["repeater", words(0, 1)],
  ["session", words(1)],
  ["set", "set"],
  ["show", words(0, 20)],
]);

function words(least: number, most = least): MpdCommand {
  return { least, most, options: null };
}

function menu(
  context: MpdContext,
  rows: Readonly<Record<string, readonly [least: number, most: number]>>,
  options: readonly string[],
  verbs: readonly string[],
): MpdMenu {
  const commands = new Map<string, MpdCommand>();
  for (const [name, [least, most]] of Object.entries(rows)) commands.set(name, words(least, most));
  for (const verb of verbs) commands.set(verb, { least: 0, most: 20, options });
  return { context, commands };
}

const SWITCH: readonly string[] = ["enable", "disable"];
const NEGOTIATED: readonly string[] = ["accept", "deny", "enable", "disable", "yes", "no"];

/** Ways to log in; `chap` stands for all of CHAP. */
export const LOGINS = ["pap", "chap-md5", "chap-msv1", "chap-msv2", "eap"] as const;
export type MpdLogin = (typeof LOGINS)[number];

function list(text: string): readonly string[] {
  return text.split(" ");
}

const UNREAD: MpdMenu = { context: null, commands: null };
const ofBundle: MpdMenu = { context: "bundle", commands: null };
const ofLink: MpdMenu = { context: "link", commands: null };

export const SET_MENUS: ReadonlyMap<string, MpdMenu> = new Map([
  [
    "bundle",
    menu(
      "bundle",
      {
        period: [1, 1],
        lowat: [1, 1],
        hiwat: [1, 1],
        "min-con": [1, 1],
        "min-dis": [1, 1],
        links: [0, 20],
        "fsm-timeout": [1, 1],
      },
      list("ipcp ipv6cp compression encryption crypt-reqd bw-manage round-robin"),
      NEGOTIATED,
    ),
  ],
  [
    "link",
    menu(
      "link",
      {
        action: [1, 3],
        bandwidth: [1, 1],
        latency: [1, 1],
        accmap: [1, 1],
        mrru: [1, 1],
        mru: [1, 1],
        mtu: [1, 1],
        "fsm-timeout": [1, 1],
        "max-redial": [1, 1],
        "redial-delay": [1, 1],
        "max-children": [1, 1],
        "keep-alive": [2, 2],
        ident: [1, 1],
      },
      [
        ...LOGINS,
        ...list(
          "chap incoming acfcomp protocomp keep-ms-domain magicnum passive check-magic no-orig-auth callback multilink shortseq time-remain peer-as-calling report-mac remove-tee agent-cid",
        ),
      ],
      NEGOTIATED,
    ),
  ],
  [
    "iface",
    menu(
      "bundle",
      {
        addrs: [2, 2],
        route: [1, 1],
        mtu: [1, 2],
        name: [0, 1],
        description: [0, 1],
        group: [0, 1],
        "up-script": [0, 1],
        "down-script": [0, 1],
        idle: [1, 1],
        session: [1, 1],
      },
      list("on-demand proxy-arp keep-timeout tcpmssfix tee nat netflow-in netflow-out netflow-once ipacct"),
      SWITCH,
    ),
  ],
  [
    "ipcp",
    menu(
      "bundle",
      { ranges: [2, 4], dns: [1, 2], nbns: [1, 2] },
      list("vjcomp req-pri-dns req-sec-dns req-pri-nbns req-sec-nbns pretend-ip"),
      NEGOTIATED,
    ),
  ],
  ["ipv6cp", ofBundle],
  ["ippool", menu(null, { add: [3, 3] }, [], [])],
  ["ccp", ofBundle],
  ["mppc", ofBundle],
  ["ecp", ofBundle],
  ["eap", ofLink],
  [
    "auth",
    menu(
      "link",
      {
        "max-logins": [1, 2],
        authname: [1, 1],
        password: [1, 1],
        "extauth-script": [1, 1],
        "extacct-script": [1, 1],
        "acct-update": [1, 1],
        "update-limit-in": [1, 1],
        "update-limit-out": [1, 1],
        timeout: [1, 1],
      },
      list(
        "radius-auth radius-acct internal ext-auth ext-acct system-auth system-acct pam-auth pam-acct opie acct-mandatory",
      ),
      NEGOTIATED,
    ),
  ],
  [
    "radius",
    menu(
      "link",
      {
        server: [2, 4],
        "src-addr": [1, 1],
        me: [1, 1],
        v6me: [1, 1],
        identifier: [1, 1],
        timeout: [1, 1],
        retries: [1, 1],
        config: [1, 1],
      },
      list("message-authentic"),
      SWITCH,
    ),
  ],
  ["radsrv", UNREAD],
  ["console", UNREAD],
  ["web", UNREAD],
  ["user", UNREAD],
  ["global", UNREAD],
  ["netflow", UNREAD],
  ["nat", ofBundle],
  ["debug", UNREAD],
  [
    "l2tp",
    menu(
      "link",
      {
        self: [1, 2],
        peer: [1, 2],
        callingnum: [1, 1],
        callednum: [1, 1],
        hostname: [1, 1],
        secret: [1, 1],
      },
      list("outcall hidden length dataseq resolve-once originate incoming"),
      SWITCH,
    ),
  ],
  ["modem", ofLink],
  ["ng", ofLink],
  ["pppoe", ofLink],
  ["pptp", ofLink],
  ["tcp", ofLink],
  ["udp", ofLink],
]);

export const LINK_TYPES: readonly string[] = ["modem", "ng", "tcp", "udp", "pptp", "l2tp", "pppoe"];

/**
 * `FindCommand()`: any beginning of a name will do when no other name begins so; the name itself gets no preference.
 *
 * @returns the names that fit
 */
export function commandsFor(word: string, names: Iterable<string>): string[] {
  return [...names].filter((name) => name.startsWith(word));
}
