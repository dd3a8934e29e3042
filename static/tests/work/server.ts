/** The server's REST interface to somebody's runs, as far as the tests need it. */

import type { Problem } from '../../src/lib/protocol';
import type { WorkItem } from '../../src/lib/rest';

export const itemOf = (session: string, changes: Partial<WorkItem> = {}): WorkItem => ({
  session,
  title: `Run ${session}`,
  created: 0,
  used: 100,
  step: 7,
  epoch: 1,
  status: 'paused',
  bytes: 1200,
  ...changes,
});

export const problemOf = (code: string): Problem => ({
  code,
  where: 'run',
  message: { en: `It is ${code}.`, zh: `问题：${code}。` },
  hint: { en: 'Do otherwise.', zh: '请换一种做法。' },
  value: null,
  allowed: null,
});

/** Answers `fetch`; `refusal` stands for whatever it may object to. */
export class FakeServer {
  asked: string[] = [];
  bodies: unknown[] = [];
  refusal: Problem | null = null;
  isReachable = true;

  constructor(public items: WorkItem[]) {}

  readonly fetch = (address: string, how: RequestInit = {}): Promise<Response> => {
    this.asked.push(`${how.method ?? 'GET'} ${address}`);
    this.bodies.push(how.body);
    if (!this.isReachable) return Promise.reject(new TypeError('offline'));
    if (this.refusal !== null) return Promise.resolve(Response.json(this.refusal, { status: 403 }));
    return Promise.resolve(this.#answer(how.method ?? 'GET', address, how.body));
  };

  #answer(method: string, address: string, body: unknown): Response {
    const [, , , session = '', action] = address.split('/');
    if (method === 'GET') return Response.json(this.items);
    if (method === 'DELETE') return new Response(null, { status: 204 });
    const found = this.items.find((item) => item.session === session);
    if (method === 'PATCH') {
      return Response.json({ ...found, ...(JSON.parse(String(body)) as object), used: 500 });
    }
    const id = action === 'open' ? session : `${session}-new`;
    const work = itemOf(id, { used: 900 });
    return Response.json({ session: id, token: `token of ${id}`, work }, { status: 201 });
  }
}
