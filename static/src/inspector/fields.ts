/** Numbers in fields that are typed into: plain digits both ways, whatever the language. */

const DIGITS = 4;
const LARGEST = 1e6;

/** A number as a field shows it. */
export function fieldText(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}

/** The number that a field says, with either minus sign; `null` when it says none that can be set. */
export function parseField(text: string): number | null {
  const value = text.trim() === '' ? NaN : Number(text.trim().replace('−', '-'));
  return Number.isFinite(value) && Math.abs(value) <= LARGEST ? value : null;
}

/** The text after one step up or down: a tenth, or a tenth of a smaller number's last place. */
export function nudged(text: string, direction: number): string {
  const value = parseField(text) ?? 0;
  const step = Math.abs(value) >= 1 || value === 0 ? 0.1 : 10 ** Math.floor(Math.log10(Math.abs(value))) / 10;
  return fieldText(value + direction * step);
}
