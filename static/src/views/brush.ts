/** Moving something by arrow keys over a square. */

/** How far one key press goes, as a share of the side. */
export const STEP_SHARE = 1 / 32;

const DIRECTIONS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where `key` moves `from` to, kept inside the square; null for a key that moves nothing. */
export function moveBrush(
  from: { x: number; y: number },
  key: string,
  step: number,
  side: number,
): { x: number; y: number } | null {
  const direction = DIRECTIONS[key];
  if (direction === undefined) return null;
  const inside = (value: number): number => Math.min(side, Math.max(0, value));
  return { x: inside(from.x + direction[0] * step), y: inside(from.y + direction[1] * step) };
}
