import { type Features, OPEN } from "./features.ts";

/**
 * One form of rule: which fields are open and how long the networks are. All rules of a form have their keys in one
 * map, so that asking whether any of them covers a rule is one look-up.
 */
interface Form {
  readonly open: number;
  readonly from: number;
  readonly to: number;
  readonly first: Map<number | string, number>;
  /** Combinations as they look when this form's open fields are opened. */
  readonly opened: Map<number, number>;
}

// Network lengths are 0 (any) to 128; an address that is no network covers only itself.
const NO_NETWORK = 200;

/**
 * Removes rules that another rule of the block covers, and the later ones of equal rules
 * (`remove_identical_rules`). pfctl compares every pair; as covering is transitive, what is left in the end is
 * each rule that no other covers, and that can be asked of each rule alone.
 *
 * @param rows rows of `features`, in order
 */
export function withoutCovered(rows: readonly number[], features: Features): number[] {
  const companies = new Map<number, number[]>();
  for (const row of rows) {
    const company = features.company[row] as number;
    const members = companies.get(company);
    if (members === undefined) companies.set(company, [row]);
    else members.push(row);
  }
  const covered = new Set<number>();
  for (const members of companies.values()) if (members.length > 1) findCovered(members, features, covered);
  return covered.size === 0 ? [...rows] : rows.filter((row) => !covered.has(row));
}

function findCovered(rows: readonly number[], features: Features, covered: Set<number>): void {
  const addresses = features.addressCount;
  const numeric = features.combinationCount * addresses * addresses < Number.MAX_SAFE_INTEGER;
  const keyOf = (combination: number, from: number, to: number): number | string =>
    numeric ? (combination * addresses + from) * addresses + to : `${combination} ${from} ${to}`;

  const forms = new Map<number, Form>();
  const formOfRow: Form[] = [];
  for (const row of rows) {
    const open = features.open[row] as number;
    const from = formOf(features, features.from[row] as number);
    const to = formOf(features, features.to[row] as number);
    const id = (open * 256 + from) * 256 + to;
    let form = forms.get(id);
    if (form === undefined) {
      form = { open, from, to, first: new Map(), opened: new Map() };
      forms.set(id, form);
    }
    formOfRow.push(form);
    const combination = features.combination[row] as number;
    const key = keyOf(combination, features.from[row] as number, features.to[row] as number);
    if (form.first.has(key)) covered.add(row);
    else form.first.set(key, row);
  }
  if (forms.size === 1) return;

  const wider = new Map<Form, Form[]>();
  for (const form of forms.values()) {
    const list: Form[] = [];
    for (const other of forms.values()) if (other !== form && mayCover(other, form)) list.push(other);
    if (list.length > 0) wider.set(form, list);
  }
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const form = formOfRow[i] as Form;
    const list = wider.get(form);
    if (list === undefined || covered.has(row)) continue;
    for (const other of list) {
      const from = addressWithin(features, row, features.from[row] as number, form.from, other, other.from, form, true);
      if (from < 0) continue;
      const to = addressWithin(features, row, features.to[row] as number, form.to, other, other.to, form, false);
      if (to < 0) continue;
      const combination = opened(other, features.combination[row] as number, features);
      if (combination >= 0 && other.first.has(keyOf(combination, from, to))) {
        covered.add(row);
        break;
      }
    }
  }
}

function formOf(features: Features, address: number): number {
  const length = features.length(address);
  return length < 0 ? NO_NETWORK : length;
}

function mayCover(wide: Form, narrow: Form): boolean {
  if ((narrow.open & ~wide.open) !== 0) return false;
  return mayContain(wide.from, narrow.from) && mayContain(wide.to, narrow.to);
}

function mayContain(wide: number, narrow: number): boolean {
  return wide === 0 || wide === narrow || (narrow !== NO_NETWORK && wide < narrow);
}

// The address that the wider rule must have to contain this one; -1 when none will do (`exclude_supersets`).
function addressWithin(
  features: Features,
  row: number,
  address: number,
  length: number,
  wide: Form,
  wideLength: number,
  narrow: Form,
  isFrom: boolean,
): number {
  if (wideLength === length) return address;
  const rule = features.rules[row];
  const negated = isFrom ? rule?.from.negated === true : rule?.to.negated === true;
  if (wideLength === 0 && !negated) return 0;
  // One network inside another counts within one family only, which pfctl looks at before it opens the family.
  if (length === NO_NETWORK || ((wide.open ^ narrow.open) & OPEN.family) !== 0) return -1;
  return wideLength === 0 ? 0 : features.network(address, wideLength);
}

function opened(form: Form, combination: number, features: Features): number {
  let result = form.opened.get(combination);
  if (result === undefined) {
    result = features.opened(combination, form.open);
    form.opened.set(combination, result);
  }
  return result;
}
