/** The queue tree: `pfctl_check_qassignments`, `pfctl_find_childqs` and `pfctl_load_queues`. */
import type { PendingQueue } from "../read/queues.ts";
import type { Reader } from "../read/reader.ts";
import type { Anchor, QueueSpec } from "../rule.ts";

/** Beyond this many matches of one queue pfctl suspects a loop. */
const MATCH_LIMIT = 10_000;

/** Puts the queues under their parents, checks what rules are assigned to, and lists the tree. */
export function buildQueues(reader: Reader): boolean {
  const queues = new QueueTree(reader);
  if (!queues.check()) return false;
  queues.list();
  return true;
}

class QueueTree {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  #exit(queue: PendingQueue, tool: string, code: string, message: string): never {
    const origin = queue.spec.origin;
    if (origin !== null) {
      this.#reader.takenStart = origin.span.start;
      this.#reader.takenEnd = origin.span.end;
      this.#reader.takenSource = origin.source;
    }
    return this.#reader.fatal(tool, code, message);
  }

  check(): boolean {
    const reader = this.#reader;
    for (const root of reader.rootQueues) {
      const hasDefault = this.#findChildren(root, 0);
      if (!root.rootClass && root.children.length > 0) {
        if (root.spec.flows > 0) {
          this.#exit(
            root,
            `root queue ${root.spec.name} doesn't support hierarchy`,
            "pf/queue-tree",
            `The root queue \`${root.spec.name}\` has flows and no bandwidth, so it cannot have children.`,
          );
        }
        this.#exit(
          root,
          `no bandwidth was specified for root queue ${root.spec.name}`,
          "pf/queue-without-bandwidth",
          `The root queue \`${root.spec.name}\` has children and needs a bandwidth.`,
        );
      }
      if (root.rootClass && !hasDefault) {
        this.#exit(
          root,
          "no default queue specified",
          "pf/no-default-queue",
          `Under the root queue \`${root.spec.name}\` no queue is marked \`default\`.`,
        );
      }
    }
    return this.#checkAssignments();
  }

  // Returns whether this queue or one below it is the default queue.
  #findChildren(queue: PendingQueue, depth: number): boolean {
    const { spec } = queue;
    let hasDefault = spec.default;
    const loop = (): never =>
      this.#exit(
        queue,
        "pfctl_find_childqs: excessive matches, loop?",
        "pf/queue-tree",
        `The queue \`${spec.name}\` is its own ancestor.`,
      );
    if (depth > 200) loop();
    for (const child of this.#reader.childQueues) {
      if (child.spec.parent !== spec.name) continue;
      if (child.spec.interface !== null && child.spec.interface !== spec.interface) continue;
      if (++child.matches > MATCH_LIMIT) loop();
      const existing = queue.children.find((it) => it.spec.name === child.spec.name);
      if (existing === undefined) {
        queue.children.push({ spec: child.spec, rootClass: child.rootClass, children: [], matches: 0 });
      } else {
        if (existing.spec.interface !== null && child.spec.interface !== null) {
          this.#exit(
            child,
            `queue ${existing.spec.name} on ${existing.spec.interface} respecified`,
            "pf/duplicate-queue",
            `The queue \`${existing.spec.name}\` is defined twice for ${existing.spec.interface}.`,
          );
        }
        if (existing.spec.interface === null && child.spec.interface === null) {
          this.#exit(
            child,
            `queue ${existing.spec.name} respecified`,
            "pf/duplicate-queue",
            `The queue \`${existing.spec.name}\` is defined twice.`,
          );
        }
        // One that names the interface beats one that does not.
        if (existing.spec.interface === null) existing.spec = child.spec;
      }
    }
    for (const child of queue.children) if (this.#findChildren(child, depth + 1)) hasDefault = true;
    if (queue.children.length > 0) {
      if (spec.default) {
        this.#exit(
          queue,
          `default queue ${spec.name} is not a leaf queue`,
          "pf/queue-not-leaf",
          `The default queue \`${spec.name}\` has children; packets only go to queues without.`,
        );
      }
      if (spec.flows > 0) {
        this.#exit(
          queue,
          `flow queue ${spec.name} is not a leaf queue`,
          "pf/queue-not-leaf",
          `The queue of flows \`${spec.name}\` has children; only queues without can have flows.`,
        );
      }
    }
    return hasDefault;
  }

  #checkAssignments(): boolean {
    const reader = this.#reader;
    const inner = new Set<string>();
    // pfctl means all inner queues, but looks at copies that never get children: only root queues are noticed.
    for (const queue of reader.rootQueues) if (queue.children.length > 0) inner.add(queue.spec.name);
    if (inner.size === 0) return true;
    let fine = true;
    const stack: Anchor[] = [reader.main.anchor];
    for (let anchor = stack.pop(); anchor !== undefined; anchor = stack.pop()) {
      for (const rule of anchor.filter) {
        for (const name of rule.queue ?? []) {
          if (name === null || !inner.has(name)) continue;
          reader.textAlways(`queue ${name}: packets must be assigned to leaf queues only`);
          reader.report(
            "pf/queue-not-leaf",
            "error",
            `The queue \`${name}\` has children; packets only go to queues without.`,
            rule.origin?.span.start ?? 0,
            rule.origin?.span.end ?? 0,
          );
          fine = false;
          break;
        }
      }
      stack.push(...anchor.children.values());
    }
    return fine;
  }

  list(): void {
    const reader = this.#reader;
    for (const queue of reader.childQueues) {
      if (queue.matches === 0) {
        this.#exit(
          queue,
          `queue ${queue.spec.name}: parent ${queue.spec.parent} not found`,
          "pf/unknown-queue",
          `The parent \`${queue.spec.parent}\` of the queue \`${queue.spec.name}\` does not exist on its interface.`,
        );
      }
      const { linkShare } = queue.spec;
      if (linkShare === null || (linkShare.rate.value === 0 && (linkShare.burst?.value ?? 0) === 0)) {
        this.#exit(
          queue,
          `queue ${queue.spec.name}: no bandwidth was specified`,
          "pf/queue-without-bandwidth",
          `The queue \`${queue.spec.name}\` has a parent and needs a bandwidth.`,
        );
      }
    }
    // pfctl takes each root out and puts it back in front: the walk sees them in order all the same.
    for (const root of reader.rootQueues) this.#emit(root, root.spec.interface);
  }

  #emit(queue: PendingQueue, interfaceName: string | null): void {
    const spec: QueueSpec = { ...queue.spec, interface: interfaceName };
    this.#reader.configuration.queues.push(spec);
    if (this.#reader.options.verbose > 0) this.#reader.events.push({ kind: "queue", queue: spec });
    for (const child of queue.children) this.#emit(child, interfaceName);
  }
}
