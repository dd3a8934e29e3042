/** The server's REST interface to a visitor's runs. */

import { ask } from '../lib/api';
import type { OpenedWork, Rename, WorkItem } from '../lib/rest';

const addressOf = (session: string): string => `/api/work/${encodeURIComponent(session)}`;

/** Where a run lies as a file. */
export const runAddress = (session: string): string => `${addressOf(session)}/run`;

export async function fetchWork(): Promise<WorkItem[]> {
  return (await (await ask('/api/work')).json()) as WorkItem[];
}

export async function renameWork(session: string, change: Rename): Promise<WorkItem> {
  const headers = { 'Content-Type': 'application/json' };
  const how = { method: 'PATCH', headers, body: JSON.stringify(change) };
  return (await (await ask(addressOf(session), how)).json()) as WorkItem;
}

export async function openWork(session: string): Promise<OpenedWork> {
  return (await (await ask(`${addressOf(session)}/open`, { method: 'POST' })).json()) as OpenedWork;
}

export async function copyWork(session: string): Promise<OpenedWork> {
  return (await (await ask(`${addressOf(session)}/copy`, { method: 'POST' })).json()) as OpenedWork;
}

export async function deleteWork(session: string): Promise<void> {
  await ask(addressOf(session), { method: 'DELETE' });
}

export async function importRun(file: Blob): Promise<OpenedWork> {
  const how = { method: 'POST', headers: { 'Content-Type': 'application/zip' }, body: file };
  return (await (await ask('/api/work/run', how)).json()) as OpenedWork;
}
