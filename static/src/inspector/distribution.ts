/** How numbers are spread: counts of a histogram and a few figures. */

export interface Distribution {
  /** How many numbers fall into each of equally wide bins from −`reach` to +`reach`. */
  counts: Uint32Array;
  reach: number;
  least: number;
  most: number;
  mean: number;
  /** Standard deviation. */
  spread: number;
  /** Numbers that are not finite. */
  broken: number;
}

const SMALLEST_REACH = 1e-9;

/** The distribution of `data`, in `bins` bins on both sides of zero. */
export function distributionOf(data: ArrayLike<number>, bins: number): Distribution {
  const counts = new Uint32Array(bins);
  let [least, most, sum, squares, broken] = [Infinity, -Infinity, 0, 0, 0];
  for (let at = 0; at < data.length; at += 1) {
    const value = data[at] ?? NaN;
    if (!Number.isFinite(value)) {
      broken += 1;
      continue;
    }
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
    squares += value * value;
  }
  const count = data.length - broken;
  if (count === 0) return { counts, reach: 1, least: NaN, most: NaN, mean: NaN, spread: NaN, broken };
  const reach = Math.max(Math.abs(least), Math.abs(most), SMALLEST_REACH);
  for (let at = 0; at < data.length; at += 1) {
    const value = data[at] ?? NaN;
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(bins - 1, Math.floor(((value / reach + 1) / 2) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const mean = sum / count;
  return { counts, reach, least, most, mean, spread: Math.sqrt(Math.max(0, squares / count - mean * mean)), broken };
}

/** Positions of the `count` numbers with the largest magnitudes, largest first. */
export function strongest(data: ArrayLike<number>, count: number): number[] {
  const places = Array.from({ length: data.length }, (_, at) => at);
  places.sort((left, right) => Math.abs(data[right] ?? 0) - Math.abs(data[left] ?? 0));
  return places.slice(0, count);
}
