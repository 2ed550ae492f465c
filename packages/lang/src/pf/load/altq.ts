/**
 * ALTQ: `altq on` and its queues, with pfctl's arithmetic and admission control (pfctl_altq.c, `expand_altq` and
 * `expand_queue` of parse.y). What pfctl says it says in the same order here, as the corpora record it.
 */

import type { AltqBandwidth, AltqCurve, AltqFlag, AltqRecord, AltqSlopes, AltqWritten } from "../print/altq.ts";
import { formatAltq, formatAltqQueue, formatRate } from "../print/altq.ts";
import type { Altq, AltqScheduler, Origin } from "../rule.ts";
import { CurveSum } from "./altq-curve.ts";

/** Scheduler and its options as written (`node_queue_opt`); without a scheduler everything is empty. */
export interface SchedulerNode {
  readonly scheduler: AltqScheduler | null;
  readonly flags: ReadonlySet<AltqFlag>;
  readonly realtime: AltqCurve | null;
  readonly linkshare: AltqCurve | null;
  readonly upperlimit: AltqCurve | null;
  readonly buckets: number;
  readonly hogs: AltqBandwidth | null;
  readonly target: number;
  readonly interval: number;
}

/** Options of an `altq on` or `queue` statement (`queue_opts`). */
export interface QueueOptionsNode {
  readonly bandwidth: AltqBandwidth;
  readonly priority: number;
  readonly limit: number;
  readonly tbrSize: number;
  readonly scheduler: SchedulerNode;
}

/** An interface of a statement; `name` is empty when the statement named none. */
export interface AltqInterface {
  readonly name: string;
  readonly negated: boolean;
}

/** What ALTQ needs of the reader. */
export interface AltqHost {
  /** FreeBSD: wide bandwidths, and percentages of root queues count. */
  readonly freebsd: boolean;
  /** MTU of an interface; null when there is none of that name. */
  mtu(name: string): number | null;
  /** Line speed in bits per second; 0 when unknown, null when there is no such interface. */
  speed(name: string): number | null;
  /** A line on standard error, with something refused. */
  toolLine(text: string): void;
  /** A line on standard error that changes nothing. */
  warn(text: string): void;
  /** `yyerror`. */
  complain(tool: string, code: string, message: string): void;
  /** `err(1, …)`. */
  fatal(tool: string, code: string, message: string): never;
  /** A line of `pfctl -v`. */
  print(text: string): void;
  origin(): Origin | null;
}

/** A queue that was named as somebody's child and waits for its own statement (`node_queue`). */
interface ExpectedQueue {
  readonly name: string;
  readonly parent: string;
  readonly interface: string;
  readonly scheduler: AltqScheduler | null;
}

/** What is counted for each interface or queue beside its record. */
interface Account {
  readonly record: AltqRecord;
  /** FreeBSD: sum of the children's bandwidths and curves. */
  bandwidthSum: number;
  children: number;
  realtime: CurveSum;
  linkshare: CurveSum;
  rootClasses: number;
  defaultClasses: number;
  readonly priorities: Set<number>;
}

const CBQ_PRIORITIES = 8;
const PRIQ_PRIORITIES = 16;
const INT_MAX = 0x7fffffff;
const UINT_MAX = 0xffffffff;

export class AltqTables {
  readonly #host: AltqHost;
  readonly #interfaces: Map<string, Account> = new Map();
  readonly #queues: Map<string, Account> = new Map();
  readonly #order: Account[] = [];
  readonly #expected: ExpectedQueue[] = [];
  /** What was stored last: pfctl prints that, even when the statement at hand failed. */
  #last: AltqRecord = emptyRecord();
  readonly altqs: Altq[] = [];

  constructor(host: AltqHost) {
    this.#host = host;
  }

  /**
   * `expand_altq`.
   *
   * @returns the number of errors
   */
  addInterfaces(interfaces: readonly AltqInterface[], options: QueueOptionsNode, queues: readonly string[]): number {
    let errors = 0;
    const written = writtenOf(options);
    const scheduler = options.scheduler.scheduler;
    const tree = scheduler === "cbq" || scheduler === "hfsc" || (scheduler === "fairq" && this.#host.freebsd);
    for (const item of interfaces) {
      if (item.negated) {
        this.#host.complain(
          "altq on ! <interface> is not supported",
          "pf/altq-negated",
          "A scheduler is put on interfaces, not on all but one: name the interfaces.",
        );
        errors++;
        continue;
      }
      const record = emptyRecord();
      record.interface = item.name;
      record.scheduler = scheduler;
      record.limit = options.limit;
      record.tbrSize = options.tbrSize;
      if (this.#evaluateInterface(record, options)) this.#store(record, options);
      else errors++;
      let text = formatAltq(this.#last, written);
      if (queues.length > 0) text += `queue { ${queues.map((queue) => `${queue} `).join("")}}`;
      this.#host.print(text);
      const root = `root_${item.name}`;
      if (tree) {
        const queue = emptyRecord();
        queue.queue = root;
        queue.interface = item.name;
        queue.scheduler = scheduler;
        queue.limit = record.limit;
        const bandwidth = { absolute: record.interfaceBandwidth, percent: 0 };
        if (this.#evaluateQueue(queue, bandwidth, options.scheduler)) this.#store(queue, options);
        else errors++;
      }
      for (const name of queues) {
        this.#expected.push({ name, parent: tree ? root : "", interface: item.name, scheduler });
      }
    }
    return errors;
  }

  /**
   * `expand_queue`.
   *
   * @param interfaces one nameless interface when the statement names none
   * @returns whether it went well
   */
  addQueue(
    name: string,
    interfaces: readonly AltqInterface[],
    options: QueueOptionsNode,
    children: readonly string[],
  ): boolean {
    let errors = 0;
    let found = 0;
    const orphan = (): boolean => {
      this.#host.complain(
        `queue ${name} has no parent`,
        "pf/queue-without-parent",
        `No \`altq on\` or queue above names \`${name}\` among its queues.`,
      );
      return false;
    };
    if (this.#expected.length === 0) return orphan();
    const written = writtenOf(options);
    for (const item of interfaces) {
      // The list may grow while it is walked.
      for (let i = 0; i < this.#expected.length; i++) {
        const expected = this.#expected[i] as ExpectedQueue;
        if (expected.name !== name) continue;
        if (item.name !== "" && (item.name === expected.interface) === item.negated) continue;
        found++;
        const record = emptyRecord();
        record.queue = name;
        record.priority = options.priority;
        record.limit = options.limit;
        const own = options.scheduler.scheduler;
        if (own !== null && own !== expected.scheduler) {
          this.#host.complain(
            "exactly one scheduler type per interface allowed",
            "pf/altq-scheduler-mixed",
            `The queues of ${expected.interface} are of scheduler ${expected.scheduler}, so this one must be too.`,
          );
          return false;
        }
        record.scheduler = expected.scheduler;
        if (expected.scheduler === "priq" && !this.#checkPriq(options, children)) return false;
        record.interface = expected.interface;
        record.parent = expected.parent;
        if (this.#evaluateQueue(record, options.bandwidth, options.scheduler)) this.#store(record, options);
        else errors++;
        for (const child of children) {
          if (child === name) {
            this.#host.complain(
              "queue cannot have itself as child",
              "pf/queue-in-itself",
              `The queue \`${name}\` is named as its own child.`,
            );
            errors++;
            continue;
          }
          this.#expected.push({
            name: child,
            parent: name,
            interface: expected.interface,
            scheduler: expected.scheduler,
          });
        }
        if (item.name !== "" || found === 1) {
          let text = formatAltqQueue(this.#last, written, item.name !== "");
          if (children.length > 0) text += `{ ${children.map((child) => `${child} `).join("")}}`;
          this.#host.print(text);
        }
      }
    }
    if (found === 0) {
      orphan();
      errors++;
    }
    return errors === 0;
  }

  /** `check_commit_altq`: whether every interface has the queues it must have. */
  check(): boolean {
    // pfctl keeps the result of the last interface only.
    let fine = true;
    for (const account of this.#interfaces.values()) {
      const name = account.record.interface;
      switch (account.record.scheduler) {
        case "cbq": {
          fine = true;
          if (account.rootClasses !== 1) {
            this.#host.toolLine(`pfctl: should have one root queue on ${name}`);
            fine = false;
          }
          if (account.defaultClasses !== 1) {
            this.#missingDefault(name);
            fine = false;
          }
          break;
        }
        case "priq":
        case "hfsc":
        case "fairq":
          fine = account.defaultClasses === 1;
          if (!fine) this.#missingDefault(name);
          else if (account.record.scheduler === "hfsc" && !this.#host.freebsd) fine = this.#defaultIsLeaf(name);
          break;
        default:
      }
    }
    return fine;
  }

  #missingDefault(name: string): void {
    this.#host.toolLine(`pfctl: should have one default queue on ${name}`);
  }

  #defaultIsLeaf(name: string): boolean {
    let fine = true;
    const queues = this.#order.filter(({ record }) => record.interface === name && record.queue !== "");
    const standard = queues.filter(({ record }) => record.parent !== "" && record.flags.has("default")).at(-1);
    for (const { record } of queues) {
      if (standard === undefined || record.parent !== standard.record.queue) continue;
      this.#host.toolLine("pfctl: default queue is not a leaf");
      fine = false;
    }
    return fine;
  }

  #checkPriq(options: QueueOptionsNode, children: readonly string[]): boolean {
    if (children.length > 0) {
      this.#host.complain(
        "priq queues cannot have child queues",
        "pf/priq-children",
        "priq has one level of queues: name them all in the `altq on` statement.",
      );
      return false;
    }
    if (options.bandwidth.absolute > 0 || options.bandwidth.percent < 100) {
      this.#host.complain(
        "priq doesn't take bandwidth",
        "pf/priq-bandwidth",
        "Queues of priq have a priority, not a bandwidth.",
      );
      return false;
    }
    return true;
  }

  // `pfctl_add_altq` and `pfaltq_store`.
  #store(record: AltqRecord, options: QueueOptionsNode): void {
    this.#last = record;
    const account: Account = {
      record,
      bandwidthSum: 0,
      children: 0,
      realtime: new CurveSum(),
      linkshare: new CurveSum(),
      rootClasses: 0,
      defaultClasses: 0,
      priorities: new Set(),
    };
    this.#order.push(account);
    // The first of a name counts where lists are searched, the last where FreeBSD looks it up.
    const map = record.queue === "" ? this.#interfaces : this.#queues;
    const key = record.queue === "" ? record.interface : `${record.interface}:${record.queue}`;
    if (!map.has(key)) map.set(key, account);
    if (record.queue !== "" && !this.#host.freebsd) this.#countClasses(record);
    this.altqs.push(toAltq(record, options, this.#host.origin()));
  }

  #countClasses(record: AltqRecord): void {
    const account = this.#interfaces.get(record.interface);
    if (account === undefined) return;
    if (record.flags.has("root")) account.rootClasses++;
    if (record.flags.has("default") && (record.scheduler !== "hfsc" || record.parent !== "")) account.defaultClasses++;
  }

  // `eval_pfaltq`
  #evaluateInterface(record: AltqRecord, options: QueueOptionsNode): boolean {
    const host = this.#host;
    let fine = true;
    if (options.bandwidth.absolute > 0) record.interfaceBandwidth = options.bandwidth.absolute;
    else {
      const speed = host.speed(record.interface);
      if (speed === null) {
        return host.fatal(
          `SIOCGIFDATA: ${NO_INTERFACE}`,
          "pf/unknown-interface",
          `This machine has no interface ${record.interface}: give the bandwidth as a number.`,
        );
      }
      if (speed === 0) {
        host.toolLine(
          `interface ${record.interface} does not know its bandwidth, please specify an absolute bandwidth`,
        );
        fine = false;
      } else record.interfaceBandwidth = this.#share(options.bandwidth, speed) || speed;
    }
    if (host.freebsd && record.scheduler !== "hfsc" && record.interfaceBandwidth > UINT_MAX) {
      record.interfaceBandwidth = UINT_MAX;
      host.warn(
        `pfctl: interface ${record.interface} bandwidth limited to ${UINT_MAX} bps because selected scheduler is 32-bit limited\n`,
      );
    }
    this.#applyOptions(record, options.scheduler, record.interfaceBandwidth);
    if (record.tbrSize === 0) {
      const rate = record.interfaceBandwidth;
      const packets =
        rate <= 1_000_000
          ? 1
          : rate <= 10_000_000
            ? 4
            : rate <= 200_000_000
              ? 8
              : rate <= 2_500_000_000 || !host.freebsd
                ? 24
                : 128;
      const size = packets * this.#mtu(record.interface);
      record.tbrSize = host.freebsd ? size : Math.min(size, 0xffff);
    }
    return fine;
  }

  // `eval_pfqueue`
  #evaluateQueue(record: AltqRecord, bandwidth: AltqBandwidth, scheduler: SchedulerNode): boolean {
    const host = this.#host;
    const account = this.#interfaces.get(record.interface);
    if (account === undefined) {
      host.toolLine(`altq not defined on ${record.interface}`);
      return false;
    }
    record.scheduler = account.record.scheduler;
    record.interfaceBandwidth = account.record.interfaceBandwidth;
    if (this.#queues.has(`${record.interface}:${record.queue}`)) {
      host.toolLine(`queue ${record.queue} already exists on interface ${record.interface}`);
      return false;
    }
    let parent: Account | null = null;
    if (record.parent !== "") {
      parent = this.#queues.get(`${record.interface}:${record.parent}`) ?? null;
      if (parent === null) {
        host.toolLine(`parent ${record.parent} not found for ${record.queue}`);
        return false;
      }
    }
    if (record.limit === 0) record.limit = 50;
    const rootBandwidth = host.freebsd ? record.interfaceBandwidth : 0;
    const reference = parent === null ? rootBandwidth : parent.record.bandwidth;
    if (record.scheduler === "cbq" || record.scheduler === "hfsc" || record.scheduler === "fairq") {
      record.bandwidth = this.#share(bandwidth, reference);
      if (record.bandwidth > record.interfaceBandwidth) {
        host.toolLine(`bandwidth for ${record.queue} higher than interface`);
        return false;
      }
      if (parent !== null && !this.#fits(record, parent)) return false;
    }
    this.#applyOptions(record, scheduler, reference);
    if (parent !== null) parent.children++;
    switch (record.scheduler) {
      case "cbq":
        return this.#evaluateCbq(record, account);
      case "priq":
        return this.#evaluatePriq(record, account);
      case "hfsc":
        return this.#evaluateHfsc(record, account, parent);
      case "fairq":
        return this.#evaluateFairq(record, account, parent);
      default:
        return true;
    }
  }

  // The sum of the children may be more than the parent has; that is only said.
  #fits(record: AltqRecord, parent: Account): boolean {
    const host = this.#host;
    if (host.freebsd && record.scheduler === "hfsc") return true;
    if (record.bandwidth > parent.record.bandwidth) {
      host.toolLine(`pfctl: bandwidth for ${record.queue} higher than parent`);
      return false;
    }
    const name = parent.record.queue;
    if (host.freebsd) {
      parent.bandwidthSum += record.bandwidth;
      if (parent.bandwidthSum > parent.record.bandwidth) {
        host.warn(
          `pfctl: the sum of the child bandwidth (${parent.bandwidthSum}) higher than parent "${name}" (${parent.record.bandwidth})`,
        );
      }
      return true;
    }
    let sum = record.bandwidth;
    for (const other of this.#order) {
      const { record: queue } = other;
      if (queue.interface === record.interface && queue.queue !== "" && queue.parent === record.parent) {
        sum += queue.bandwidth;
      }
    }
    if (sum % 0x100000000 > parent.record.bandwidth) {
      host.warn(`pfctl: the sum of the child bandwidth higher than parent "${name}"`);
    }
    return true;
  }

  // `eval_bwspec`: whole numbers, so that a percentage of a small rate loses up to 99 bits per second.
  #share(bandwidth: AltqBandwidth, reference: number): number {
    if (bandwidth.absolute > 0) {
      return this.#host.freebsd ? Math.min(bandwidth.absolute, reference) : bandwidth.absolute;
    }
    return bandwidth.percent > 0 ? Math.floor(reference / 100) * bandwidth.percent : 0;
  }

  // `eval_queue_opts`
  #applyOptions(record: AltqRecord, scheduler: SchedulerNode, reference: number): void {
    record.flags = scheduler.flags;
    record.target = scheduler.target;
    record.interval = scheduler.interval;
    const slopes = (curve: AltqCurve | null): AltqSlopes =>
      curve === null
        ? { m1: 0, d: 0, m2: 0 }
        : { m1: this.#share(curve.m1, reference), d: curve.d, m2: this.#share(curve.m2, reference) };
    record.realtime = slopes(scheduler.realtime);
    record.linkshare = slopes(scheduler.linkshare);
    record.upperlimit = slopes(scheduler.upperlimit);
  }

  #evaluateCbq(record: AltqRecord, account: Account): boolean {
    const host = this.#host;
    if (record.priority >= CBQ_PRIORITIES) {
      host.toolLine(`pfctl: priority out of range: max ${CBQ_PRIORITIES - 1}`);
      return false;
    }
    const mtu = this.#mtu(record.interface);
    if (record.parent === "") record.flags = new Set([...record.flags, "root", "wrr"]);
    if (host.freebsd) {
      if (record.flags.has("root")) account.rootClasses++;
      if (record.flags.has("default")) account.defaultClasses++;
    }
    // `cbq_compute_idletime`: of its results only the complaint is ours.
    const nanoseconds = (1 / record.interfaceBandwidth) * 1_000_000_000 * 8;
    const fraction = record.bandwidth === 0 ? 0.0001 : record.bandwidth / record.interfaceBandwidth;
    if ((nanoseconds / fraction) * mtu > INT_MAX) {
      if (record.bandwidth !== 0) {
        const least = formatRate(((nanoseconds * mtu) / INT_MAX) * record.interfaceBandwidth);
        host.warn(`pfctl: queue bandwidth must be larger than ${least}`);
      }
      if (record.bandwidth !== 0 || !host.freebsd) host.warn(`cbq: queue ${record.queue} is too slow!`);
    }
    return true;
  }

  #evaluatePriq(record: AltqRecord, account: Account): boolean {
    const host = this.#host;
    if (record.priority >= PRIQ_PRIORITIES) {
      host.toolLine(`pfctl: priority out of range: max ${PRIQ_PRIORITIES - 1}`);
      return false;
    }
    if (host.freebsd) {
      if (account.priorities.has(record.priority)) {
        host.toolLine(`pfctl: ${record.queue} does not have a unique priority on interface ${record.interface}`);
        return false;
      }
      account.priorities.add(record.priority);
      if (record.flags.has("default")) account.defaultClasses++;
      return true;
    }
    const twin = this.#order.find(
      ({ record: other }) =>
        other.interface === record.interface && other.queue !== "" && other.priority === record.priority,
    );
    if (twin === undefined) return true;
    host.toolLine(`pfctl: ${twin.record.queue} and ${record.queue} have the same priority`);
    return false;
  }

  #evaluateHfsc(record: AltqRecord, account: Account, parent: Account | null): boolean {
    const host = this.#host;
    if (parent === null) {
      record.linkshare = { m1: record.interfaceBandwidth, d: 0, m2: record.interfaceBandwidth };
      return true;
    }
    if (host.freebsd) {
      if (parent.record.flags.has("default")) {
        host.toolLine(`pfctl: adding ${record.queue} would make default queue ${record.parent} not a leaf`);
        return false;
      }
      if (record.flags.has("default")) account.defaultClasses++;
    }
    const { realtime, linkshare, upperlimit } = record;
    if (linkshare.m2 === 0) linkshare.m2 = record.bandwidth;
    const curves = [realtime, linkshare, upperlimit];
    if (curves.some((curve) => curve.m1 > 0 && curve.m2 === 0)) {
      host.toolLine(`pfctl: m2 is zero for ${record.queue}`);
      return false;
    }
    if (curves.some((curve) => curve.m1 < curve.m2 && curve.m1 !== 0)) {
      host.toolLine(`pfctl: m1 must be zero for convex curve: ${record.queue}`);
      return false;
    }
    const sums = host.freebsd ? parent : this.#sumsBeside(record);
    if (realtime.m2 !== 0) {
      sums.realtime.add(realtime);
      // A fifth of the interface is kept back, so that real-time promises can be held.
      const most = Math.floor(record.interfaceBandwidth / 100) * 80;
      if (!sums.realtime.isUnder({ m1: 0, d: 0, m2: most })) {
        host.toolLine(`pfctl: real-time sc exceeds 80% of the interface bandwidth (${formatRate(most)})`);
        return false;
      }
    }
    if (linkshare.m2 !== 0) {
      sums.linkshare.add(linkshare);
      if (!sums.linkshare.isUnder(parent.record.linkshare)) {
        host.toolLine("pfctl: linkshare sc exceeds parent's sc");
        return false;
      }
    }
    if (upperlimit.m2 !== 0) {
      if (upperlimit.m1 > record.interfaceBandwidth || upperlimit.m2 > record.interfaceBandwidth) {
        host.toolLine("pfctl: upper-limit larger than interface bandwidth");
        return false;
      }
      if (realtime.m2 !== 0 && realtime.m2 > upperlimit.m2) {
        host.toolLine("pfctl: upper-limit sc smaller than real-time sc");
        return false;
      }
    }
    return true;
  }

  // 4.6 family: real-time curves of the whole interface, link shares of the same parent, added up anew.
  #sumsBeside(record: AltqRecord): { realtime: CurveSum; linkshare: CurveSum } {
    const realtime = new CurveSum();
    const linkshare = new CurveSum();
    for (const { record: other } of this.#order) {
      if (other.interface !== record.interface || other.queue === "") continue;
      if (record.realtime.m2 !== 0 && other.realtime.m2 !== 0) realtime.add(other.realtime);
      if (other.parent !== record.parent) continue;
      if (record.linkshare.m2 !== 0 && other.linkshare.m2 !== 0) linkshare.add(other.linkshare);
    }
    return { realtime, linkshare };
  }

  #evaluateFairq(record: AltqRecord, account: Account, parent: Account | null): boolean {
    const host = this.#host;
    if (parent === null) {
      record.linkshare = { m1: record.interfaceBandwidth, d: 0, m2: record.interfaceBandwidth };
      return true;
    }
    if (parent.record.flags.has("default")) {
      host.toolLine(`pfctl: adding ${record.queue} would make default queue ${record.parent} not a leaf`);
      return false;
    }
    if (record.flags.has("default")) account.defaultClasses++;
    if (record.linkshare.m2 === 0) record.linkshare.m2 = record.bandwidth;
    if (record.linkshare.m2 === 0) return true;
    parent.linkshare.add(record.linkshare);
    if (parent.linkshare.isUnder(parent.record.linkshare)) return true;
    host.toolLine("pfctl: link-sharing sc exceeds parent's sc");
    return false;
  }

  #mtu(name: string): number {
    const mtu = this.#host.mtu(name);
    if (mtu !== null && mtu > 0) return mtu;
    if (mtu !== null) {
      this.#host.warn(`pfctl: could not get mtu for ${name}, assuming 1500`);
      return 1500;
    }
    if (this.#host.freebsd) return 1500;
    return this.#host.fatal(
      `SIOCGIFMTU: ${NO_INTERFACE}`,
      "pf/unknown-interface",
      `This machine has no interface ${name}, so its MTU is not known.`,
    );
  }
}

/** strerror(ENXIO). */
const NO_INTERFACE = "Device not configured";

function emptyRecord(): AltqRecord {
  return {
    interface: "",
    scheduler: null,
    queue: "",
    parent: "",
    interfaceBandwidth: 0,
    bandwidth: 0,
    priority: 0,
    limit: 0,
    tbrSize: 0,
    flags: new Set(),
    realtime: { m1: 0, d: 0, m2: 0 },
    linkshare: { m1: 0, d: 0, m2: 0 },
    upperlimit: { m1: 0, d: 0, m2: 0 },
    target: 0,
    interval: 0,
  };
}

function writtenOf(options: QueueOptionsNode): AltqWritten {
  return {
    bandwidth: options.bandwidth,
    realtime: options.scheduler.realtime,
    linkshare: options.scheduler.linkshare,
    upperlimit: options.scheduler.upperlimit,
  };
}

function toAltq(record: AltqRecord, options: QueueOptionsNode, origin: Origin | null): Altq {
  const curve = (slopes: AltqSlopes, written: AltqCurve | null) =>
    slopes.m2 === 0
      ? null
      : {
          m1: slopes.m1,
          m1Percent: written?.m1.percent ?? 0,
          d: slopes.d,
          m2: slopes.m2,
          m2Percent: written?.m2.percent ?? 0,
        };
  const scheduler = options.scheduler;
  return {
    interface: record.interface,
    scheduler: record.scheduler ?? "cbq",
    queue: record.queue === "" ? null : record.queue,
    parent: record.parent === "" ? null : record.parent,
    interfaceBandwidth: record.interfaceBandwidth,
    bandwidth: record.bandwidth,
    bandwidthPercent: options.bandwidth.absolute > 0 ? 0 : options.bandwidth.percent,
    priority: record.priority,
    limit: record.limit,
    tbrSize: record.tbrSize,
    flags: [...record.flags],
    realTime: curve(record.realtime, scheduler.realtime),
    linkShare: curve(record.linkshare, scheduler.linkshare),
    upperLimit: curve(record.upperlimit, scheduler.upperlimit),
    buckets: scheduler.buckets,
    hogs: scheduler.hogs?.absolute ?? 0,
    target: record.target,
    interval: record.interval,
    origin,
  };
}
