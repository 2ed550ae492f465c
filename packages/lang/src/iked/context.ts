import { Secret, Source } from "@pierhead/core";
import { FAIL, hasBlank, type Origin, type ParseReport, type Reduction } from "../lexer/index.ts";
import type { IkedPolicy, IkedRadius, IkedSettings, IkedUser } from "./configuration.ts";
import { type IkedEnvironment, resolveHosts } from "./hosts.ts";
import { utf8Length } from "./octets.ts";
import { createPolicy, type PolicyStatement, type ProposalWords } from "./policy.ts";
import type { TransformEntry } from "./transforms.ts";

/** Told of everything iked prints while it reads. */
export interface IkedSink {
  user(user: IkedUser): void;
  policy(policy: IkedPolicy): void;
}

const INCLUDE_LIMIT = 64;
/** LOGIN_NAME_MAX and IKED_PASSWORD_SIZE, less the NUL. */
const USER_LENGTH = 31;
const PASSWORD_LENGTH = 255;

/** What the actions of the grammar work on. */
export class IkedContext {
  readonly report: ParseReport;
  readonly environment: IkedEnvironment;
  readonly settings: IkedSettings = {
    passive: false,
    decoupled: false,
    fragmentation: false,
    mobike: true,
    vendorId: true,
    enforceSingleIkeSa: false,
    stickyAddress: false,
    certificatePartialChain: false,
    deadPeerInterval: 60,
    ocsp: null,
  };
  readonly users: IkedUser[] = [];
  readonly policies: IkedPolicy[] = [];
  readonly radius: IkedRadius[] = [];
  /** Rules and users that count as configuration. */
  rules = 0;
  /** What is being read: transforms of one proposal, proposals of one SA, filters. */
  transforms: { readonly entry: TransformEntry; readonly origin: Origin }[] = [];
  ciphers: readonly TransformEntry[] = [];
  proposals: ProposalWords[] = [];
  filters: { tag: string | null; tap: number } = { tag: null, tap: 0 };
  readonly #sink: IkedSink;
  #policyNumber = 0;

  constructor(report: ParseReport, environment: IkedEnvironment, sink: IkedSink) {
    this.report = report;
    this.environment = environment;
    this.#sink = sink;
  }

  addPolicy(statement: PolicyStatement): unknown {
    this.#policyNumber++;
    const policy = createPolicy(statement, this.#policyNumber, this.report, this.environment);
    if (this.report.halted) return FAIL;
    if (policy === null) {
      this.report.lexer.countError();
      this.report.say("create_ike failed");
      return FAIL;
    }
    this.policies.push(policy);
    this.rules++;
    this.#sink.policy(policy);
    return null;
  }

  addUser(at: Reduction): unknown {
    const name = at.get<string>(2);
    const password = at.get<string>(3);
    if (name === "" || utf8Length(name) > USER_LENGTH) {
      const advice = `A user name has 1 to ${USER_LENGTH} octets.`;
      this.report.error("iked/user-name", "invalid user name", at.origin(2), advice);
      return FAIL;
    }
    if (password === "" || utf8Length(password) > PASSWORD_LENGTH) {
      const advice = `A password has 1 to ${PASSWORD_LENGTH} octets.`;
      this.report.error("iked/user-password", "invalid password", at.origin(3), advice);
      return FAIL;
    }
    const user: IkedUser = {
      name,
      password: new Secret(password),
      origin: at.whole,
      nameOrigin: at.origin(2),
      passwordOrigin: at.origin(3),
    };
    this.users.push(user);
    this.rules++;
    this.#sink.user(user);
    return null;
  }

  define(at: Reduction): unknown {
    const name = at.get<string>(1);
    if (hasBlank(name)) {
      this.report.error("iked/macro-name", "macro name cannot contain whitespace", at.origin(1));
      return FAIL;
    }
    const { source, span } = at.whole;
    this.report.lexer.define(name, at.get(3), false, source, span.start, span.end);
    return null;
  }

  include(at: Reduction): unknown {
    const path = at.get<string>(2);
    const { lexer } = this.report;
    const loop = lexer.depth >= INCLUDE_LIMIT;
    const text = loop
      ? null
      : (this.environment.readFile(path) ?? (this.environment.machineUnknown === true ? "" : null));
    if (text !== null) {
      lexer.include(new Source(path, text));
      return null;
    }
    const reason = loop ? "Too many open files" : "No such file or directory";
    this.report.stderr.push(`iked: pushfile: ${path}: ${reason}\n`);
    this.report.error(
      loop ? "iked/include-loop" : "iked/include-missing",
      `failed to include file ${path}`,
      at.origin(2),
      loop
        ? `${path} is included too deep; a file includes itself.`
        : `${path} cannot be read; correct the path or add the file.`,
    );
    return FAIL;
  }

  host(text: string, origin: Origin): unknown {
    const result = resolveHosts(text, this.environment);
    if (result.hosts !== null) return result.hosts;
    if (result.fatal) {
      this.report.fatal("iked/netmask", result.text, origin, "A mask cannot be put on a name with IPv6 addresses.");
      return FAIL;
    }
    this.report.stderr.push(`${result.text}\n`);
    this.report.error(
      "iked/unknown-host",
      "could not parse host specification",
      origin,
      `"${text}" is no address, no interface or group with an address, and does not resolve. Interfaces take no modifiers here.`,
    );
    return FAIL;
  }

  noteOther(word: string, origin: Origin): void {
    this.report.note(
      "iked/ignored-rule",
      "note",
      `iked passes over this line: \`${word}\` rules belong to ipsec.conf(5) and isakmpd or static keys.`,
      origin,
    );
  }
}
