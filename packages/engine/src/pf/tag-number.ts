import type { LoadedRule } from "./loaded-rule.ts";

/**
 * Numbers of tag names (`tagname2tag()`): the lowest that is free, given when a rule is the first to name the tag, and
 * taken back with the last rule that does. They matter in one place, see {@link TagNumbers.syncookie}.
 */
export class TagNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #uses: number[] = [];
  readonly #names: (string | null)[] = [];

  /**
   * What pf marks the SYN with that a syncookie stands for (`PF_TAG_SYNCOOKIE_RECREATED`). The kernel writes it where the
   * number of the packet's tag is: the SYN has the tag with this number, if there is one, and packets whose tag has a
   * number with this bit are never answered with a cookie.
   */
  static readonly syncookie = 2;

  numberOf(name: string | null): number {
    return name === null ? 0 : (this.#numbers.get(name) ?? 0);
  }

  nameOf(number: number): string | null {
    return this.#names[number] ?? null;
  }

  /** A rule comes to the kernel. */
  add({ rule }: LoadedRule): void {
    if (rule.tag !== null) this.#take(rule.tag);
    if (rule.tagged !== null) this.#take(rule.tagged);
  }

  /** A rule goes. */
  remove({ rule }: LoadedRule): void {
    if (rule.tag !== null) this.#release(rule.tag);
    if (rule.tagged !== null) this.#release(rule.tagged);
  }

  #take(name: string): void {
    let number = this.#numbers.get(name) ?? 0;
    if (number === 0) {
      number = 1;
      while (this.#names[number] != null) number++;
      this.#names[number] = name;
      this.#uses[number] = 0;
      this.#numbers.set(name, number);
    }
    this.#uses[number] = (this.#uses[number] ?? 0) + 1;
  }

  #release(name: string): void {
    const number = this.#numbers.get(name) ?? 0;
    if (number === 0) return;
    const uses = (this.#uses[number] ?? 0) - 1;
    this.#uses[number] = uses;
    if (uses > 0) return;
    this.#numbers.delete(name);
    this.#names[number] = null;
  }
}
