/** A whole experiment in the fragment of an address: `#e=` and base64url of deflated JSON. */

import type { Experiment } from './experiment';
import type { Words } from './protocol';

const PREFIX = '#e=';
/** Longer addresses break in mail and chat programs, and some servers refuse them. */
export const LONGEST_FRAGMENT = 32_000;
/** A small fragment can inflate to gigabytes; nothing honest comes near this. */
export const MOST_INFLATED_BYTES = 1_000_000;

/** A link that can't be made or opened; `words` says why to the visitor. */
export class ShareError extends Error {
  constructor(readonly words: Words) {
    super(words.en);
  }
}

const TOO_LARGE: Words = {
  en: 'This experiment is too large for a link (its hand-drawn points, most likely).',
  zh: '这个实验太大，放不进链接（多半是手绘的点太多）。',
};
const BROKEN: Words = {
  en: 'This link is damaged or incomplete. The usual example was opened instead.',
  zh: '这个链接已损坏或不完整，已改为打开默认示例。',
};
const NOT_AN_EXPERIMENT: Words = {
  en: 'This link holds no experiment of this version. The usual example was opened instead.',
  zh: '这个链接里没有当前版本可用的实验，已改为打开默认示例。',
};

/** What comes out of `stream` when `bytes` go in, refused beyond `most` bytes. */
async function throughStream(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter();
  // Bytes that can't be inflated fail the reading below, too; here they would fail unheard.
  const unheard = (): undefined => undefined;
  writer.closed.catch(unheard);
  void writer.write(bytes).then(() => writer.close()).catch(unheard);
  const reader = stream.readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts, length);
    length += value.length;
    parts.push(value);
    if (length > most) {
      await reader.cancel();
      throw new ShareError(BROKEN);
    }
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const decoded = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
}

/**
 * The fragment that holds `experiment`.
 *
 * @throws ShareError when it would be too long.
 */
export async function toFragment(experiment: Experiment): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(experiment));
  const packed = await throughStream(bytes, new CompressionStream('deflate-raw'), Infinity);
  const fragment = PREFIX + toBase64Url(packed);
  if (fragment.length > LONGEST_FRAGMENT) throw new ShareError(TOO_LARGE);
  return fragment;
}

/** True when an address carries an experiment. */
export function isShared(fragment: string): boolean {
  return fragment.startsWith(PREFIX);
}

/**
 * The experiment in `fragment`; the server checks its contents.
 *
 * @throws ShareError when it is damaged, too large or something else.
 */
export async function fromFragment(fragment: string): Promise<Experiment> {
  if (!isShared(fragment) || fragment.length > LONGEST_FRAGMENT) throw new ShareError(BROKEN);
  let found: unknown;
  try {
    const packed = fromBase64Url(fragment.slice(PREFIX.length));
    const bytes = await throughStream(packed, new DecompressionStream('deflate-raw'), MOST_INFLATED_BYTES);
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ShareError(BROKEN);
  }
  if (!looksLikeExperiment(found)) throw new ShareError(NOT_AN_EXPERIMENT);
  return found;
}

function looksLikeExperiment(found: unknown): found is Experiment {
  if (typeof found !== 'object' || found === null) return false;
  const { version, graph, data } = found as Partial<Experiment>;
  return version === 1 && Array.isArray(graph?.nodes) && Array.isArray(graph.edges) && typeof data?.source?.kind === 'string';
}
