/** The parts of an http or https URL, as far as a configuration needs them. No URL class: this runs anywhere. */
const SHAPE =
  /^https?:\/\/(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))(?::(\d{1,5}))?(?:[/?#][^\s"'<>\\^`{|}]*)?$/i;

/** Host of a URL of the web, in lower case and without brackets; null when it is none. */
export function webHost(text: string): string | null {
  const found = SHAPE.exec(text);
  if (found === null || Number(found[3] ?? 80) > 65_535) return null;
  return (found[1] ?? found[2] ?? "").toLowerCase();
}
