/** The server's REST interface, as far as the page uses it. */

import { decode, type Frame } from './frame';
import type { Problem } from './protocol';
import type { Boot, Catalog, PresetDetail } from './rest';
import { CONNECTION_LOST, Refusal } from './stream';

/**
 * Ask the server.
 *
 * @throws Refusal with the server's reason, or when it can't be reached.
 */
export async function ask(path: string, how: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, how);
  } catch {
    throw new Refusal(CONNECTION_LOST);
  }
  if (!response.ok) throw new Refusal(await readProblem(response));
  return response;
}

async function readProblem(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    // A proxy in between answers with a page of its own.
    return { ...CONNECTION_LOST, value: String(response.status) };
  }
}

/** What the server embedded in the page. */
export function readBoot(): Boot | null {
  const text = document.getElementById('boot')?.textContent ?? '';
  return text.trim() === '' ? null : (JSON.parse(text) as Boot);
}

export async function fetchCatalog(): Promise<Catalog> {
  return (await (await ask('/api/catalog')).json()) as Catalog;
}

export async function fetchPreset(name: string): Promise<PresetDetail> {
  return (await (await ask(`/api/presets/${encodeURIComponent(name)}`)).json()) as PresetDetail;
}

/** Samples as a frame: tensor 0 raw inputs, 1 targets, 2 sample numbers. */
async function fetchFrame(path: string): Promise<Frame> {
  return decode(await (await ask(path)).arrayBuffer());
}

export function fetchSamples(
  session: string,
  part: 'training' | 'validation',
  offset: number,
  count: number,
): Promise<Frame> {
  const query = `part=${part}&offset=${offset}&count=${count}`;
  return fetchFrame(`/api/sessions/${encodeURIComponent(session)}/samples?${query}`);
}

export function fetchSourceSamples(kind: string, count: number): Promise<Frame> {
  return fetchFrame(`/api/sources/${encodeURIComponent(kind)}/samples?count=${count}`);
}
