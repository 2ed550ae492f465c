/** A table whose columns are as wide as their widest cell. The first row is the head. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((cells, row) => {
    const line = cells.map(
      (cell, column) => paint(cell, row, column) + " ".repeat((widths[column] ?? 0) - cell.length),
    );
    return `  ${line.join("  ").trimEnd()}`;
  });
}
