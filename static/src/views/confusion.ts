/** Counting which class is taken for which. */

/** `counts[true class][predicted class]`; samples whose class is unknown (−1) are left out. */
export function confuse(truth: readonly number[], guesses: readonly number[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [index, answer] of truth.entries()) {
    const row = counts[answer];
    const guess = guesses[index];
    if (row !== undefined && guess !== undefined && guess < classes) row[guess] = (row[guess] ?? 0) + 1;
  }
  return counts;
}
