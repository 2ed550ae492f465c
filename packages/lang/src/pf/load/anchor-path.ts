/** `pf_anchor_setup`: where a call leads. */
export function anchorCall(
  parentPath: string,
  name: string,
): { name: string; path: string; wildcard: boolean; inline: false } {
  let path = name;
  if (path.startsWith("/")) path = path.replace(/^\/+/, "");
  else {
    let base = parentPath;
    while (path.startsWith("../")) {
      const slash = base.lastIndexOf("/");
      base = slash === -1 ? "" : base.slice(0, slash);
      path = path.slice(3);
    }
    if (base !== "") path = `${base}/${path}`;
  }
  const wildcard = path === "*" || path.endsWith("/*");
  if (wildcard) path = path === "*" ? "" : path.slice(0, -2);
  return { name, path, wildcard, inline: false };
}
